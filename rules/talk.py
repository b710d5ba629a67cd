"""A conversation read for promises to pay, turn by turn: what was promised so far, and what hangs in the air."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from rules.commitments import commitments, proposals
from rules.dates import find_days
from rules.naming import names_hour
from rules.offers import beside, chosen, evaded_sum, offers_in
from rules.owed import (
    Debt,
    all_at_once,
    as_left,
    asked_of,
    asks_for_all,
    called,
    half_of,
    left_of,
    names_part,
    no_more_than_owed,
    reduced,
    sum_of_all,
    taken_up,
    unreduced,
)
from rules.paying import COMES_IN, NAMED, NO, PAYING, REST, TOGETHER
from rules.payments import Payment
from rules.plans import Promise, debts_in, listed, parts, promised, speaks_of_more, speaks_of_rest
from rules.pledges import Pledges
from rules.questions import beside_the_question, haggles, only_asks, without_consequences
from rules.recaps import agreed, read_back, restated
from rules.replies import (
    WAGES,
    accepted,
    answer,
    correction,
    corrects,
    counter,
    denies,
    half_offered,
    says_yes,
    when_due,
)
from rules.sums import amounts
from rules.text import faceless, fold
from rules.topics import Topics
from rules.withdrawal import drops, takes_back

#: How many characters of what the agent said before his last words are still answered.
_ASKED = 300

#: What every sum, hour and share has one of.
_NAMES = re.compile("[0-9零一二两三四五六七八九十百千万半全最]")

#: 1，500 as some recognisers write it.
_GROUPED = re.compile(r"，(?<=\d，)(?=\d{3}(?!\d))")  # the comma first: it is what is looked for

#: The part that was put to him does not stand.
_REFUSES = re.compile("[不没]")

#: He has not answered yet.
_THINKS = re.compile(  # one way to read it: what may be 想 and 想 or 想想 would be tried in as many ways as there are
    r"(?>嗯|呃|额|啊|哦|那个|这个|我?(?:再)?(?:想想?|看看?)(?:一下|啊|吧|哈)?|等一?下|稍等|喂|[，。,.…\s])+"
)


@dataclass(slots=True)
class Talk:
    """The conversation so far: what was promised, and what hangs in the air."""

    today: date
    topics: Topics
    debt: Debt
    pledges: Pledges = field(default_factory=Pledges)
    asked: str = ""  # what the agent has said since the customer last spoke
    evaded: str = ""  # what he asked before that, where nothing was promised to it
    proposed: list[Promise] = field(default_factory=list)  # by the customer, waiting for the agent's yes
    refused: Promise | None = None  # what he proposed and the agent did not agree to
    ours: set[str] = field(default_factory=set)  # the debts he called by their names

    def agent(self, at: int, text: str) -> None:
        """Take in what the agent says: a yes to the customer's proposal, a restatement, an offer."""
        said = self._by_what_is_left(faceless(fold(text)))
        if self.proposed and agreed(said):
            self._add(self.proposed)
        if last := self.pledges.restatable(at):
            self._add([promised(at, text, payment) for payment in self._repeated(last, said)])
        self.refused = self.proposed[-1] if self.proposed else None
        self.proposed = []
        if len(self.asked) > _ASKED:
            self.asked = self.asked[self.asked.index("。", -_ASKED) + 1 :]
        self.asked = reduced(f"{self.asked}{without_consequences(said)}。", self.today)
        self.ours |= debts_in(said)
        self.topics.asked(at, said)
        self.debt.hear(said)

    def customer(self, at: int, text: str) -> None:
        """Take in what the customer says: a commitment, a yes to the agent's offer, an answer to when or how much."""
        said = self._by_what_is_left(unreduced(_GROUPED.sub(",", faceless(fold(text)))))
        if not said.strip("，。,.!！ "):
            return
        self.topics.answers(at, self.asked, said)
        replies = self._made(at, text, said)
        replies = [*(self._settled(said) if replies else ()), *replies]
        paid = self._rests([self._meant(at, payment, said) for payment in replies], said)
        made = [promised(at, text, payment) for payment in paid]
        self.topics.answered(at, self.asked, said, pays=bool(made))
        if not made and (self.pledges.made or self.proposed) and self._takes_back(at, said):
            self.pledges.take_back()
            self.proposed = [one for one in self.proposed if one.utterance == at]  # said in the same breath
        self._add(made, go_on=any(one.rest for one in paid))
        if made or not _THINKS.fullmatch(said):
            answered = made or self.proposed or NO.search(said) or not _NAMES.search(self.asked)
            self.evaded, self.asked = "" if answered or amounts(said, self.today) else self.asked, ""

    def _takes_back(self, at: int, said: str) -> bool:
        spoken_of = self.pledges.last(at) if self.asked else self.proposed or self.pledges.restatable(at, within=1)
        return takes_back(said) or (bool(spoken_of) and drops(said, self.asked, self.pledges.standing, self.today))

    def _add(self, made: Sequence[Promise], *, go_on: bool = False) -> None:
        self.evaded = "" if made else self.evaded
        self.pledges.add(made, go_on=bool(made) and (go_on or self._goes_on(made[0].text)))

    def _by_what_is_left(self, said: str) -> str:
        """What is said, read by what the plan that stands leaves of what is owed."""
        return as_left(self.debt.shared(said), left_of(self.debt.whole, [one.amount for one in self.pledges.standing]))

    def _goes_on(self, words: str) -> bool:
        """Whether the rest is spoken of that what stands leaves, and not that of another plan put whole."""
        asked_on = speaks_of_rest(self.asked) and len(offers_in(self.asked, self.today)) < 2
        return asked_on or speaks_of_rest(words)

    def _settled(self, said: str) -> list[Payment]:
        """The part put to him that he lets stand by answering about the rest: 一千今天还，其他的呢. 其他的周三."""
        if not (speaks_of_rest(self.asked) and REST.search(said)) or self.pledges.standing or _REFUSES.search(said):
            return []
        offers = [one for one in offers_in(self.asked, self.today) if one.amount and one.day and not one.rest]
        return [replace(one, start=0, end=len(said)) for one in offers] if len(offers) == 1 else []

    def _asked_of_rest(self) -> bool:
        """Whether the rest alone is asked about, and not put beside a first part: 一千九今天还，其他的什么时候."""
        return speaks_of_rest(self.asked) and not offers_in(self.asked, self.today)

    def _repeated(self, last: Promise, said: str) -> list[Payment]:
        if repeated := restated(said, self.today):
            return repeated
        if self.debt.whole and {one.date for one in self.pledges.standing} == {last.date}:
            total = read_back(said, self.today, amount=True, day=True)
            if total and (total.amount, total.day) == (self.debt.whole, last.date):
                return [total]  # 三百一起还了吧. 好的，周五，五千三
        half = read_back(said, self.today, amount=last.amount is None, day=last.date is None)
        return [half] if half else []

    def _made(self, at: int, text: str, said: str) -> list[Payment]:
        made, pays = self._by_name(commitments(said, self.today), said), PAYING.search(said)
        if pays:
            self._propose(at, text, proposals(said, self.today), said)
        if made and (pays or len(made) > 1):
            meant = parts(made, said, self.today, self.ours)
            if len(meant) > 1:  # 先还八百，明天再还剩下的: each has its own day, or none
                return [replace(self._whole(meant[0], said), day=meant[0].day), *meant[1:]]
            whole = [self._whole(one, said) for one in meant]
            return [self._carried(at, one, said) for one in whole] if corrects(said) else whole
        if self.proposed:
            return []
        replies = self._replied(at, text, said)
        return [self._carried(at, replies[0], said)] if len(replies) == 1 else replies

    def _by_name(self, made: list[Payment], said: str) -> list[Payment]:
        """The payments with the sums they are called by: 本金周三还，利息月底还; 卡里有一千九，我现在还了."""
        words = [said[one.start : one.end] for one in made]
        if len(made) > 1:
            sums = [None if one.half else called(self.debt.sums, its) for one, its in zip(made, words, strict=True)]
            made = [replace(one, amount=one.amount or amount) for one, amount in zip(made, sums, strict=True)]
        return [
            replace(one, amount=no_more_than_owed(one.amount, its, self.debt.whole))
            for one, its in zip(made, words, strict=True)
        ]

    def _propose(self, at: int, text: str, payments: list[Payment], said: str) -> None:
        self.proposed = [promised(at, text, one) for one in self._rests(payments, said)]

    def _replied(self, at: int, text: str, said: str) -> list[Payment]:
        """What the customer takes of what the agent offers, or else names himself."""
        yes = says_yes(said)
        if denies(said) or not (yes or _NAMES.search(said) or find_days(said, self.today)):
            return []
        if plan := listed(self.asked, said, self.today):
            return plan
        last, near = self.pledges.last(at), self.topics.is_paying(at)
        lacks = (last.amount is None, last.date is None) if last else (False, False)
        if yes and (offers := offers_in(self.asked, self.today, about_paying=near)):
            return accepted([self._priced(one) for one in offers], said, self.today)
        if due := when_due(self.asked, said, self.today):
            return due
        if any(lacks) and (half := half_offered(self.asked, said, self.today, *lacks)):
            return [half]
        known = (
            any(lacks)
            or (haggles(self.asked) and bool(last or self.refused))
            or (near and only_asks(self.asked, self.today))
            or bool(offers_in(self.asked, self.today, about_paying=near))
        )
        return self._named(at, text, said, known)

    def _priced(self, offer: Payment) -> Payment:
        """The offer with the sum that it takes up, where it names none: 先把最低还了, 今天全部还清."""
        words = self.asked[offer.start : offer.end]
        if offer.amount or offer.rest or offer.half or not (asks_for_all(words) or NAMED.search(words)):
            return offer
        return replace(offer, amount=taken_up(self.debt.sums, words))

    def _named(self, at: int, text: str, said: str, about_paying: bool) -> list[Payment]:
        """What the customer commits to by naming a day or a sum; what he only asks for waits for the agent's yes."""
        reply = self._corrected(self.pledges.last(at), said)
        reply = reply or self.topics.put_off_until(at, self.asked, said)
        reply = reply or answer(self.asked, said, self.today, about_paying=about_paying)
        if reply is None and (other := counter(self.asked, said, self.today, about_paying=about_paying)):
            self._propose(at, text, [self._carried(at, self._whole(other, said), said)], said)
        if (
            reply
            and reply.day is None
            and NO.search(said)
            and reply.amount in {one.amount for one in self.pledges.made}
        ):
            return []  # 全部还不了，就三千: what was promised stays as it was
        whole = self._whole(reply, said) if reply else None
        return [whole] if whole and (whole.amount or whole.day) else []

    def _rests(self, paid: list[Payment], said: str) -> list[Payment]:
        """The payments; the rest of what is owed, said without its sum, is what the parts promised leave of it."""
        if not paid:
            return []
        anew = len(paid) > 1 and len(offers_in(self.asked, self.today)) > 1
        standing = [] if anew else self.pledges.standing
        again = {(one.amount, one.day) for one in paid}
        parts = [one.amount for one in standing if again.isdisjoint({(one.amount, one.date), (one.amount, None)})]
        whole: list[Payment] = []
        for one in paid:
            about = said[one.start : one.end] if len(paid) > 1 or speaks_of_rest(said) else self.asked
            if one.amount is None and (one.rest or speaks_of_rest(about)):
                one = replace(one, amount=left_of(self.debt.whole, parts))
            elif one.amount is None and one.half:
                one = replace(one, amount=half_of(self.debt.sums))
            whole, parts = [*whole, one], [*parts, one.amount]
        return whole

    def _carried(self, at: int, payment: Payment, said: str) -> Payment:
        """With the half that stays as it was, where another day or sum is agreed on for what was promised."""
        last = self.pledges.last(at) or self.refused
        if last is None or speaks_of_more(said) or speaks_of_more(self.asked):
            return payment
        return replace(payment, amount=payment.amount or last.amount, day=payment.day or last.date)

    def _whole(self, payment: Payment, said: str) -> Payment:
        """The payment with what the agent's offer, the sums he named or the known payday add to it."""
        agreed_on = {(one.amount, one.date) for one in self.pledges.standing}
        offers = [one for one in offers_in(self.asked, self.today) if (one.amount, one.day) not in agreed_on]
        offer = chosen(offers, payment.day) if offers else None
        amount, day = beside(offer, said, self.today) if offer else beside_the_question(self.asked, self.today)
        amount = payment.amount or self._meant_sum(payment, said, amount)
        return replace(payment, amount=amount, day=payment.day or self._meant_day(payment, said, day))

    def _meant_sum(self, payment: Payment, said: str, asked: Decimal | None) -> Decimal | None:
        """The sum of what is owed that is taken up, or else the one that was `asked` for."""
        if names_part(said) and not (self._asked_of_rest() and REST.search(said)):
            asked = None  # but 剩下的周日 to 剩下一千呢 is that sum
        else:
            asked = asked or asked_of(self.debt.sums, self.asked) or evaded_sum(self.evaded, self.today)
        if payment.day in (None, self.today) and not payment.condition:
            asked = asked or all_at_once(self.debt.told, said)
        plan = [one.amount for one in self.pledges.standing]
        return taken_up(self.debt.sums, said) or sum_of_all(plan, said) or asked

    def _meant_day(self, payment: Payment, said: str, asked: date | None) -> date | None:
        """The payday, the day that was `asked` about, or today where only an hour is named."""
        if WAGES.search(payment.condition or said[payment.start : payment.end]):
            return self.topics.payday or asked
        if COMES_IN.search(payment.condition or ""):
            return None  # he pays when it comes in, and not on the day asked for
        if TOGETHER.search(said) and speaks_of_rest(self.asked) and self.pledges.standing:
            return self.pledges.standing[-1].date
        return asked or (self.today if names_hour(said, self.today) else None)

    def _corrected(self, last: Promise | None, said: str) -> Payment | None:
        if last is None:
            offer = next(reversed(offers_in(self.asked, self.today)), None)
            return correction(offer, said, self.today) if offer else None
        return correction(Payment(0, 0, True, last.amount, last.date, last.condition), said, self.today)

    def _meant(self, at: int, payment: Payment, said: str) -> Payment:
        """The payment on the day that the talk gives it."""
        last = self.pledges.last(at)
        return replace(
            payment, day=self.topics.day_meant(at, payment.day, self.asked, said, last.date if last else None)
        )
