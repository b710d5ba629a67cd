"""Days as they are named -> the day meant."""

import re
import string
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.dates import BEGINNINGS, KINDS, find_days

MARCH = date(2026, 3, 11)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "today", "days"),
    [
        ("明天下午三点前", MARCH, ["2026-03-12"]),
        ("三点前", MARCH, ["2026-03-11"]),
        ("后日", MARCH, ["2026-03-13"]),
        ("大后天", MARCH, ["2026-03-14"]),
        ("下个星期二结账，当晚", MARCH, ["2026-03-17", "2026-03-17"]),
        ("上周五", MARCH, []),
        ("本月内", MARCH, ["2026-03-31"]),
        ("下周之内", MARCH, ["2026-03-22"]),
        ("48小时内", MARCH, ["2026-03-13"]),
        ("半个月后", MARCH, ["2026-03-26"]),
        ("半年后", MARCH, ["2026-09-11"]),
        ("四十分钟之内", MARCH, ["2026-03-11"]),
        ("三月二十三号，周一", MARCH, ["2026-03-23", "2026-03-23"]),
        ("三月二十三号，周二", MARCH, ["2026-03-23", "2026-03-17"]),
        ("二月最后一天之前", date(2024, 2, 1), ["2024-02-29"]),
        ("四月中旬", MARCH, ["2026-04-15"]),
        ("下个月初", MARCH, ["2026-04-01"]),
        ("年底", MARCH, ["2026-12-31"]),
        ("国庆", MARCH, ["2026-10-01"]),
        ("国庆节前", MARCH, ["2026-09-30"]),
        ("国庆放假后", MARCH, []),
        ("元旦那天", date(2025, 12, 24), ["2026-01-01", "2026-01-01"]),
        ("六千六一次还清", MARCH, []),
        ("春节前", date(2026, 1, 10), ["2026-02-16"]),
        ("春节", date(2026, 3, 1), ["2027-02-06"]),
        ("除夕", date(2026, 1, 3), ["2026-02-16"]),
        ("大年三十", date(2027, 1, 3), ["2027-02-05"]),
        ("过完年", date(2026, 1, 5), []),
        ("腊月二十八", date(2026, 1, 10), ["2026-02-15"]),
        ("正月十五之前", date(2026, 1, 10), ["2026-03-03"]),
        ("初八开工", date(2026, 2, 1), ["2026-02-24"]),
        ("孩子初三", MARCH, []),
        ("中秋", MARCH, ["2026-09-25"]),
        ("端午前", MARCH, ["2026-06-18"]),
        ("清明", MARCH, ["2026-04-05"]),
        ("农历八月十五", MARCH, ["2026-09-25"]),
        ("八月十五", MARCH, []),
        ("四月份月底", MARCH, ["2026-04-30"]),
        ("三月二十还", MARCH, ["2026-03-20"]),
        ("三月二十天", MARCH, []),
        ("三月二十块", MARCH, []),
        ("明年五月五号", MARCH, ["2027-05-05"]),
        ("二零二七年一月底", MARCH, ["2027-01-31"]),
        ("26年4月1号", MARCH, ["2026-04-01"]),
        ("十五六号", MARCH, ["2026-03-16"]),
        ("二十七八号", MARCH, ["2026-03-28"]),
        ("三四天之内", MARCH, ["2026-03-15"]),
        ("过两三天", MARCH, ["2026-03-14"]),
        ("最多一个礼拜", MARCH, ["2026-03-18"]),
        ("一个月左右", MARCH, ["2026-04-11"]),
        ("半小时之内", MARCH, ["2026-03-11"]),
        ("下周三四的样子", MARCH, ["2026-03-19"]),
        ("周五六百块", MARCH, ["2026-03-13"]),
        ("周三四点钟", MARCH, ["2026-03-11"]),
        ("月头", MARCH, ["2026-04-01"]),
        ("这个月二十五六还", MARCH, ["2026-03-26"]),
        ("这个月二十块", MARCH, []),
        ("我十二月一定给你还三千", MARCH, []),
        ("六月一次性还清", MARCH, []),
        ("三月一过我就还", MARCH, []),
        ("五月一直", MARCH, []),
        ("一共十二月一起还", MARCH, []),
        ("一月两次", MARCH, []),
        ("三月两笔", MARCH, []),
        ("三月二十笔", MARCH, []),
        ("三月二号", MARCH, ["2027-03-02"]),
        ("3月12还", MARCH, ["2026-03-12"]),
        ("三月二十五六还", MARCH, ["2026-03-26"]),
        ("三月二十号楼", MARCH, []),
        ("下个月十五号再还", MARCH, ["2026-04-15"]),
        ("下个月十五号楼", MARCH, []),
        ("我都逾期三天左右了", MARCH, []),
        ("才逾期一个月左右", MARCH, []),
        ("拖了半个月左右", MARCH, []),
        ("来这里三天左右了", MARCH, []),
        ("最多三天给我打一个电话", MARCH, []),
        ("我最多一个月工资三千", MARCH, []),
        ("最多三天打给你", MARCH, ["2026-03-14"]),
        ("再过三天给我发工资", MARCH, ["2026-03-14"]),
        ("最多三天一次性还清", MARCH, ["2026-03-14"]),
        ("再给我三天左右", MARCH, ["2026-03-14"]),
    ],
)
def test_days(text: str, today: date, days: list[str]) -> None:
    assert [day.date.isoformat() for day in find_days(text, today)] == days


@given(st.text(sorted(set("".join(KINDS)) - set(string.printable)) + list("15"), max_size=8))
@settings(deadline=None)
def test_days_begin_as_they_are_said_to(said: str) -> None:
    kinds = [re.compile(kind) for kind in KINDS]
    for at in range(len(said)):
        assert said[at] in BEGINNINGS or not any(kind.match(said, at) for kind in kinds)
