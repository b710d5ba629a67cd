"""Festivals and days of the lunar calendar as days of the year: debtors promise by 国庆, 中秋 and 春节前."""

import re
from datetime import date, timedelta

from borax.calendars.lunardate import LunarDate, TermUtils

#: Festivals of the solar calendar: month and day.
_SOLAR = {
    "元旦": (1, 1),
    "情人节": (2, 14),
    "三八节": (3, 8),
    "五一": (5, 1),
    "劳动节": (5, 1),
    "六一": (6, 1),
    "儿童节": (6, 1),
    "七一": (7, 1),
    "八一": (8, 1),
    "教师节": (9, 10),
    "国庆": (10, 1),
    "十一假期": (10, 1),
    "双十一": (11, 11),
    "双十二": (12, 12),
    "平安夜": (12, 24),
    "圣诞": (12, 25),
}

#: And of the lunar one. A negative day counts from the end of the year: its last day is 除夕, whatever its number.
_LUNAR = {
    "春节": (1, 1),
    "过年": (1, 1),
    "新年": (1, 1),
    "年前": (12, -1),
    "除夕": (12, -1),
    "年三十": (12, -1),
    "年关": (12, -1),
    "腊八": (12, 8),
    "小年": (12, 23),
    "元宵": (1, 15),
    "端午": (5, 5),
    "七夕": (7, 7),
    "中元": (7, 15),
    "中秋": (8, 15),
    "八月节": (8, 15),
    "重阳": (9, 9),
}

#: What they are called, the longest first.
FESTIVALS = sorted((*_SOLAR, *_LUNAR, "清明", "冬至"), key=len, reverse=True)

#: A day right behind a sum, with whose numerals it makes no number: 两千四五一前.
AFTER_SUM = "(?:(?<=[百千万])|(?<=[百千万][一二三四五六七八九])|(?<=[0-9]{3}))五一(?=之前|以前|前)"

#: 春节前: the day before. 春节后 and 过完年 name no day.
FESTIVAL = (
    rf"(?:(?<![0-9零一二两三四五六七八九十百千万])|(?={AFTER_SUM}))(?:大|过)?(?P<festival>{'|'.join(FESTIVALS)})节?"
    r"(?P<before>之前|以前|前夕|前)?(?!节?放?假?(?:之后|以后|过后|完|后)|.{0,2}(?:花|买|期间|那[会阵]|太忙))"
)

_LUNAR_DIGITS = "一二三四五六七八九十"
_LUNAR_MONTHS = {**{name: at for at, name in enumerate(_LUNAR_DIGITS, 1)}, "正": 1, "冬": 11, "腊": 12}
_LUNAR_DAY = r"初[一二三四五六七八九十]|[十廿][一二三四五六七八九]|二十[一二三四五六七八九]?|三十|十"

#: 腊月二十八, 正月十五, 农历八月十五, 大年初八; a bare 初八 is the new year's too, but 初三 may be a class at school.
LUNAR_DAY = (
    rf"(?:(?:农历|阴历)(?P<month>[一二三四五六七八九十正冬腊])月|(?P<winter>[正冬腊])月|大年(?!三十))(?P<lunar>{_LUNAR_DAY})"
    r"|(?P<new>初[四五六七八九十])"
)


def festival(match: re.Match[str], today: date) -> date | None:
    """The next day of the festival in a match of FESTIVAL, or the day before it where 前 is said."""
    name = match["festival"]
    day = next(day for year in (today.year - 1, today.year, today.year + 1) if (day := _day(name, year)) >= today)
    return max(day - timedelta(days=1), today) if match["before"] else day


def lunar_day(match: re.Match[str], today: date) -> date | None:
    """The next day of that name in a match of LUNAR_DAY."""
    month = _LUNAR_MONTHS[match["month"] or match["winter"] or "正"]
    day = _lunar_number(match["lunar"] or match["new"])
    days = (_lunar(year, month, day) for year in (today.year - 1, today.year, today.year + 1))
    return next((one for one in days if one >= today), None)


def _day(name: str, year: int) -> date:
    if name in _SOLAR:
        return date(year, *_SOLAR[name])
    if name in _LUNAR:
        return _lunar(year, *_LUNAR[name])
    found: date = TermUtils.nth_term_day(year, term_name=name)
    return found


def _lunar(year: int, month: int, day: int) -> date:
    """A day of a lunar year; one that its month does not have (腊月三十 in a short year) is its last."""
    last = date.fromordinal(LunarDate(year + 1, 1, 1).to_solar_date().toordinal() - 1)
    if day < 0:
        return last
    try:
        found: date = LunarDate(year, month, day).to_solar_date()
    except ValueError:
        return last if month == 12 else _lunar(year, month, day - 1)
    return found


def _lunar_number(written: str) -> int:
    tens = {"初": 0, "十": 10, "廿": 20}
    if written in ("二十", "三十", "初十", "十"):
        return {"二十": 20, "三十": 30}.get(written, 10)
    start = 20 if written.startswith("二十") else tens[written[0]]
    return start + _LUNAR_DIGITS.index(written[-1]) + 1
