"""What a call has spoken of so far: paying, the day of the wages. What is said later is meant by it."""

import re
from dataclasses import dataclass, field, replace
from datetime import date

from rules.dates import find_days
from rules.paying import LEFT, NO, PAYING
from rules.payments import Payment, refused
from rules.periods import Periods
from rules.plans import speaks_of_rest
from rules.questions import beside_the_question, only_asks
from rules.replies import WAGES, waits_for_wages, with_left_out
from rules.sums import amounts

#: How many utterances on 具体几号 still asks when he will pay.
_TOPIC = 6

#: What is written down of a call may begin in the middle of it: nothing yet says that it does not.
_UNTOLD = -1

#: What is spoken of besides paying that makes it the topic, and how a call begins, where it is not yet.
_OWED = re.compile("欠|逾期|账单|解决|处理")
_GREETS = re.compile("^(?:喂|您好|你好)|哪位|本人吗")

_TODAY = re.compile("今|现在|马上|立刻|立马|这就|等会|待会|等下|一会")


@dataclass(slots=True)
class Topics:
    """The utterances that last spoke of each; none where none has."""

    today: date
    paying: int | None = _UNTOLD  # none in a call that only begins
    periods: Periods = field(init=False)
    waits: int | None = None  # for his wages
    put_off: tuple[int, Payment] | None = None  # what he pays on a day that he has not named
    payday: date | None = None

    def __post_init__(self) -> None:
        self.periods = Periods(self.today)

    def asked(self, at: int, said: str) -> None:
        """Take in what the agent says."""
        self.periods.hear(at, said)
        if PAYING.search(said) or _OWED.search(said):
            self.paying = at
        self._remember_beginning(said)

    def answers(self, at: int, asked: str, said: str) -> None:
        """Take in what the customer is about to be understood to say to what was `asked`."""
        self._remember_beginning(said)
        if waits_for_wages(asked, said):
            self.waits = at
        if WAGES.search(said) or WAGES.search(asked):
            days = find_days(with_left_out(asked, said), self.today)
            self.payday = days[0].date if days else self.payday

    def answered(self, at: int, asked: str, said: str, *, pays: bool) -> None:
        """Take in what the customer has said to what was `asked`, and whether he promised anything."""
        self.periods.hear(at, said)
        if self.waits == at or (not pays and self._puts_off_rest(asked, said)):
            self.put_off = at, _without_day(asked, said, self.today)
        elif pays:
            self.put_off = None
        if pays:
            self.paying = at

    def is_paying(self, at: int) -> bool:
        """Whether paying is still what is spoken of at `at`."""
        return self.paying is not None and at - self.paying <= _TOPIC

    def put_off_until(self, at: int, asked: str, said: str) -> Payment | None:
        """What was put off, once the day is named: 剩下的等发工资 … 您几号发, 十五号; 剩下四百下周 … 下周哪天, 周二."""
        if self.put_off is None or not 0 < at - self.put_off[0] <= _TOPIC or refused(said):
            return None
        days = find_days(with_left_out(asked, said), self.today)
        asks = WAGES.search(asked) or only_asks(asked, self.today)
        return replace(self.put_off[1], end=len(said), day=days[0].date) if days and asks else None

    def _waits(self, at: int) -> bool:
        return self.waits is not None and 0 < at - self.waits <= _TOPIC

    def day_meant(self, at: int, day: date | None, asked: str, said: str, promised: date | None) -> date | None:
        """The day that the talk gives a day named or left out: 周三吧 after 下周几, 十二点前 after 明天几点.

        `promised` is the day of what was promised before, if that is still spoken of.
        """
        spoken = asked + said
        if day:
            day = self.periods.day_meant(at, day, asked, said)
        if day == self.today and not _TODAY.search(spoken):
            named = find_days(asked, self.today)
            day = named[-1].date if named else promised or day
        if day is None and self._waits(at):
            day = self.payday
        return day

    def _puts_off_rest(self, asked: str, said: str) -> bool:
        return speaks_of_rest(asked + said) and not (NO.search(said) or find_days(said, self.today))

    def _remember_beginning(self, said: str) -> None:
        if self.paying == _UNTOLD and _GREETS.search(said):
            self.paying = None


def _without_day(asked: str, said: str, today: date) -> Payment:
    """What the customer says that he pays, or is asked about, the day left out."""
    rest = LEFT.search(said)
    own = [value for number, value in amounts(said, today) if rest and number.start > rest.start()]
    amount = own[0] if own else beside_the_question(asked, today)[0]
    return Payment(0, len(said), True, amount, None, rest=bool(rest) or speaks_of_rest(asked))
