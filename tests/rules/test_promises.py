"""What the customer said on Monday 2 March 2026 -> what was promised."""

from datetime import date
from decimal import Decimal

import pytest

from rules import find_promises
from tests.rules.helpers import call

MONDAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "amount", "day"),
    [
        ("我明天还", None, "2026-03-03"),
        ("那行吧，我这个月十五号先还三千块", 3000, "2026-03-15"),
        ("我明天下午发工资，明天就还清，八千四百六十。", 8460, "2026-03-03"),
        ("下午三点前转过去五百", 500, "2026-03-02"),
        ("我晚上回去就处理", None, "2026-03-02"),
        ("下个月发工资还你八百", 800, None),
        ("我答应你二十号", None, "2026-03-20"),
        ("等我两天", None, "2026-03-04"),
        ("让家人先垫上", None, None),
        ("我月底前把本金八千还了", 8000, "2026-03-31"),
        ("明天还不上，后天还", None, "2026-03-04"),
        ("周五之前一定还", None, "2026-03-06"),
        ("月底发工资就还", None, "2026-03-31"),
        ("十五号还五百", 500, "2026-03-15"),
        ("一号还五百", 500, "2026-04-01"),
        ("我先还一千", 1000, None),
        ("下周一我还进去", None, "2026-03-09"),
        ("下下周三还两千", 2000, "2026-03-18"),
        ("今晚十二点前处理", None, "2026-03-02"),
        ("我现在就去还", None, "2026-03-02"),
        ("下个月五号还两千一百八十元", 2180, "2026-04-05"),
        ("下个月底还清一万二", 12000, "2026-04-30"),
        ("四月十号还1.5万", 15000, "2026-04-10"),
        ("三天之内还八百", 800, "2026-03-05"),
        ("一个星期以后还", None, "2026-03-09"),
        ("周日转给你三百块", 300, "2026-03-08"),
        ("我每个月还八百块", 800, None),
        ("行那我还", None, None),
        ("后天把五千块打过去", 5000, "2026-03-04"),
        ("等下个月十号，我还两千", 2000, "2026-04-10"),
    ],
)
def test_promises(text: str, amount: int | None, day: str | None) -> None:
    (promise,) = find_promises(call(f"客户：{text}"), MONDAY)
    assert promise.amount == (None if amount is None else Decimal(amount))
    assert promise.date == (None if day is None else date.fromisoformat(day))
    assert promise.text in text


@pytest.mark.parametrize(
    "text",
    [
        "我明天还不了",
        "我还不想还",
        "还有别的办法吗",
        "下个月再说吧",
        "我尽量明天还",
        "月底看看能不能凑一点",
        "我考虑一下，下周一给你答复",
        "能不能下个月还",
        "明天还行吗？",
        "没钱还",
        "我已经还了三千",
        "怎么还",
        "什么时候还",
        "我还没发工资",
        "我还在上班",
        "你欠我钱还差不多",
        "可能下周还吧",
        "我得跟家里商量一下，明天再说",
        "工资没发，还不上",
        "我想今天还掉一部分",
        "我今天还了两百",
        "刚刚还进去了",
        "我还是还到信用卡里面吧",
    ],
)
def test_no_promise(text: str) -> None:
    assert find_promises(call(f"客户：{text}"), MONDAY) == []


def test_the_agent_asking_is_no_promise() -> None:
    assert find_promises(call("坐席：您明天还三千可以吗\n客户：我看看吧"), MONDAY) == []


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("客户：我明天还\n坐席：好的，明天还三千元，是吗？\n客户：是的", (3000, "2026-03-03")),
        ("客户：今天晚上就还\n坐席：好的\n客户：那我全部还清，三千七百二十元", (3720, "2026-03-02")),
        # A plan of instalments is one promise: what falls due next.
        ("客户：我周五还五千，剩下的下个月十号还", (5000, "2026-03-06")),
        ("客户：明天还五千后天还三千", (5000, "2026-03-03")),
        ("客户：月初还一千五，剩下月底还", (1500, "2026-04-01")),
        ("客户：我周四还，不对，周五还三千", (3000, "2026-03-06")),
        ("客户：我明天还五百\n坐席：太少了\n客户：那月底还两千", (2000, "2026-03-31")),
    ],
)
def test_the_last_promise_is_what_the_call_ends_on(script: str, last: tuple[int | None, str]) -> None:
    promise = find_promises(call(script), MONDAY)[-1]
    assert (promise.amount, promise.date) == (
        None if last[0] is None else Decimal(last[0]),
        date.fromisoformat(last[1]),
    )
