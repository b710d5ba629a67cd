"""What was said before a day, and the day -> the day of the month or week talked of."""

from datetime import date

import pytest

from rules.periods import Periods

MARCH = date(2026, 3, 2)  # a Monday


@pytest.mark.parametrize(
    ("heard", "asked", "said", "named", "meant"),
    [
        ("下个月吧", "下个月几号", "五号", "03-05", "04-05"),
        ("下个月吧", "几号", "五号", "03-05", "04-05"),
        ("等四月份", "几号", "十号", "03-10", "04-10"),
        ("下个月底", "几号", "十号", "03-10", "03-10"),
        ("下个月吧", "这个月呢", "十号", "03-10", "03-10"),
        ("", "下个月还两千可以吗", "先还一千五，十二号", "03-12", "03-12"),
        ("", "您的还款日是四月五号，您几号能还", "二十号", "03-20", "03-20"),
        ("去年八月份借的", "几号", "十号", "03-10", "03-10"),
        ("", "", "这个月二十五号五千，下个月一万，也是二十五号", "03-25", "04-25"),
        ("", "二十号两万，四月底两万五", "嗯", "03-20", "03-20"),
        ("下周吧", "下周几", "周三", "03-04", "03-11"),
        ("这周吧", "周几", "周三", "03-04", "03-04"),
        ("", "再下个月呢", "三十一号", "03-31", "05-31"),
        ("", "四月份几号", "三十一号", "03-31", "04-30"),
    ],
)
def test_days_of_the_period_talked_of(heard: str, asked: str, said: str, named: str, meant: str) -> None:
    periods = Periods(MARCH)
    periods.hear(0, heard)
    day = periods.day_meant(1, date.fromisoformat(f"2026-{named}"), asked, said)
    assert day == date.fromisoformat(f"2026-{meant}")
