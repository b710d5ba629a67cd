"""What a call has spoken of so far: paying, next week, the day of the wages. What is said later is meant by it."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from rules.dates import find_days
from rules.paying import PAYING
from rules.replies import WAGES, waits_for_wages, with_left_out

#: How many utterances on 具体几号 still asks when he will pay.
_TOPIC = 6

#: What is written down of a call may begin in the middle of it: nothing yet says that it does not.
_UNTOLD = -1

#: What is spoken of besides paying that makes it the topic, and how a call begins, where it is not yet.
_OWED = re.compile("欠|逾期|账单|解决|处理")
_GREETS = re.compile("^(?:喂|您好|你好)|哪位|本人吗")

#: Next week without its day, and a day without its week.
_NEXT_WEEK = re.compile("下个?(?:周|星期|礼拜)(?![一二三四五六日天末])")
_WEEK = re.compile("[这本下]个?(?:周|星期|礼拜)")
_WEEKDAY = re.compile("(?<![这本下上个每])(?:周|星期|礼拜)[一二三四五六日天]")
_TODAY = re.compile("今|现在|马上|立刻|立马|这就|等会|待会|等下|一会")


@dataclass(slots=True)
class Topics:
    """The utterances that last spoke of each; none where none has."""

    today: date
    paying: int | None = _UNTOLD  # none in a call that only begins
    next_week: int | None = None  # so that 周三 is that of then
    waits: int | None = None  # for his wages
    payday: date | None = None

    def asked(self, at: int, said: str) -> None:
        """Take in what the agent says."""
        self._remember_week(at, said)
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

    def answered(self, at: int, said: str, *, pays: bool) -> None:
        """Take in what the customer has said, and whether he promised anything."""
        self._remember_week(at, said)
        if pays:
            self.paying = at

    def is_paying(self, at: int) -> bool:
        """Whether paying is still what is spoken of at `at`."""
        return self.paying is not None and at - self.paying <= _TOPIC

    def day_meant(self, at: int, day: date | None, asked: str, said: str, promised: date | None) -> date | None:
        """The day that the talk gives a day named or left out: 周三吧 after 下周几, 十二点前 after 明天几点.

        `promised` is the day of what was promised before, if that is still spoken of.
        """
        spoken = asked + said
        monday = self.today - timedelta(days=self.today.weekday())
        then = self.next_week is not None and at - self.next_week <= _TOPIC and _WEEKDAY.search(spoken)
        if then and day and day < monday + timedelta(weeks=1):
            day += timedelta(weeks=1)
        if day == self.today and not _TODAY.search(spoken):
            named = find_days(asked, self.today)
            day = named[-1].date if named else promised or day
        if day is None and self.waits is not None and 0 < at - self.waits <= _TOPIC:
            day = self.payday
        return day

    def _remember_beginning(self, said: str) -> None:
        if self.paying == _UNTOLD and _GREETS.search(said):
            self.paying = None

    def _remember_week(self, at: int, said: str) -> None:
        if _WEEK.search(said):
            self.next_week = at if _NEXT_WEEK.search(said) else None
