"""The week or month that a talk is about: 周三 after 下周几 and 五号 after 下个月几号 are days of it."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from rules.dates import month_named
from rules.naming import CLAUSES
from rules.numerals import find_numbers

#: How many utterances on it still is.
_LASTS = 6

#: How many months ahead one that is named may be; else it is past.
_AHEAD = 6

_NUM = "[0-9]{1,2}|[一二三四五六七八九十]{1,3}"
#: Next week without its day, any week, and a day without its week.
_NEXT_WEEK = re.compile("下个?(?:周|星期|礼拜)(?![一二三四五六日天末])")
_WEEK = re.compile("[这本下]个?(?:周|星期|礼拜)")
_WEEKDAY = re.compile("(?<![这本下上个每])(?:周|星期|礼拜)[一二三四五六日天]")
#: A month, and a day without one.
_MONTH = re.compile(
    f"(?:(?P<this>这个?月|本月|当月)|(?P<next>[再下]?下一?个?月)|(?<![0-9一二三四五六七八九十])(?P<name>{_NUM})月(?=份|几号|哪天|多少号|[底末初中]|[上中下]旬|的?(?:{_NUM})[号日]))"
    f"(?P<whole>(?!的?(?:(?:{_NUM})[号日]|[底末初中]|[上中下]旬)))?"
)
_DAY = re.compile(f"(?<![月0-9一二三四五六七八九十])(?<!月的)(?P<day>{_NUM})[号日]")
#: A clause that tells what was, or is due: its month is not that of paying.
_TELLS = re.compile("今天是|去年|上次|上个?月|到期|还款日|账单|[借贷签逾]|扣款|征信|上报")

_Month = tuple[int, int]


@dataclass(slots=True)
class Periods:
    """The week and the month last spoken of, and the utterances that did."""

    today: date
    next_week: int | None = None
    month: tuple[int, _Month | None] | None = None

    def hear(self, at: int, said: str) -> None:
        """Take in what either side says."""
        if _WEEK.search(said):
            self.next_week = at if _NEXT_WEEK.search(said) else None
        months = _months(said)
        if months and months[-1]["whole"] is not None:  # 下个月底 leaves no day of it open
            self.month = at, self._month(months[-1])

    def day_meant(self, at: int, day: date, asked: str, said: str) -> date:
        """The day named last in what was `asked` and `said`, as a day of the week or month that the talk is about."""
        return self._in_month(at, self._in_week(at, day, asked + said), asked, said)

    def _in_week(self, at: int, day: date, spoken: str) -> date:
        monday = self.today - timedelta(days=self.today.weekday())
        then = self.next_week is not None and at - self.next_week <= _LASTS and _WEEKDAY.search(spoken)
        return day + timedelta(weeks=1) if then and day < monday + timedelta(weeks=1) else day

    def _in_month(self, at: int, day: date, asked: str, said: str) -> date:
        month = self._month_of(at, day, asked, said)
        if month is None or month <= (day.year, day.month):
            return day
        return date(*month, min(day.day, monthrange(*month)[1]))

    def _month_of(self, at: int, day: date, asked: str, said: str) -> _Month | None:
        """The month spoken of last before the day was named by its number alone."""
        own = _last_named(day, said)
        if own is None:
            return self._spoken_of(asked[: _last_named(day, asked) or 0])
        if "先" in said:  # 先还一千，十二号: the month asked about is that of the rest
            return self._spoken_of(said[:own])
        remembered = self.month[1] if self.month and at - self.month[0] <= _LASTS else None
        return self._spoken_of(asked + said[:own]) or remembered

    def _spoken_of(self, said: str) -> _Month | None:
        months = _months(said)
        return self._month(months[-1]) if months else None

    def _month(self, found: re.Match[str]) -> _Month | None:
        if found["name"]:
            number = int(find_numbers(found["name"])[0].value)
            ahead = (number - self.today.month) % 12
            return (
                (self.today.year + (number < self.today.month), number)
                if 1 <= number <= 12 and ahead <= _AHEAD
                else None
            )
        return month_named(found["next"], self.today)


def _last_named(day: date, spoken: str) -> int | None:
    """Where a day is named last by its number alone."""
    numbers = ((find_numbers(found["day"])[0].value, found.start()) for found in _DAY.finditer(spoken))
    return max((start for number, start in numbers if number == day.day), default=None)


def _months(said: str) -> list[re.Match[str]]:
    """The months spoken of, but in what tells what was or is due."""
    if "月" not in said:
        return []
    return [found for clause in CLAUSES.split(said) if not _TELLS.search(clause) for found in _MONTH.finditer(clause)]
