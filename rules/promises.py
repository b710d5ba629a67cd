"""Promises to pay: what the customer commits to, how much, by when and on what condition.

A promise needs a commitment. 明天还不了, 尽量 and 再说 are none; 我想还 is a wish; 能不能晚点还 asks. It need not be
said by one side alone: 那周五还三千行吗, 行 is a promise, and 礼拜五吧 is one where the collector had asked when.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from asr.transcript import Transcript
from rules.commitments import commitments, proposals
from rules.dates import BEGINNINGS, find_days
from rules.naming import names_hour
from rules.offers import (
    agreed,
    beside,
    beside_the_question,
    chosen,
    haggles,
    offers_in,
    only_asks,
    read_back,
    restated,
)
from rules.owed import (
    all_at_once,
    asks_for_all,
    first_of,
    half_of,
    left_of,
    lessened,
    names_part,
    reduced,
    spared_in,
    sum_of_all,
    sums_in,
    taken_up,
    unreduced,
)
from rules.paying import NAMED, NO, PAYING
from rules.payments import Payment
from rules.plans import Promise, agree, debts_in, joined, parts, promised, same, speaks_of_more, speaks_of_rest
from rules.replies import WAGES, accepted, answer, correction, counter, half_offered, says_yes, waits_for_wages
from rules.text import fold
from rules.withdrawal import takes_back

#: How far apart, in utterances, two halves of one promise may be: 今天晚上就还 … 那我全部还清三千七.
_SAME_PROMISE = 4

#: An agent's restatement belongs to a promise made at most so many utterances before.
_RESTATED_WITHIN = 4

#: How many utterances on 具体几号 still asks when he will pay.
_TOPIC = 6

#: How many characters of what the agent said before his last words are still answered.
_ASKED = 300

#: What is written down of a call may begin in the middle of it: nothing yet says that it does not.
_UNTOLD = -1

#: To read days by when the day of the call is not known; what comes of it is not shown.
_ANY_DAY = date(2000, 1, 1)

#: What every day, sum, hour and share has one of.
_NAMES = re.compile(f"[{BEGINNINGS}零百千万点额全部最低]")

#: What is spoken of besides paying that makes it the topic, and how a call begins, where it is not yet.
_OWED = re.compile("欠|逾期|账单|解决|处理")
_GREETS = re.compile("^(?:喂|您好|你好)|哪位|本人吗")

#: 1，500 as some recognisers write it.
_GROUPED = re.compile(r"(?<=\d)，(?=\d{3}(?!\d))")

#: He has not answered yet.
_THINKS = re.compile(  # one way to read it: what may be 想 and 想 or 想想 would be tried in as many ways as there are
    r"(?>嗯|呃|额|啊|哦|那个|这个|我?(?:再)?(?:想想?|看看?)(?:一下|啊|吧|哈)?|等一?下|稍等|喂|[，。,.…\s])+"
)

#: Next week without its day, and a day without its week.
_NEXT_WEEK = re.compile("下个?(?:周|星期|礼拜)(?![一二三四五六日天末])")
_WEEK = re.compile("[这本下]个?(?:周|星期|礼拜)")
_WEEKDAY = re.compile("(?<![这本下上个每])(?:周|星期|礼拜)[一二三四五六日天]")
_TODAY = re.compile("今|现在|马上|立刻|立马|这就|等会|待会|等下|一会")


def find_promises(transcript: Transcript, call_date: date | None) -> list[Promise]:
    """Every promise in the order it was made; the last one is what the call ends on.

    `call_date` is the day of the call, against which 明天 and 下周五 are read; where it is not known, the promised day
    is not either. An agent's restatement (好的, 星期五还五千元, 是吗) counts when it follows the customer's promise.
    """
    return _dated(_talk(transcript, call_date or _ANY_DAY).promises, call_date)


def find_withdrawn(transcript: Transcript, call_date: date | None) -> list[Promise]:
    """The promises that the customer took back before the call was over, so that none stood; as `find_promises`."""
    return _dated(_talk(transcript, call_date or _ANY_DAY).withdrawn, call_date)


def _dated(promises: Sequence[Promise], call_date: date | None) -> list[Promise]:
    return [promise if call_date else replace(promise, date=None) for promise in promises]


@lru_cache(maxsize=1)  # whoever judges a call asks for what was promised, for what was withdrawn, and once more
def _talk(transcript: Transcript, today: date) -> "_Talk":
    talk = _Talk(today)
    for at, said in enumerate(transcript.utterances):
        if said.speaker == "agent":
            talk.agent(at, said.text)
        else:
            talk.customer(at, said.text)
    return talk


@dataclass(slots=True)
class _Talk:
    """The conversation so far: what was promised, and what hangs in the air."""

    today: date
    promises: list[Promise] = field(default_factory=list)
    withdrawn: list[Promise] = field(default_factory=list)
    standing: list[int] = field(default_factory=list)  # the places of the last promise and the rest of its plan
    spoken_of: int = 0  # the utterance that last said something of the last promise
    asked: str = ""  # what the agent has said since the customer last spoke
    proposed: list[Promise] = field(default_factory=list)  # by the customer, waiting for the agent's yes
    refused: Promise | None = None  # what he proposed and the agent did not agree to
    topic: int | None = _UNTOLD  # the utterance that last spoke of paying; none in a call that only begins
    next_week: int | None = None  # the utterance that last spoke of next week, so that 周三 is that of then
    payday: date | None = None
    waits: int | None = None  # the utterance in which he last said that he pays when he is paid
    sums: dict[str, Decimal] = field(default_factory=dict)  # what the agent said is owed
    ours: set[str] = field(default_factory=set)  # the debts he called by their names
    told: dict[str, Decimal] = field(default_factory=dict)  # and what of it in his last words
    spared: Decimal = Decimal(0)  # what `sums` are already less by

    def agent(self, at: int, text: str) -> None:
        """Take in what the agent says: a yes to the customer's proposal, a restatement, an offer."""
        said = fold(text)
        if self.proposed and agreed(said):
            self._add(self.proposed)
        if self.promises and at - self.spoken_of <= _RESTATED_WITHIN:
            self._add([promised(at, text, payment) for payment in self._repeated(said)])
        self.refused = self.proposed[-1] if self.proposed else None
        self.proposed = []
        if len(self.asked) > _ASKED:
            self.asked = self.asked[self.asked.index("。", -_ASKED) + 1 :]
        self.asked = reduced(f"{self.asked}{said}。", self.today)
        self._remember_week(at, said)
        self._remember_topic(at, said)
        self.ours |= debts_in(said)
        self._remember_sums(said)

    def customer(self, at: int, text: str) -> None:
        """Take in what the customer says: a commitment, a yes to the agent's offer, an answer to when or how much."""
        said = unreduced(_GROUPED.sub(",", fold(text)))
        if not said.strip("，。,.!！ "):
            return
        self._remember_beginning(said)
        self._remember_payday(at, said)
        paid = self._rests([self._meant(at, payment, said) for payment in self._made(at, text, said)], said)
        made = [promised(at, text, payment) for payment in paid]
        self._remember_week(at, said)
        if not made and takes_back(said):
            self._take_back(at)
        self._add(made)
        if made:
            self.topic = at
        if made or not _THINKS.fullmatch(said):
            self.asked = ""

    def _repeated(self, said: str) -> list[Payment]:
        if repeated := restated(said, self.today):
            return repeated
        last = self.promises[-1]
        half = read_back(said, self.today, last.amount is None, last.date is None)
        return [half] if half else []

    def _made(self, at: int, text: str, said: str) -> list[Payment]:
        made = commitments(said, self.today)
        if PAYING.search(said):
            self.proposed = [promised(at, text, payment) for payment in proposals(said, self.today)]
        if made and (PAYING.search(said) or len(made) > 1):
            meant = parts(made, said, self.today, self.ours)
            return [*(self._whole(first, said) for first in meant[:1]), *meant[1:]]
        if self.proposed:
            return []
        replies = self._replied(at, text, said)
        return [self._carried(at, replies[0], said)] if len(replies) == 1 else replies

    def _replied(self, at: int, text: str, said: str) -> list[Payment]:
        """What the customer takes of what the agent offers, or else names himself."""
        if not (_NAMES.search(said) or says_yes(said)):
            return []
        last, near = self._last(at), self.topic is not None and at - self.topic <= _TOPIC
        lacks = (last.amount is None, last.date is None) if last else (False, False)
        offers = offers_in(self.asked, self.today, about_paying=near)
        if offers and says_yes(said):
            return accepted([self._priced(one) for one in offers], said, self.today)
        if any(lacks) and (half := half_offered(self.asked, said, self.today, *lacks)):
            return [half]
        known = any(lacks) or bool(offers) or (near and only_asks(self.asked, self.today))
        return self._named(at, text, said, known or (haggles(self.asked) and bool(last or self.refused)))

    def _priced(self, offer: Payment) -> Payment:
        """The offer with the sum that it takes up, where it names none: 先把最低还了, 今天全部还清."""
        words = self.asked[offer.start : offer.end]
        if offer.amount or offer.rest or offer.half or not (asks_for_all(words) or NAMED.search(words)):
            return offer
        return replace(offer, amount=taken_up(self.sums, words))

    def _named(self, at: int, text: str, said: str, about_paying: bool) -> list[Payment]:
        """What the customer commits to by naming a day or a sum; what he only asks for waits for the agent's yes."""
        reply = self._corrected(self._last(at), said)
        reply = reply or answer(self.asked, said, self.today, about_paying=about_paying)
        if reply is None and (other := counter(self.asked, said, self.today, about_paying=about_paying)):
            self.proposed = [promised(at, text, self._carried(at, self._whole(other, said), said))]
        if reply and reply.day is None and NO.search(said) and reply.amount in {one.amount for one in self.promises}:
            return []  # 全部还不了，就三千: what was promised stays as it was
        whole = self._whole(reply, said) if reply else None
        if whole and whole.day is None and names_hour(said, self.today):
            whole = replace(whole, day=self.today)
        return [whole] if whole and (whole.amount or whole.day) else []

    def _rests(self, paid: list[Payment], said: str) -> list[Payment]:
        """The payments; the rest of what is owed, said without its sum, is what the parts promised leave of it."""
        owed = self.sums.get("all", self.sums.get("due"))
        anew = len(paid) > 1 and len(offers_in(self.asked, self.today)) > 1
        standing = [] if anew else [self.promises[at] for at in self.standing]
        again = {(one.amount, one.day) for one in paid}
        parts = [one.amount for one in standing if (one.amount, one.date) not in again]
        whole: list[Payment] = []
        for one in paid:
            about = said[one.start : one.end] if len(paid) > 1 or speaks_of_rest(said) else self.asked
            if one.amount is None and (one.rest or speaks_of_rest(about)):
                one = replace(one, amount=left_of(owed, parts))
            elif one.amount is None and one.half:
                one = replace(one, amount=half_of(self.sums))
            whole, parts = [*whole, one], [*parts, one.amount]
        return whole

    def _carried(self, at: int, payment: Payment, said: str) -> Payment:
        """With the half that stays as it was, where another day or sum is agreed on for what was promised."""
        last = self._last(at) or self.refused
        if last is None or speaks_of_more(said) or speaks_of_more(self.asked):
            return payment
        return replace(payment, amount=payment.amount or last.amount, day=payment.day or last.date)

    def _whole(self, payment: Payment, said: str) -> Payment:
        """The payment with what the agent's offer, the sums he named or the known payday add to it."""
        offers = offers_in(self.asked, self.today)
        offer = chosen(offers, payment.day) if offers else None
        amount, day = beside(offer, said, self.today) if offer else beside_the_question(self.asked, self.today)
        amount = None if names_part(said) else amount or first_of(self.sums, self.asked)
        if payment.day is None and WAGES.search(payment.condition or said[payment.start : payment.end]):
            day = self.payday or day
        plan = [self.promises[at].amount for at in self.standing]
        amount = payment.amount or taken_up(self.sums, said) or sum_of_all(plan, said) or amount
        if payment.day in (None, self.today):
            amount = amount or all_at_once(self.told, said)
        return replace(payment, amount=amount, day=payment.day or day)

    def _corrected(self, last: Promise | None, said: str) -> Payment | None:
        if last is None:
            offer = next(reversed(offers_in(self.asked, self.today)), None)
            return correction(offer, said, self.today) if offer else None
        return correction(Payment(0, 0, True, last.amount, last.date, last.condition), said, self.today)

    def _last(self, at: int) -> Promise | None:
        """The last promise, if what is said now can still be part of it."""
        return self.promises[-1] if self.promises and at - self.spoken_of <= _SAME_PROMISE else None

    def _take_back(self, at: int) -> None:
        """Nothing promised or proposed before stands any more; what is proposed in the same breath does."""
        self.withdrawn, self.promises, self.standing = [*self.withdrawn, *self.promises], [], []
        self.proposed = [one for one in self.proposed if one.utterance == at]

    def _add(self, made: Sequence[Promise]) -> None:
        near = bool(made) and made[0].utterance - self.spoken_of <= _SAME_PROMISE
        known = len(self.promises)
        places = [self._place(promise, near) for promise in made]
        if len(self.promises) > known:
            rest = self.standing if self._goes_on(made[0].text) else []
            self.standing = sorted({*rest, *places})
        if made:
            self.spoken_of = made[-1].utterance

    def _goes_on(self, words: str) -> bool:
        """Whether the rest is spoken of that what stands leaves, and not that of another plan put whole."""
        asked_on = speaks_of_rest(self.asked) and len(offers_in(self.asked, self.today)) < 2
        return asked_on or speaks_of_rest(words)

    def _place(self, promise: Promise, near: bool) -> int:
        """Where the promise stands now: in one that it repeats or makes whole, or as another."""
        again = [at for at in self.standing if same(self.promises[at], promise)]
        halves = [at for at in self.standing if near and agree(self.promises[at], promise)]
        for at in (again or halves)[:1]:
            self.promises[at] = joined(self.promises[at], promise)
            return at
        self.promises.append(promise)
        return len(self.promises) - 1

    def _meant(self, at: int, payment: Payment, said: str) -> Payment:
        """The payment with the day that the talk gives it: 周三吧 after 下周几, 十二点前 after 明天几点."""
        day, last = payment.day, self._last(at)
        spoken = self.asked + said
        monday = self.today - timedelta(days=self.today.weekday())
        then = self.next_week is not None and at - self.next_week <= _TOPIC and _WEEKDAY.search(spoken)
        if then and day and day < monday + timedelta(weeks=1):
            day += timedelta(weeks=1)
        if day == self.today and not _TODAY.search(spoken):
            named = find_days(self.asked, self.today)
            day = named[-1].date if named else last.date if last and last.date else day
        if day is None and self.waits is not None and 0 < at - self.waits <= _TOPIC:
            day = self.payday
        return replace(payment, day=day)

    def _remember_topic(self, at: int, said: str) -> None:
        if PAYING.search(said) or _OWED.search(said):
            self.topic = at
        self._remember_beginning(said)

    def _remember_beginning(self, said: str) -> None:
        if self.topic == _UNTOLD and _GREETS.search(said):
            self.topic = None

    def _remember_sums(self, said: str) -> None:
        """What is owed by what the agent tells; what he spares of it, told twice, is spared once."""
        spared, self.told = spared_in(said, self.today), sums_in(reduced(said, self.today), self.today)
        if spared not in (0, self.spared):
            self.sums = lessened(self.sums, spared)
        self.sums = self.sums | self.told
        self.spared = spared or (Decimal(0) if self.told else self.spared)

    def _remember_week(self, at: int, said: str) -> None:
        if _WEEK.search(said):
            self.next_week = at if _NEXT_WEEK.search(said) else None

    def _remember_payday(self, at: int, said: str) -> None:
        if waits_for_wages(self.asked, said):
            self.waits = at
        if (WAGES.search(said) or WAGES.search(self.asked)) and (days := find_days(said, self.today)):
            self.payday = days[0].date
