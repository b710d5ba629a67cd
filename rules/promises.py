"""Promises to pay: what the customer commits to, how much, by when and on what condition.

A promise needs a commitment. 明天还不了, 尽量 and 再说 are none; 我想还 is a wish; 能不能晚点还 asks. It need not be
said by one side alone: 那周五还三千行吗, 行 is a promise, and 礼拜五吧 is one where the collector had asked when.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from asr.transcript import Transcript
from rules.dates import find_days
from rules.paying import HEDGE, NO, OPEN, PAYING, REST
from rules.payments import Payment, amounts, asks, commitments, payments, proposals
from rules.text import fold


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise to pay."""

    utterance: int  #: index into the transcript's utterances
    text: str  #: the words that promise
    amount: Decimal | None  #: yuan
    date: date | None  #: the day it is promised for
    condition: str | None = None  #: what it depends on, in the customer's words: 发了工资
    span: tuple[int, int] = (0, 0)  #: characters of the utterance's text, end exclusive


#: How far apart, in utterances, two halves of one promise may be: 今天晚上就还 … 那我全部还清三千七.
_SAME_PROMISE = 4

#: To read days by when the day of the call is not known; what comes of it is not shown.
_ANY_DAY = date(2000, 1, 1)

_RECAP = re.compile(r"您承诺|你承诺|您答应|记录一下|登记|跟您确认|确认一下|那就|好的|是吗|对吧|对吗|记下|备注")

#: How people say yes to an offer, at the beginning of what they say.
_YES = re.compile(
    r"^(?:那|嗯|哦|噢|啊|唉|哎|呃|嗨|好好|[，。,.\s])*(?:(?:行|成|中)(?!不|吗|么|李)|可以(?!吗|么|不)|好(?=$|[，。！,.!\s的吧嘛啦嘞勒呀那就我滴哒])"
    r"|没问题|没得问题|没啥问题|问题不大|要得|得(?:嘞|行)?(?=$|[，。！,.!\s])|ok|妥|同意|必须的|肯定|一定|答应|对(?=$|[，。！,.!\s的啊])|是(?=$|[，。！,.!\s的啊])|嗯$"
    r"|(?:就)?(?:这样|这么着|这么办|这么定|按你说的|照你说的|听你的|依你|说定)|能(?=$|[，。！,.!\s的]))"
)
_BUT = re.compile(r"但是|可是|不过|只是|但|除非|就怕|怕是|先问|问问|商量|考虑|晚|再说|不行|不了|太|吧[？?]|[？?]|吗")
_AGREED = re.compile(r"^(?:那|嗯|好的|[，。,.\s])*(?:行|可以|好|没问题|成|同意|ok|那就这|就这样|也行|也可以)")
_NOT_AGREED = re.compile(
    r"不行|不可以|不能|不成|太少|太晚|太久|恐怕|审批|申请|不接受|没办法|做不了主|最晚|最少|至少|必须|得先|还是得"
)

_ASKS_WHEN = re.compile(
    r"什么时候|啥时候|哪天|哪一天|几号|何时|多久|多长时间|日子|准信|什么时间|几天|哪个时间|时间点|定个时间"
)
_ASKS_MUCH = re.compile(r"多少|几百|几千|多大")
_OPEN_QUESTION = re.compile(f"{_ASKS_WHEN.pattern}|{_ASKS_MUCH.pattern}|怎么还|怎么处理")
_CLOSED_QUESTION = re.compile(
    r"(?:能|可以|方便|打算|行|成|安排|处理|还|结|补).{0,12}(?:吗|么|不|没|吧|行不行|[?？])|您看|你看"
)
_ABOUT_PAYING = re.compile(r"还|处理|结|缴|补|存|安排|解决|日子|准信|凑|拿|转|交")
_PART = re.compile(r"先还|一部分|一半|一点|部分|剩|其余")
_CORRECTED = re.compile(r"不对|不是不是|说错|错了|哦不|不不|还是(?!.{0,3}[吗么])|要不|算了|改成")
_CORRECTS = re.compile(
    r"^(?:哦|噢|嗯|呃|那|哎|[，。,.\s])*(?:不对|不是|错了|说错|改|换成|还是|要不|应该是|我说的是|等等|等下)"
)
_WAGES = re.compile(r"工资|开支|发薪|薪水|发钱|开资|奖金|提成|货款|工程款")
_TAKEN_BACK = re.compile(r"刚才说的不算|反悔|收回刚才|改主意|不还了|爱咋咋地|当我没说|我没答应|不作数")


def find_promises(transcript: Transcript, call_date: date | None) -> list[Promise]:
    """Every promise in the order it was made; the last one is what the call ends on.

    `call_date` is the day of the call, against which 明天 and 下周五 are read; where it is not known, the promised day
    is not either. An agent's restatement (好的, 星期五还五千元, 是吗) counts when it follows the customer's promise.
    """
    if call_date is None:
        return [replace(promise, date=None) for promise in find_promises(transcript, _ANY_DAY)]
    talk = _Talk(call_date)
    for at, said in enumerate(transcript.utterances):
        if said.speaker == "agent":
            talk.agent(at, said.text)
        else:
            talk.customer(at, said.text)
    return talk.promises


@dataclass(slots=True)
class _Talk:
    """The conversation so far: what was promised, and what hangs in the air."""

    today: date
    promises: list[Promise] = field(default_factory=list)
    asked: str = ""  # what the agent has said since the customer last spoke
    proposed: list[Promise] = field(default_factory=list)  # by the customer, waiting for the agent's yes
    payday: date | None = None

    def agent(self, at: int, text: str) -> None:
        """Take in what the agent says: a yes to the customer's proposal, a restatement, an offer."""
        folded = fold(text)
        if self.proposed and _AGREED.search(folded) and not _NOT_AGREED.search(folded):
            self._add(self.proposed)
        if self.promises and at - self.promises[-1].utterance <= 2:
            self._add(list(_recaps(at, text, folded, self.today)))
        self.proposed = []
        self.asked += folded + "。"

    def customer(self, at: int, text: str) -> None:
        """Take in what the customer says: a commitment, a yes to the agent's offer, an answer to when or how much."""
        folded = fold(text)
        if _TAKEN_BACK.search(folded):
            self.promises.clear()
        if folded.strip("，。,.!！ "):
            self._remember_payday(folded)
            self._add(self._made(at, text, folded))
            self.asked = ""

    def _made(self, at: int, text: str, folded: str) -> list[Promise]:
        offer = _offer(self.asked, self.today)
        yes = bool(_YES.search(folded))
        if PAYING.search(folded):
            self.proposed = [_promise(at, text, piece) for piece in proposals(folded, self.today)]
            if made := commitments(folded, self.today):
                promise = _promise(at, text, _next_due(made, folded))
                return [self._on_payday(_beside(promise, offer, folded))]
            if self.proposed:
                return []
        if offer and yes and not NO.search(folded) and not OPEN.search(folded) and not _BUT.search(folded):
            own = _own(offer, folded, self.today)
            last = self.promises[-1] if self.promises else None
            # 好的 to 那就是周五还三千，是吗 repeats what was promised.
            return [] if last and (last.amount, last.date) == (own.amount, own.day) else [_promise(at, text, own)]
        answers = self._correction(at, text, folded) or self._answer(at, text, folded)
        return [_beside(promise, offer, folded) for promise in answers]

    def _correction(self, at: int, text: str, folded: str) -> list[Promise]:
        """不对，是这个礼拜五 after a promise changes the half it names."""
        recent = self.promises[-1] if self.promises and at - self.promises[-1].utterance <= _SAME_PROMISE else None
        if recent is None or not _CORRECTS.search(folded) or NO.search(folded) or HEDGE.search(folded):
            return []
        days = find_days(folded, self.today)
        sums = amounts(folded, days)
        if not days and not sums:
            return []
        amount, day = sums[-1][1] if sums else recent.amount, days[-1].date if days else recent.date
        return [_promise(at, text, Payment(0, len(text), True, amount, day, recent.condition))]

    def _answer(self, at: int, text: str, folded: str) -> list[Promise]:
        """礼拜五吧 to 什么时候能还, 两千 to 能还多少."""
        asked = _OPEN_QUESTION.search(self.asked) or _CLOSED_QUESTION.search(self.asked)
        if not asked or not _ABOUT_PAYING.search(self.asked) or _WAGES.search(self.asked):
            return []
        if (
            NO.search(folded)
            or OPEN.search(folded)
            or HEDGE.search(folded)
            or folded.rstrip().endswith(("?", "？", "吗"))
        ):
            return []
        days = find_days(folded, self.today)
        sums = amounts(folded, days)
        when = days[-1].date if days else None
        much = sums[-1][1] if sums else None
        piece = Payment(0, len(text), True, much, when)
        return [_promise(at, text, piece)] if when or much else []

    def _add(self, made: list[Promise]) -> None:
        for promise in made:
            self.promises.append(_completed(promise, self.promises))

    def _remember_payday(self, folded: str) -> None:
        days = find_days(folded, self.today)
        if days and (_WAGES.search(folded) or _WAGES.search(self.asked)):
            self.payday = days[0].date

    def _on_payday(self, promise: Promise) -> Promise:
        waits = promise.date is None and _WAGES.search(promise.condition or promise.text)
        return replace(promise, date=self.payday) if waits and self.payday else promise


def _promise(at: int, text: str, piece: Payment) -> Promise:
    words = text[piece.start : piece.end].strip("，。！？；,.!?; ")
    return Promise(at, words, piece.amount, piece.day, piece.condition, (piece.start, piece.end))


def _next_due(made: list[Payment], folded: str) -> Payment:
    """Of several payments said at once, the instalment due next, or the last where the speaker corrected himself."""
    if len(made) > 1 and _CORRECTED.search(folded[made[0].start : made[-1].end]):
        return made[-1]
    own = [piece for piece in made if not REST.search(folded[piece.start : piece.end])] or made
    first = next((piece for piece in own if piece.day), own[0])
    return replace(first, end=made[-1].end)


def _offer(asked: str, today: date) -> Payment | None:
    """The payment that the agent asks for by day or by sum: 周五之前把一千一还上可以吗. 什么时候还 offers none."""
    if not PAYING.search(asked):
        return None
    named = [piece for piece in payments(asked, today) if piece.pays and (piece.day or piece.amount)]
    wanted = [piece for piece in named if not _OPEN_QUESTION.search(asked[piece.start : piece.end])]
    if not wanted:
        return None
    last = wanted[-1]
    return last if last.day or asks(asked, last) else None


def _own(offer: Payment, said: str, today: date) -> Payment:
    """The offer as accepted: what the customer names himself replaces what was offered."""
    days = find_days(said, today)
    sums = amounts(said, days)
    amount = sums[-1][1] if sums else offer.amount
    return Payment(0, len(said), True, amount, days[-1].date if days else offer.day)


def _beside(promise: Promise, offer: Payment | None, said: str) -> Promise:
    """A promise with one half of its own takes the other half from the offer, unless that half is refused."""
    if offer is None:
        return promise
    amount = None if NO.search(said) or _PART.search(said) else offer.amount
    return replace(promise, amount=promise.amount or amount, date=promise.date or offer.day)


def _recaps(at: int, text: str, folded: str, today: date) -> Iterator[Promise]:
    if not _RECAP.search(folded) or not PAYING.search(folded):
        return
    for piece in payments(folded, today):
        if piece.pays and piece.day and not NO.search(folded[piece.start : piece.end]):
            yield _promise(at, text, replace(piece, condition=None))


def _completed(promise: Promise, earlier: list[Promise]) -> Promise:
    """A promise in two halves made whole: the day was said before, now comes the amount, or the other way round."""
    if not earlier or promise.utterance - earlier[-1].utterance > _SAME_PROMISE:
        return promise
    last = earlier[-1]
    if promise.date is None and promise.amount is not None and last.amount in (None, promise.amount):
        return replace(promise, date=last.date, condition=promise.condition or last.condition)
    if promise.amount is None and promise.date is not None and last.date in (None, promise.date):
        return replace(promise, amount=last.amount, condition=promise.condition or last.condition)
    return promise
