"""Days as people name them in Mandarin, resolved against the day of the call: 明天, 下周五, 月底, 下个月五号."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from rules.festivals import AFTER_SUM, FESTIVAL, FESTIVALS, LUNAR_DAY, festival, lunar_day
from rules.numerals import find_numbers

_NUM = r"(?:[0-9]{1,2}|[一二三四五六七八九十两]{1,4})"
#: 十五六号, 三四天: of two the later is meant to be safe.
_OR = re.compile("([二三]?十)?[一两二三四五六七八九]([两二三四五六七八九])")
_WEEKDAYS = {**dict(zip("一二三四五六日", range(7), strict=True)), "天": 6, "末": 6} | {
    str(n): n - 1 for n in range(1, 8)
}
#: 下周三四: the first of two weekdays, which 周五六百块 and 周三四点 do not name.
_PAIRS = zip("一二三四五", "二三四五六", strict=True)
_EITHER = f"(?:{'|'.join(f'{one}(?={two}(?![百千万块元多个点十号]))' for one, two in _PAIRS)})"
#: Characters between a day and the time of that day: 明天下午的三点前.
_BESIDE = 3

_YEARS = {"今年": 0, "明年": 1, "后年": 2}
_YEAR = rf"(?P<year>{'|'.join(_YEARS)}|20[0-9]{{2}}年|[0-9]{{2}}年)?的?"
#: 三月二十 without 号, which 三月二十块 and 三月二十天 are not, and 八月十五 may be 中秋. Of ten days and more only:
#: 十二月一定还, 六月一次性还清 and 三月一过 name none.
_BARE_DAY = (
    "(?:[二三]?十[一二三四五六七八九]{0,2}|[1-3][0-9])"
    "(?<!八月十五)(?![0-9一二三四五六七八九十百千万零点块元个天年期多来几分次笔回遍号日%])"
)
#: Of the month, not 二十号楼.
_NTH = "[号日](?![楼院])"

#: What day it is: 今天都二号了. But 都十号了才发工资 names one.
_THE_DAY = rf"(?:{_NUM}{_NTH}|(?:周|星期|礼拜)[一二三四五六日天1-7])了"

#: How long it is overdue says nothing of when: 才逾期一个月左右, 都拖了三天左右.
_NOT_LATE_BY = "(?<!逾期)(?<!逾期[了有才快])(?<![拖欠晚]了)"
#: Nor does what there is of something in a time: 最多三天给我打一个电话, 最多一个月工资三千.
_NO_RATE = "(?!给我[打来发](?![款钱工薪奖])|的?工资(?![下发到])|收入|[挣赚]|一次(?!性))"

_THIS_MONTH = r"(?:这个月|本月|这月|当月)"
# 剩下月底还 is the rest at the end of this month.
_NEXT_MONTH = r"(?<![剩余])(?P<next>[再下]?下一?个?月|次月)"


@dataclass(frozen=True, slots=True)
class Day:
    """A day named in a text."""

    start: int  #: characters, end exclusive
    end: int
    date: date


@lru_cache(maxsize=16)  # what is said is asked about several times in a row; only to be read
def find_days(text: str, today: date) -> list[Day]:
    """Every day named in `text`, in order. Days that name no one day (下个月, 过一阵) are left out."""
    days: list[Day] = []
    for match in _DAY.finditer(text):
        resolved = _resolved(match.lastgroup or "", match, days, today)
        if resolved:
            days.append(Day(match.start(), match.end(), resolved))
    return days


def _resolved(name: str, match: re.Match[str], earlier: list[Day], today: date) -> date | None:
    """The day a match names. 当晚 is that of the day said before it; 三点前 says nothing new beside a day."""
    if name == "k_same":
        return earlier[-1].date + timedelta(days=match.group() == "第二天") if earlier else None
    if name == "k_clock" and earlier and match.start() - earlier[-1].end <= _BESIDE:
        return None
    found = re.fullmatch(_KINDS[name][0], match.group(), re.VERBOSE)
    day = _KINDS[name][1](found, today) if found else None
    beside = earlier[-1].date if earlier and match.start() - earlier[-1].end <= _BESIDE else None
    if found and day and beside and name == "k_weekday" and not found["which"] and beside.weekday() == day.weekday():
        return beside  # 三月九号，周一
    return day


def _number(text: str) -> int:
    either = _OR.fullmatch(text)
    return int(find_numbers((either[1] or "") + either[2] if either else text)[0].value)


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


def month_named(named: str | None, today: date) -> tuple[int, int]:
    """Year and month of 下个月, of 下下个月 and 再下个月, which are two ahead, or this one where none is named."""
    return _month(today, (sum(char in "再下" for char in named) or 1) if named else 0)


def _on(year: int, month: int, day: int) -> date | None:
    last = monthrange(year, month)[1]
    return date(year, month, min(day, last)) if 1 <= day <= 31 else None


def _day_of_month(match: re.Match[str], today: date) -> date | None:
    day = _number(match["day"])
    if match["next"]:
        return _on(*month_named(match["next"], today), day)
    this = _on(today.year, today.month, day)
    # 这个月十五号 said on the 20th is a slip or the past: a promise means the next one.
    return this if this is None or this >= today else _on(*_month(today, 1), day)


def _full_date(match: re.Match[str], today: date) -> date | None:
    return _in_month(match, _number(match["day"]), today)


def _in_month(match: re.Match[str], day: int, today: date) -> date | None:
    """That day of a month that is named, in the year named or else the next time that it comes."""
    month = _number(match["month"])
    if not 1 <= month <= 12:
        return None
    if match["year"]:
        return _on(_year(match["year"], today), month, day)
    this = _on(today.year, month, day)
    return this if this is None or this >= today else _on(today.year + 1, month, day)


def _year(named: str, today: date) -> int:
    """今年, 明年, 26年, 2026年."""
    if named in _YEARS:
        return today.year + _YEARS[named]
    return today.year // 100 * 100 + _number(named[-3:-1])


def _part_of_month(match: re.Match[str], today: date) -> date | None:
    year, month = month_named(match["next"], today)
    if match["part"] in ("底", "末", "最后一天"):
        return _on(year, month, 31)
    day = _PARTS[match["part"]]
    this = _on(year, month, day)
    return this if match["next"] or this is None or this >= today else _on(*_month(today, 1), day)


def _part_of_named_month(match: re.Match[str], today: date) -> date | None:
    return _in_month(match, _PARTS[match["part"]], today)


def _after_hours(match: re.Match[str], today: date) -> date | None:
    soon = match["count"] == "半" or match["unit"] == "分钟"
    return today + timedelta(hours=0 if soon else _number(match["count"]))


def _within(match: re.Match[str], today: date) -> date | None:
    """The last day of this or the next week, month or year: 这周内, 下个月之内, 年内."""
    later = match["which"].count("下")
    if match["unit"] == "年":
        return date(today.year + later, 12, 31)
    if match["unit"] == "月":
        return _on(*_month(today, later), 31)
    return today + timedelta(days=6 - today.weekday() + 7 * later)


def _after_days(match: re.Match[str], today: date) -> date | None:
    count = _number(match["count"]) if match["count"] != "半" else 0
    unit = match["unit"]
    if unit == "年":  # nobody promises to pay after more, but 五年后消除 is told
        return _on(*_month(today, 12 * count or 6), today.day) if count < 2 else None
    if unit.endswith("月"):
        return today + timedelta(days=15) if match["count"] == "半" else _on(*_month(today, count), today.day)
    return today + timedelta(days=count * (7 if unit.endswith(("周", "星期", "礼拜")) else 1)) if count else None


def _year_end(match: re.Match[str], today: date) -> date | None:
    later = today.year + match.group().startswith("明年")
    return date(int(match["named"] or later), 12, 31)


#: The last day meant by a part of a month; 月初 is its first, as 月底 is its last.
_PARTS = {"初": 1, "头": 1, "中": 15, "中旬": 15, "上旬": 10, "下旬": 31, "底": 31, "末": 31, "最后一天": 31}

_NEAR = {
    **dict.fromkeys(("今天", "今日", "今晚", "今儿个", "今儿", "今早", "今夜", "今下午"), 0),
    **dict.fromkeys(
        ("现在", "马上", "立刻", "立马", "这就", "待会儿", "待会", "等会儿", "等会", "一会儿", "一会", "等下"), 0
    ),
    **dict.fromkeys(("明天", "明日", "明早", "明晚", "明儿个", "明儿", "听日"), 1),
    **dict.fromkeys(("后天", "后日", "后儿个", "后儿"), 2),
    **dict.fromkeys(("大后天", "大后日", "大后儿"), 3),
    "大大后天": 4,
}

#: Kind of expression: how it looks, how it is resolved. The first that matches at a place is taken.
_KINDS: dict[str, tuple[str, Callable[[re.Match[str], date], date | None]]] = {
    # Tells what day it is; nothing is named by it.
    "k_told": (
        rf"(?:今[天儿日](?:都|已经|是|才)*{_THE_DAY}|(?:都|已经){_THE_DAY}(?![才再]))",
        lambda _, __: None,
    ),
    # Of an offer, of a month, of what may be waited for: it is not the month's.
    "k_last_day": (
        "今[天儿日](?:还款|[^，。！？不还付转给月号]){0,8}最后一天|最后一天(?:就|也|可)?是今[天儿日]",
        lambda _, today: today,
    ),
    "k_near": (
        rf"(?!现在(?:都|才|是)?{_NUM}点)"
        rf"(?:{'|'.join(sorted(_NEAR, key=len, reverse=True))})(?!(?<=等下)个?[月周星礼])",
        _later(_NEAR),
    ),
    "k_weekday": (
        rf"(?<!上)(?<!上个)(?P<which>(?:下下|下|这|本)?个?)(?:周|星期|礼拜){_EITHER}?(?P<day>[一二三四五六日天末1-7])(?!(?<=[1-7])[0-9]|[个天年期])",
        _weekday,
    ),
    "k_month_part": (
        rf"(?<!上个)(?<!上)(?:{_THIS_MONTH}|{_NEXT_MONTH})?的?(?:月)?(?P<part>底|末|初|头|中旬|上旬|下旬|最后一天|中)"
        r"(?:(?<=月底|月末|月初|月头|月中|中旬|上旬|下旬)|(?<=最后一天))",
        _part_of_month,
    ),
    "k_lunar": (LUNAR_DAY, lunar_day),
    "k_festival": (FESTIVAL, festival),
    "k_full_date": (rf"{_YEAR}(?P<month>{_NUM})月份?的?(?P<day>{_NUM}(?={_NTH})|{_BARE_DAY})[号日]?", _full_date),
    "k_named_month_part": (
        rf"{_YEAR}(?P<month>{_NUM})月份?的?月?(?P<part>底|末|初|中旬|上旬|下旬|最后一天)",
        _part_of_named_month,
    ),
    "k_bare_day_of_month": (
        rf"(?<!上个月)(?<!上月)(?:{_THIS_MONTH}|{_NEXT_MONTH}|每个?月|最[晚迟])的?(?P<day>{_BARE_DAY})",
        _day_of_month,
    ),
    "k_day_of_month": (
        rf"(?<!上个月)(?<!上月)(?:{_THIS_MONTH}|{_NEXT_MONTH}|每个?月)?的?(?P<day>{_NUM}){_NTH}",
        _day_of_month,
    ),
    "k_after": (
        rf"{_NOT_LATE_BY}(?:过|等我|等|再给我|给我|宽限)?(?P<count>{_NUM}|半)(?P<unit>天|个?星期|周|个?礼拜|个月|年)"
        "(?:之?[后内]|以后|以内|(?:的?时间|左右|的样子)(?!了))",
        _after_days,
    ),
    "k_wait": (
        rf"(?:再?过|等我|等|再给我|给我|宽限我?|最多|顶多|最迟|最晚|再有|还要|还得)(?P<count>{_NUM}|半)(?P<unit>天|个?星期|周|个?礼拜|个月|年){_NO_RATE}",
        _after_days,
    ),
    # 一周我只能凑两万 is how long he is given, and so when.
    "k_given": (
        rf"(?<![^，。！？])(?P<count>{_NUM}|半)(?P<unit>天|个?星期|周|个?礼拜|个月)我(?:也|就|只|大概|最多)*(?:能|可以)(?!上|休|去|回)",
        _after_days,
    ),
    "k_year_end": ("(?:今年|明年|(?P<named>20[0-9]{2}))?年底", _year_end),
    "k_hours": (rf"(?P<count>{_NUM}|半)(?P<unit>个?小时|个?钟头|分钟)(?:之?[后内]|以后|以内)", _after_hours),
    "k_within": (r"(?P<which>(?:这|本|今|当|下)?个?)(?P<unit>周|星期|礼拜|月|年)(?:之内|以内|内)", _within),
    "k_same": ("当天|当日|当晚|那天|那日|那一天|那晚|到时候|同一天|第二天", lambda _, today: today),
    "k_clock": (
        rf"(?<![天日号五六一二三四末早个昨前])(?:晚上|下午|傍晚|中午|晌午|夜里|(?<![点半])下了?班|吃[完了][晚午中]?饭)|(?:{_NUM}点(?:钟|半)?|[0-9]{{1,2}}[:：][0-9]{{2}})(?:之前|以前|前)",
        lambda _, today: today,
    ),
}


def _unnamed(pattern: str) -> str:
    """The pattern without group names: names must be unique in the joined expression."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


#: What days begin with. At most characters of a call there are then not sixteen kinds to try.
BEGINNINGS = "".join(
    {
        *"0123456789一二三四五六七八九十两半下这本个周星礼当次的月底末初中上最农阴正冬腊大过每等再给宽今明年那到同第晚头傍晌夜都已吃"
    }
    | {name[0] for name in (*_NEAR, *FESTIVALS)}
)

#: What a number of a day is written with, and where one goes on. Behind digits of a sum another begins: 4000二十号.
_NUMERALS = "0-9一二三四五六七八九十"
_GOES_ON = f"(?<=[{_NUMERALS}])(?!(?<=[0-9]{{3}})[^0-9])(?!{AFTER_SUM})[{_NUMERALS}]"
KINDS = [f"(?P<{name}>{_unnamed(pattern)})" for name, (pattern, _) in _KINDS.items()]

#: Not from the middle of a number: no 十号 in 上个月二十号.
#: But 五一 in 两千四五一前, where no numeral goes on.
_DAY = re.compile(f"(?!{_GOES_ON})(?=[{BEGINNINGS}])(?:{'|'.join(KINDS)})")
