"""Days as people name them in Mandarin, resolved against the day of the call: 明天, 下周五, 月底, 下个月五号."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from rules.numerals import find_numbers

_NUM = r"(?:[0-9]{1,2}|[一二三四五六七八九十两]{1,3})"
_WEEKDAYS = {**dict(zip("一二三四五六日", range(7), strict=True)), "天": 6, "末": 6} | {
    str(n): n - 1 for n in range(1, 8)
}
_THIS_MONTH = r"(?:这个月|本月|这月|当月)"
# 剩下月底还 is the rest at the end of this month.
_NEXT_MONTH = r"(?<![剩余])(?P<next>下下个?月|下个?月|次月)"


@dataclass(frozen=True, slots=True)
class Day:
    """A day named in a text."""

    start: int  #: characters, end exclusive
    end: int
    date: date


def find_days(text: str, today: date) -> list[Day]:
    """Every day named in `text`, in order. Days that name no one day (下个月, 过一阵) are left out."""
    days: list[Day] = []
    for match in _DAY.finditer(text):
        name = next(name for name, value in match.groupdict().items() if value and name.startswith("k"))
        found = re.fullmatch(_KINDS[name][0], match.group(), re.VERBOSE)
        resolved = _KINDS[name][1](found, today) if found else None
        if resolved:
            days.append(Day(match.start(), match.end(), resolved))
    return days


def _number(text: str) -> int:
    return int(find_numbers(text)[0].value)


def _later(words: dict[str, int]) -> Callable[[re.Match[str], date], date | None]:
    return lambda match, today: today + timedelta(days=words[match.group()])


def _weekday(match: re.Match[str], today: date) -> date | None:
    monday = today - timedelta(days=today.weekday())
    day = monday + timedelta(days=_WEEKDAYS[match["day"]])
    if match["which"].startswith("下"):
        return day + timedelta(weeks=match["which"].count("下"))
    return day if day >= today or match["which"] else day + timedelta(weeks=1)


def _month(today: date, later: int) -> tuple[int, int]:
    months = today.year * 12 + today.month - 1 + later
    return months // 12, months % 12 + 1


def _on(year: int, month: int, day: int) -> date | None:
    last = monthrange(year, month)[1]
    return date(year, month, min(day, last)) if 1 <= day <= 31 else None


def _day_of_month(match: re.Match[str], today: date) -> date | None:
    day = _number(match["day"])
    if match["next"]:
        return _on(*_month(today, match["next"].count("下") or 1), day)
    this = _on(today.year, today.month, day)
    # 这个月十五号 said on the 20th is a slip or the past: a promise means the next one.
    return this if this is None or this >= today else _on(*_month(today, 1), day)


def _full_date(match: re.Match[str], today: date) -> date | None:
    month, day = _number(match["month"]), _number(match["day"])
    if not 1 <= month <= 12:
        return None
    this = _on(today.year, month, day)
    return this if this is None or this >= today else _on(today.year + 1, month, day)


def _part_of_month(match: re.Match[str], today: date) -> date | None:
    later = match["next"].count("下") or 1 if match["next"] else 0
    year, month = _month(today, later)
    if match["part"] in ("底", "末"):
        return _on(year, month, 31)
    day = {"初": 5, "中": 15, "中旬": 15, "上旬": 10, "下旬": 31}[match["part"]]
    this = _on(year, month, day)
    return this if later or this is None or this >= today else _on(*_month(today, 1), day)


def _after_days(match: re.Match[str], today: date) -> date | None:
    count = _number(match["count"]) if match["count"] != "半" else 0
    unit = match["unit"]
    if unit.endswith("月"):
        return today + timedelta(days=15) if match["count"] == "半" else _on(*_month(today, count), today.day)
    return today + timedelta(days=count * (7 if unit.endswith(("周", "星期", "礼拜")) else 1)) if count else None


def _year_end(match: re.Match[str], today: date) -> date | None:
    return date(today.year + (1 if match.group().startswith("明年") else 0), 12, 31)


_NEAR = {
    **dict.fromkeys(("今天", "今日", "今晚", "今儿", "当天", "今早", "今夜", "今下午"), 0),
    **dict.fromkeys(("现在", "马上", "立刻", "立马", "这就", "待会儿", "待会", "等会儿", "等会", "一会儿", "等下"), 0),
    **dict.fromkeys(("明天", "明日", "明早", "明晚", "明儿", "第二天"), 1),
    "后天": 2,
    "大后天": 3,
}

#: Kind of expression: how it looks, how it is resolved. The first that matches at a place is taken.
_KINDS: dict[str, tuple[str, Callable[[re.Match[str], date], date | None]]] = {
    "k_near": (rf"(?:{'|'.join(sorted(_NEAR, key=len, reverse=True))})(?!(?<=等下)个?[月周星礼])", _later(_NEAR)),
    "k_weekday": (
        r"(?P<which>(?:下下|下|这|本)?个?)(?:周|星期|礼拜)(?P<day>[一二三四五六日天末1-7])(?![0-9个天年期])",
        _weekday,
    ),
    "k_month_part": (
        rf"(?:{_THIS_MONTH}|{_NEXT_MONTH})?的?(?:月)?(?P<part>底|末|初|中旬|上旬|下旬|中)(?<=月底|月末|月初|月中|中旬|上旬|下旬)",
        _part_of_month,
    ),
    "k_full_date": (rf"(?P<month>{_NUM})月份?(?P<day>{_NUM})[号日]", _full_date),
    "k_day_of_month": (
        rf"(?:{_THIS_MONTH}|{_NEXT_MONTH}|每个?月)?的?(?P<day>{_NUM})[号日]",
        _day_of_month,
    ),
    "k_after": (
        rf"(?:过|等我|等|再给我|给我|宽限)?(?P<count>{_NUM}|半)(?P<unit>天|个?星期|周|个?礼拜|个月)(?:之?[后内]|以后|以内|时间)",
        _after_days,
    ),
    "k_wait": (
        rf"(?:过|等我|等|再给我|给我|宽限我?)(?P<count>{_NUM}|半)(?P<unit>天|个?星期|周|个?礼拜|个月)",
        _after_days,
    ),
    "k_year_end": ("(?:今年|明年)?年底", _year_end),
    "k_tonight": (r"(?<![天日号五六一二三四末早个])(?:晚上|下午|傍晚|中午)", lambda _, today: today),
}


def _unnamed(pattern: str) -> str:
    """The pattern without group names: names must be unique in the joined expression."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


_DAY = re.compile("|".join(f"(?P<{name}>{_unnamed(pattern)})" for name, (pattern, _) in _KINDS.items()))
