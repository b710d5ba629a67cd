"""Sums of money as people name them: 三千二, 1.5万, 两百块, 千把块, and what only looks like one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from rules.dates import Day, find_days
from rules.numerals import Number, find_numbers
from rules.paying import HOTLINE

_NOT_MONEY = re.compile(
    r"^(?:月(?![底末初中])|[号日天期点个年岁次分%％位楼层栋口折张名家条件遍斤]|(?:周|星期|礼拜)(?![一二三四五六日天末])|多天|小时|时|分钟|单元|来号)"
)
_PAID_BY = re.compile(
    r"(?:还|转|打|存|汇|划|付|交|缴|凑|给|拿|补|结|先|过|放)(?:个|上|给|出|够|足|掉)?(?:你|您)?们?(?:个)?$"
)
_HOTLINE = re.compile(HOTLINE)
#: Digits that name something or somebody: 尾号3500, 身份证后四位是3500.
_NO_SUM = re.compile(
    r"(?:尾号|[后前]?[四六]位(?:数字?)?|工号|卡号|电话|手机号?|身份证号?|号码|编号|热线|拨打|验证码)(?:是|为|就是)?$"
)
#: 千把块, 万来块: about so much, without saying how many of them.
_ABOUT = re.compile(
    "(?<![0-9零一二两三四五六七八九十百千万几数好大])(?P<unit>[百千万])(?:把|来)(?=块|元|[，。！,.吧]|$)"
)
_CHANGE = re.compile(
    r"[块元](?:钱)?零?(?:(?P<dimes>[\d一二两三四五六七八九])(?:[毛角]|(?=$|[，。！？?,.\s吧啊呢吗的是])))?零?(?:(?P<cents>[\d一二两三四五六七八九])(?:分(?!期|[一二两三四五六七八九十\d])|(?<=[毛角].)(?=$|[，。！,.\s吧啊的])))?"
)
#: 2500 as recognisers write it, which people say of money unless it is a year, or part of a code.
_DIGITS = re.compile(r"[1-9][0-9]{2,5}(?:\.[0-9]{1,2})?")
_OF_CODE = re.compile(r"(?<![:：][0-5])[0-9a-z号第][\s:：-]?$", re.IGNORECASE)
_IN_CODE = re.compile(r"年|室|房|床|号|楼|栋|强|公里|米|斤|平|次|天|页|路|[\s:：-]?[0-9a-z]", re.IGNORECASE)
_UP_TO = re.compile("(?:[百千万元块]|[0-9]{3}|[百千万][一二三四五六七八九])(?:到|至)$")
#: The time of a day in digits alone: 下午1730, 今天1500之前. An evening's 1800 may be either, and is a sum.
HHMM = re.compile("(?:0[5-9]|1[0-9]|2[0-3])[0-5][05]")
_ABOUT_AT = "(?:[的在就]|大概|大约|差不多)?"
_QUARTER = re.compile(
    f"(?:(?:上午|早上?|凌晨){_ABOUT_AT}(?:0[5-9]|1[01])|[中下]午{_ABOUT_AT}1[1-8]|(?:晚上?|夜里){_ABOUT_AT}(?:1[7-9]|2[0-3]))(?:[14]5|30)$"
)
_BY = re.compile("[之以]?前(?![面后天期]|[您你我]?(?:答应|承诺|[说就已都没]|[还转]过))")
#: Behind the day, which is a space by then, or where a clause begins.
_AT = re.compile(r"(?:^|[\s，。,.午晚早上在到])$")
#: 五百年吧: what is put off for ever.
_AGES = re.compile("年(?:[以之]?后|吧)")
#: How many characters beside a number tell whether it is a sum.
_BESIDE = 24
_UNITS = {"百": 100, "千": 1000, "万": 10_000}


@lru_cache(maxsize=16)  # what is said is asked about several times in a row; only to be read
def amounts(text: str, today: date) -> list[tuple[Number, Decimal]]:
    """Every sum in `text`, in order, in yuan: beside 元 or 块, with 百 千 万 in it, or right after an act of paying.

    The days named in it, as on `today`, are no sums.
    """
    return sorted(_sums(text, find_days(text, today)), key=lambda found: found[0].start)


def besides(said: str, named: Iterable[Day | Number], instead: str = " ") -> str:
    """What is said besides what is named there: the character `instead` stands for each of its own."""
    rest = list(said)
    for one in named:
        rest[one.start : one.end] = instead * (one.end - one.start)
    return "".join(rest)


def _sums(text: str, days: Sequence[Day]) -> Iterator[tuple[Number, Decimal]]:
    # 周三一千 is Wednesday and a thousand: numbers are looked for beside the days.
    beside = besides(text, days)
    least: Decimal | None = None
    for number in find_numbers(beside):
        if HHMM.fullmatch(beside, number.start, number.end) and _is_hour(text, beside, number):
            continue
        # 一千到两千: as of 两三千, the smaller can be held to.
        before = max(0, number.start - _BESIDE)
        value = (least if _UP_TO.search(beside, before, number.start) else None) or _money(beside, number)
        if value:
            change = _change_of(beside, number) if beside[number.end : number.end + 1] in "块元" else None
            yield replace(number, end=change.end()) if change and change["dimes"] else number, value
        least = value
    for about in _ABOUT.finditer(beside):
        worth = _UNITS[about["unit"]]
        yield Number(*about.span(), str(worth)), Decimal(worth)


def _is_hour(text: str, beside: str, number: Number) -> bool:
    """Whether the digits are a time of day: 下午1730还. In `beside` the days of the text are spaces."""
    before = max(0, number.start - _BESIDE)
    if _BY.match(text, number.end) and _AT.search(beside[before : number.start]):
        return True
    unit = text[number.end : number.end + 1]
    return _QUARTER.search(text, before, number.end) is not None and unit not in ("元", "块")


def _money(text: str, number: Number) -> Decimal | None:
    written = text[number.start : number.end]
    before, after = text[max(0, number.start - _BESIDE) : number.start], text[number.end : number.end + _BESIDE]
    if after.startswith("年") and re.search("[百千]", written) and not _AGES.match(after):
        after = "元" + after[1:]  # Whisper hears 三千七百二十年; nobody counts that many years.
    if _NOT_MONEY.match(after) or _NO_SUM.search(before) or not re.fullmatch(r"\d{1,9}(?:\.\d{1,2})?", number.digits):
        return None
    if re.match(r"0\d", number.digits):
        return None
    unit = re.match(r"(?:多|来|整)?(?:元|块|万|人民币|个?大洋)", after)
    if not unit and _HOTLINE.fullmatch(number.digits) and not re.search("[十百千万]", written):
        return None
    scale = 10_000 if unit and "万" in unit.group() else 1
    alone = len(number.digits) >= 3 and bool(re.match(r"$|[，。！？；,.!?;\s吧啊呗嘛行整]", after))
    if _DIGITS.fullmatch(written):
        alone = alone or not (_OF_CODE.search(before) or _IN_CODE.match(after))
    if unit or re.search("[百千万]", written) or (number.value >= 50 and _PAID_BY.search(before)) or alone:
        return number.value * scale + _worth(_change_of(text, number))
    return None


def _change_of(text: str, number: Number) -> re.Match[str] | None:
    """What stands behind the yuan: 五毛, 五角六分. Behind round ones 二是 begins what is said next: 一千块二是利息."""
    change = _CHANGE.match(text, number.end)
    second = change and change[0][-1] not in "块元钱毛角分" and text.startswith("是", change.end())
    return None if second and number.value % 100 == 0 else change


def _worth(change: re.Match[str] | None) -> Decimal:
    dimes, cents = (change["dimes"], change["cents"]) if change else (None, None)
    return sum((find_numbers(one)[0].value / worth for one, worth in ((dimes, 10), (cents, 100)) if one), Decimal(0))
