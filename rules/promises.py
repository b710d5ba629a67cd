"""Promises to pay: what the customer commits to, how much, by when and on what condition.

A promise needs a commitment. 明天还不了, 尽量 and 再说 are none; 我想还 is a wish; 能不能晚点还 asks. It need not be
said by one side alone: 那周五还三千行吗, 行 is a promise, and 礼拜五吧 is one where the collector had asked when.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from asr.transcript import Transcript
from rules.dates import find_days
from rules.paying import PAYING, REST
from rules.payments import Payment, commitments, proposals
from rules.replies import (
    TAKEN_BACK,
    WAGES,
    accepted,
    agreed,
    answer,
    beside,
    correction,
    half_offered,
    offers_in,
    restated,
    says_yes,
    sums_in,
    taken_up,
)
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

#: An agent's restatement belongs to a promise made at most so many utterances before.
_RESTATED_WITHIN = 4

#: To read days by when the day of the call is not known; what comes of it is not shown.
_ANY_DAY = date(2000, 1, 1)

_CORRECTED = re.compile(r"不对|不是不是|说错|错了|哦不|不不|还是(?!.{0,3}[吗么])|要不|算了|改成")


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
    spoken_of: int = 0  # the utterance that last said something of the last promise
    asked: str = ""  # what the agent has said since the customer last spoke
    proposed: list[Promise] = field(default_factory=list)  # by the customer, waiting for the agent's yes
    payday: date | None = None
    sums: dict[str, Decimal] = field(default_factory=dict)  # what the agent said is owed

    def agent(self, at: int, text: str) -> None:
        """Take in what the agent says: a yes to the customer's proposal, a restatement, an offer."""
        said = fold(text)
        if self.proposed and agreed(said):
            self._add(self.proposed)
        if self.promises and at - self.spoken_of <= _RESTATED_WITHIN:
            self._add(_promise(at, text, payment) for payment in restated(said, self.today))
        self.proposed = []
        self.asked += said + "。"
        self.sums |= sums_in(said, self.today)

    def customer(self, at: int, text: str) -> None:
        """Take in what the customer says: a commitment, a yes to the agent's offer, an answer to when or how much."""
        said = fold(text)
        if not said.strip("，。,.!！ "):
            return
        if TAKEN_BACK.search(said):
            self.promises.clear()
        self._remember_payday(said)
        self._add(_promise(at, text, payment) for payment in self._made(at, text, said))
        self.asked = ""

    def _made(self, at: int, text: str, said: str) -> list[Payment]:
        if PAYING.search(said):
            self.proposed = [_promise(at, text, payment) for payment in proposals(said, self.today)]
            if made := commitments(said, self.today):
                return [self._whole(_next_due(made, said), said)]
            if self.proposed:
                return []
        if says_yes(said) and (offers := offers_in(self.asked, self.today)):
            return accepted(offers, said, self.today)
        last = self._last(at)
        lacks = (last.amount is None, last.date is None) if last else (False, False)
        if any(lacks) and (half := half_offered(self.asked, said, self.today, *lacks)):
            return [half]
        reply = self._corrected(last, said) or answer(self.asked, said, self.today, about_paying=any(lacks))
        return [self._whole(reply, said)] if reply else []

    def _whole(self, payment: Payment, said: str) -> Payment:
        """The payment with what the agent's offer, the sums he named or the known payday add to it."""
        offer = next(reversed(offers_in(self.asked, self.today)), None)
        amount, day = beside(offer, said)
        if payment.day is None and WAGES.search(payment.condition or said[payment.start : payment.end]):
            day = self.payday or day
        amount = payment.amount or taken_up(self.sums, said) or amount
        return replace(payment, amount=amount, day=payment.day or day)

    def _corrected(self, last: Promise | None, said: str) -> Payment | None:
        if last is None:
            return None
        return correction(Payment(0, 0, True, last.amount, last.date, last.condition), said, self.today)

    def _last(self, at: int) -> Promise | None:
        """The last promise, if what is said now can still be part of it."""
        return self.promises[-1] if self.promises and at - self.spoken_of <= _SAME_PROMISE else None

    def _said_before(self, promise: Promise) -> bool:
        """Whether it is the last promise once more, or its other half."""
        last = self.promises[-1] if self.promises else None
        if last and (last.amount, last.date) == (promise.amount, promise.date):
            return True
        near = self._last(promise.utterance)
        return near is not None and _agree(near, promise)

    def _add(self, made: Iterable[Promise]) -> None:
        for promise in made:
            if self._said_before(promise):
                self.promises[-1] = _joined(self.promises[-1], promise)
            else:
                self.promises.append(promise)
            self.spoken_of = promise.utterance

    def _remember_payday(self, said: str) -> None:
        if (WAGES.search(said) or WAGES.search(self.asked)) and (days := find_days(said, self.today)):
            self.payday = days[0].date


def _promise(at: int, text: str, payment: Payment) -> Promise:
    words = text[payment.start : payment.end].strip("，。！？；,.!?; ")
    return Promise(at, words, payment.amount, payment.day, payment.condition, (payment.start, payment.end))


def _next_due(made: list[Payment], said: str) -> Payment:
    """Of several payments said at once, the instalment due next, or the last where the speaker corrected himself."""
    if len(made) > 1 and _CORRECTED.search(said[made[0].start : made[-1].end]):
        return made[-1]
    own = [payment for payment in made if not REST.search(said[payment.start : payment.end])] or made
    first = next((payment for payment in own if payment.day), own[0])
    return replace(first, end=made[-1].end)


def _agree(one: Promise, other: Promise) -> bool:
    """Whether two may be halves of one: neither names another sum or day, nor what is left of it."""
    sums, days = {one.amount, other.amount} - {None}, {one.date, other.date} - {None}
    return len(sums) <= 1 and len(days) <= 1 and not REST.search(other.text)


def _joined(one: Promise, other: Promise) -> Promise:
    """Two halves of one promise made whole, where the first was said."""
    amount, day = one.amount or other.amount, one.date or other.date
    return replace(one, amount=amount, date=day, condition=one.condition or other.condition)
