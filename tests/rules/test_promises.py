"""What the customer said on Monday 2 March 2026 -> what was promised."""

import string
from datetime import date
from decimal import Decimal

import pytest
import regex

from rules import check, find_promises
from rules.paying import ACTS, ACTS_BEGIN, DOUBTS, DOUBTS_BEGIN, REFUSALS, REFUSALS_BEGIN
from rules.promises import find_withdrawn
from tests.rules.helpers import built_in, call

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
        ("我老公会还你的", None, None),
        ("我爸明天帮我还三千", 3000, "2026-03-03"),
        ("我让我媳妇晚上给你转过去", None, "2026-03-02"),
        ("分三期，每个月十号还八百", 800, "2026-03-10"),
        ("我周五还三千行不行", 3000, "2026-03-06"),
        ("三千二我明天给你打过去", 3200, "2026-03-03"),
        ("两万五我下下周一还清", 25000, "2026-03-16"),
        ("一千零五十，我半个月后还", 1050, "2026-03-17"),
        ("大后天我去银行存", None, "2026-03-05"),
        ("四月中旬还你六千", 6000, "2026-04-15"),
        ("下个月初还一千", 1000, "2026-04-01"),
        ("十五号之前还上", None, "2026-03-15"),
        ("年底一定结清", None, "2026-12-31"),
        ("五一前我还八百", 800, "2026-04-30"),
        ("端午前给你结掉", None, "2026-06-18"),
        ("中秋我回家拿钱还你五千", 5000, "2026-09-25"),
        ("明儿个给您把钱打过去", None, "2026-03-03"),
        ("成，后天我叫我哥给你转两千", 2000, "2026-03-04"),
        ("我今晚就去柜员机存一千五", 1500, "2026-03-02"),
        ("礼拜三发工资，发了给你一千", 1000, "2026-03-04"),
        ("别催了，我周四肯定转给你", None, "2026-03-05"),
        ("明天上午十点前我把那一千二缴上", 1200, "2026-03-03"),
        ("我明天到网点去把它存了", None, "2026-03-03"),
        ("我认，下个礼拜一我一次性给你结清，一共四千六", 4600, "2026-03-09"),
        ("行行行，三天之内给你搞定", None, "2026-03-05"),
        ("两周内我还一半", None, "2026-03-16"),
        ("我先把利息还了，三百二", 320, None),
        ("我今天下午就把五百块钱给你们打到卡里", 500, "2026-03-02"),
        ("那我八号还你一千五，你别再给我家里打了", 1500, "2026-03-08"),
        ("卡里有两千，你们直接扣", 2000, None),
        ("我明天往卡里存钱，你们自己扣", None, "2026-03-03"),
        ("周五前后吧，我给你转", None, "2026-03-06"),
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
        "你找他要去，他会还",
        "叫我弟还吧，我没钱",
        "我上周还了两千",
        "我昨天已经转过去了",
        "早就结清了",
        "上个月十号还过一次",
        "刚存了五百进去",
        "有钱了就还",
        "等我缓过来再还",
        "我哪有钱还",
        "拿什么还",
        "能还我早还了",
        "我又不是不还",
        "我肯定会还的，但是现在没钱",
        "你让我怎么还",
        "还款日是几号",
        "我还有别的账要还",
        "还差多少",
        "还要还多少",
        "我还完房贷就没钱了",
        "我每月还你五百行不行",
        "我尽量周五还",
        "周五还，不过不一定",
        "争取月底还你三千",
        "月底看看能不能凑三千",
        "下周再说",
        "过几天吧",
        "过阵子我有钱了一定还",
        "到时候再看",
        "我周五还不了三千",
        "明天不还，后天也不还",
        "还钱？做梦吧",
        "钱我一定还，你放心",
        "我不会赖账的",
        "我还你个鬼",
        "明天给你打电话",
        "我明天去打工",
        "我转给我老婆看看",
        "后天我还在外地",
        "过两天我还得住院",
        "下周还要交学费",
        "你能帮我还吗，一个月三千我哪有",
        "你给我还啊，五千块你给我出",
        "我还，我拿什么还，你给我还两万啊",
        # What others may pay him first, with no day of its own.
        "要是他们把钱给我，我立马就还你",
        "只要老板给我结了账，我马上打给你",
        "人家把工程款给我了我就给你还",
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
        ("客户：我周五还五千，剩下的下个月十号还", (None, "2026-04-10")),
        ("客户：明天还五千后天还三千", (3000, "2026-03-04")),
        ("坐席：您应还三千五\n客户：周四两千\n坐席：好的\n客户：算了，明天一次性给你结了", (3500, "2026-03-03")),
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


@pytest.mark.parametrize(
    ("asked", "said", "amount", "day"),
    [
        ("您什么时候还", "礼拜五吧", None, "2026-03-06"),
        ("您什么时候还", "月底。", None, "2026-03-31"),
        ("您能还多少", "两千吧", 2000, None),
        ("您能还多少", "我手上就八百块", 800, None),
        ("您说个具体日子", "后天，后天一定", None, "2026-03-04"),
        ("那就周五还三千行吗", "行", 3000, "2026-03-06"),
        ("那就周五还三千行吗", "嗯，行吧", 3000, "2026-03-06"),
        ("那就周五还三千行吗", "可以可以", 3000, "2026-03-06"),
        ("那就周五还三千行吗", "没问题", 3000, "2026-03-06"),
        ("那就周五还三千行吗", "好嘞，就这么定了", 3000, "2026-03-06"),
        ("那就周五还三千行吗", "行啊，你放心", 3000, "2026-03-06"),
        ("那就周五还三千行吗", "周五不行，周六吧", 3000, "2026-03-07"),
        ("那就周五还三千行吗", "三千拿不出来，先还两千", 2000, "2026-03-06"),
        ("那就周五还三千行吗", "行，不过得周六", 3000, "2026-03-07"),
        ("您今天还能先还五百吗", "能", 500, "2026-03-02"),
        ("您今天还能先还五百吗", "能是能，但是得晚上", 500, "2026-03-02"),
        ("您什么时候还款", "十五号吧，三千二", 3200, "2026-03-15"),
        ("您打算怎么处理", "四月一号，两千块", 2000, "2026-04-01"),
        ("您能还多少", "一千，后天", 1000, "2026-03-04"),
        ("那就周五还三千行吗", "行，你先别打我家里电话了", 3000, "2026-03-06"),
        ("您看这周能处理吗", "周四行不", None, "2026-03-05"),
        ("您几号能还", "二十五吧", None, "2026-03-25"),
        ("您几号能还上", "十五", None, "2026-03-15"),
    ],
)
def test_an_answer_or_a_yes_promises(asked: str, said: str, amount: int | None, day: str | None) -> None:
    (promise,) = find_promises(call(f"坐席：{asked}\n客户：{said}"), MONDAY)
    assert (promise.amount, promise.date) == (
        None if amount is None else Decimal(amount),
        None if day is None else date.fromisoformat(day),
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("那就周五还三千行吗", "不行"),
        ("那就周五还三千行吗", "我考虑考虑"),
        ("那就周五还三千行吗", "行不行的再说吧"),
        ("那就周五还三千行吗", "好难啊"),
        ("那就周五还三千行吗", "可以是可以，就是没钱"),
        ("那就周五还三千行吗", "你说行就行？"),
        ("您工资几号发", "十号"),
        ("您欠款三千元您知道吗", "知道"),
        ("您的最低还款额是三百七十二元", "好，我知道了"),
        ("您哪天能还", "我周五还在住院"),
        ("您哪天能还", "下周我出差"),
        ("那就周五还三千行吗", "嗯嗯知道了"),
        ("您看这周能处理吗", "我会处理的别催"),
        ("您看这周能处理吗", "肯定还肯定还"),
        ("您看这周能处理吗", "我昨天才交了两千房租"),
        ("您看这周能处理吗", "我孩子周五要交三千学费"),
    ],
)
def test_an_answer_that_promises_nothing(asked: str, said: str) -> None:
    assert find_promises(call(f"坐席：{asked}\n客户：{said}"), MONDAY) == []


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("发了工资就还", "发了工资"),
        ("等我发了工资就还", "等我发了工资"),
        ("你们减免利息我就还", "你们减免利息"),
        ("等工程款下来我就全部结清", "等工程款下来"),
        ("我把车卖了就还你", "把车卖了"),
        ("我这边十五号工资发下来就给你转两千", "工资发下来"),
        ("只要利息能减，我二十号就还五千", "只要利息能减"),
        ("工资要是十号能到账的话我就还一千二", "工资要是十号能到账"),
    ],
)
def test_conditions(text: str, condition: str) -> None:
    (promise,) = find_promises(call(f"客户：{text}"), MONDAY)
    assert promise.condition == condition


@pytest.mark.parametrize(
    "text",
    [
        "我十号之后还两千",
        "等到十号就还",
        "三天以后就还",
        "下个月五号我就还",
        "今晚到家就还",
        "你放心吧二十号我肯定还三千",
    ],
)
def test_a_day_is_no_condition(text: str) -> None:
    (promise,) = find_promises(call(f"客户：{text}"), MONDAY)
    assert promise.condition is None


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("坐席：您什么时候能还\n客户：我周五还三千行吗\n坐席：行，没问题", (3000, "2026-03-06")),
        ("坐席：您工资几号发\n客户：十号\n坐席：那您看\n客户：发了工资就还两千", (2000, "2026-03-10")),
        ("客户：下周五先还五千\n坐席：好的，下周五\n客户：不对，是这个礼拜五", (5000, "2026-03-06")),
        ("坐席：您一共欠三千二\n客户：嗯\n坐席：那您哪天能处理\n客户：后天我都给你还了", (3200, "2026-03-04")),
        ("坐席：您欠款一万，本月应还八百\n客户：明天我全部结清", (10000, "2026-03-03")),
        ("坐席：您本期应还两千三百四十元\n客户：嗯\n坐席：今天能处理吗\n客户：今晚我全还上", (2340, "2026-03-02")),
        ("坐席：最低还款是一千零八十\n客户：那我先还最低吧，明天", (1080, "2026-03-03")),
        ("坐席：后天能不能还上三千\n客户：能还上", (3000, "2026-03-04")),
        (
            "客户：后天全还了\n坐席：好的\n客户：嗯\n坐席：那就后天五千六全部结清，我给您登记",
            (5600, "2026-03-04"),
        ),
        ("客户：周五还两千\n坐席：好的，那周五还两千，我今天把减免申请交上去", (2000, "2026-03-06")),
        ("客户：我周四还两千\n坐席：好\n客户：周四不行，周五吧", (2000, "2026-03-06")),
        ("客户：我周六还两千\n坐席：好\n客户：不对，周六银行不上班，周五吧", (2000, "2026-03-06")),
        ("坐席：二十号行不行，还一千五\n客户：二十号有点紧，二十二号吧\n坐席：行", (1500, "2026-03-22")),
        ("客户：明天我给你八百\n坐席：八百太少了，一千五行不行\n客户：那一千五吧", (1500, "2026-03-03")),
        ("坐席：今天先还五百可以吗\n客户：不行\n坐席：那周五还三百行吗\n客户：行吧", (300, "2026-03-06")),
    ],
)
def test_both_sides_make_the_promise(script: str, last: tuple[int, str]) -> None:
    promise = find_promises(call(script), MONDAY)[-1]
    assert (promise.amount, promise.date) == (Decimal(last[0]), date.fromisoformat(last[1]))


def test_a_yes_to_a_plan_takes_all_its_parts() -> None:
    plan = "坐席：那这样，周五先还三千，剩下五千月底还清，可以吧\n客户：可以，没问题"
    made = [(promise.amount, promise.date) for promise in find_promises(call(plan), MONDAY)]
    assert made == [(Decimal(3000), date(2026, 3, 6)), (Decimal(5000), date(2026, 3, 31))]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("礼拜五先还两千，月底把剩下的结清", [(2000, "03-06"), (None, "03-31")]),
        ("我周五还三千，剩下五千下个月十号还", [(3000, "03-06"), (5000, "04-10")]),
        ("明天先打五百过去，剩的一千二周日给你", [(500, "03-03"), (1200, "03-08")]),
        ("周四我先给你一千，其余的二十五号一把清", [(1000, "03-05"), (None, "03-25")]),
        ("后天还两千，另外三千等到下月五号", [(2000, "03-04"), (3000, "04-05")]),
        ("周五先一千，下周三再两千五", [(1000, "03-06"), (2500, "03-11")]),
        ("周五先还一千，下个月十五号再两千五", [(1000, "03-06"), (2500, "04-15")]),
        ("周四还，不对，周五先还一千，剩下的十五号还", [(1000, "03-06"), (None, "03-15")]),
        ("周三可能不行，我改周五，先打一千五，二十号再打一千五", [(1500, "03-06"), (1500, "03-20")]),
        ("十五号先还你一千，三十号再还剩下的", [(1000, "03-15"), (None, "03-30")]),
        ("周五先还两千，剩下的再说", [(2000, "03-06")]),
        ("我这两天想办法还两千，不行就周末还", [(None, "03-08")]),
    ],
)
def test_each_part_of_a_plan_is_a_promise(text: str, parts: list[tuple[int | None, str]]) -> None:
    made = [(promise.amount, promise.date) for promise in find_promises(call(f"客户：{text}"), MONDAY)]
    assert made == [(amount and Decimal(amount), date.fromisoformat(f"2026-{day}")) for amount, day in parts]


def test_a_plan_read_back_is_the_same_plan() -> None:
    script = (
        "客户：周五还两千，剩下的下月五号还\n坐席：好的，周五还两千，剩下三千下月五号结清，我登记了\n客户：嗯，可以"
    )
    made = [(promise.amount, promise.date) for promise in find_promises(call(script), MONDAY)]
    assert made == [(Decimal(2000), date(2026, 3, 6)), (Decimal(3000), date(2026, 4, 5))]


def test_what_is_promised_anew_stands_last() -> None:
    script = (
        "客户：我周四还两千，剩下一千五下周一还\n坐席：好的\n"
        "客户：等等，不是周四，周五先一千，下周三再两千五\n坐席：行\n客户：算了，我明天一把给你清了"
    )
    made = find_promises(call(script), MONDAY)
    assert [promise.amount for promise in made] == [2000, 1500, 1000, 2500, 3500]
    assert made[-1].date == date(2026, 3, 3)


def test_a_plan_whose_first_part_was_promised_before_stays_one_plan() -> None:
    script = (
        "客户：我一定还三千\n客户：周五还三千，月底还两千\n坐席：好的，周五还三千，月底还两千，是吗\n客户：对\n"
        "客户：算了，一次性还清吧"
    )
    made = [(promise.amount, promise.date) for promise in find_promises(call(script), MONDAY)]
    assert made[:2] == [(Decimal(3000), date(2026, 3, 6)), (Decimal(2000), date(2026, 3, 31))]
    assert [amount for amount, _ in made[2:]] == [5000]


def test_a_proposal_taken_back_is_not_agreed_to() -> None:
    script = "客户：能不能周五还三千\n客户：算了，我改主意了{}\n坐席：好的"
    assert find_promises(call(script.format("")), MONDAY) == []
    (promise,) = find_promises(call(script.format("，能不能月底还两千")), MONDAY)
    assert promise.amount == 2000


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("礼拜五你看账上就有了", "2026-03-06"),
        ("今天不成，礼拜天，你看账就行了", "2026-03-08"),
        ("后天你查，卡里肯定有", "2026-03-04"),
        ("下周二准让你见着钱", "2026-03-10"),
        ("要是工程款下来了，我二十号就还", "2026-03-20"),
    ],
)
def test_what_is_as_good_as_paying(text: str, day: str) -> None:
    (promise,) = find_promises(call(f"客户：{text}"), MONDAY)
    assert promise.date == date.fromisoformat(day)


def test_a_yes_to_alternatives_takes_one() -> None:
    (promise,) = find_promises(call("坐席：您周五还三千或者月底还五千，可以吗\n客户：可以"), MONDAY)
    assert (promise.amount, promise.date) == (Decimal(5000), date(2026, 3, 31))


@pytest.mark.parametrize(
    "script",
    [
        "坐席：一共两万\n客户：我明天先还一部分，剩下的月底全还",
        "坐席：三期合计三千六\n客户：我明天先还一期，剩下两期下个月一起还",
        "坐席：您一共欠八千\n客户：我明天都不在家，后天还",
    ],
)
def test_a_part_is_not_all_of_it(script: str) -> None:
    assert find_promises(call(script), MONDAY)[-1].amount is None


@pytest.mark.parametrize(
    "script",
    [
        "坐席：您上个月二十号已经还了三千\n客户：对",
        "坐席：我周五再给您打电话确认还款\n客户：好",
        "坐席：您上次说好周五还两千的对吧\n客户：对",
        "坐席：还款日是十五号，逾期会影响征信\n客户：好的",
        "坐席：逾期记录会在还清五年后消除\n客户：好的",
        "坐席：先交五百块钱协商服务费\n客户：好的",
        "坐席：好的，我立马给您办\n客户：好的",
    ],
)
def test_a_yes_to_what_was_or_is_told_promises_nothing(script: str) -> None:
    assert find_promises(call(script), MONDAY) == []


@pytest.mark.parametrize(
    "said",
    [
        "算了我不还了，爱咋咋地",
        "哎不行，那笔钱我得留着给孩子交学费，刚才说的当我没说",
        "等下，不行不行，那钱要用的，你别记了",
        "算了，明天还不了了",
        "我刚才答应的不算啊",
        "先别登记，我再想想",
        "那我就不还了",
        "这笔钱转不了了，你别打了",
        "那钱我留着还房贷",
        "实在还不上了，你们去告我吧",
    ],
)
def test_a_promise_taken_back_is_none_but_was_heard(said: str) -> None:
    taken_back = call(f"客户：我明天还三千\n坐席：好的\n客户：{said}")
    assert find_promises(taken_back, MONDAY) == []
    assert [promise.utterance for promise in find_withdrawn(taken_back, MONDAY)] == [0]
    heard = next(one for one in check(built_in("collection-standard"), taken_back) if one.category == "ptp")
    assert (heard.verdict, heard.evidence[0].note) == ("passed", "客户随后收回")


@pytest.mark.parametrize(
    ("asked", "stands"),
    [
        ("好的，那就明天三千", False),
        ("好的，给您登记了，感谢您的配合", False),
        ("那您大概几点还", False),
        ("您确定明天能做到吗", False),
        ("这个不行，三千的话没法给您登记", False),
        ("三千不够，再加五百行吗", True),
        ("我帮您申请分期", True),
        ("您需要我加微信发账号吗", True),
        ("好的，那就明天三千，要我把账号发给您吗", True),
        ("要不给您减免五十", True),
        ("能不能再多还一点", True),
        ("五千行吗", True),
        ("今天能还吗", True),
        ("分期还可以吗", True),
        ("您跟您爱人商量一下", True),
    ],
)
@pytest.mark.parametrize("said", ["算了", "那就算了吧。"])
def test_giving_up_what_was_just_spoken_of(asked: str, said: str, *, stands: bool) -> None:
    script = f"坐席：明天能还三千吗\n客户：可以\n坐席：{asked}\n客户：{said}"
    assert bool(find_promises(call(script), MONDAY)) == stands
    assert bool(find_withdrawn(call(script), MONDAY)) != stands


def test_an_offer_declined_twice_leaves_the_promise() -> None:
    script = "坐席：明天能还三千吗\n客户：可以\n坐席：要不给您减免五十\n客户：不用\n客户：算了"
    assert find_promises(call(script), MONDAY)
    assert find_promises(call("客户：明天还三千\n客户：算了"), MONDAY) == []


@pytest.mark.parametrize(
    "said", ["今天就是最后一天了，能还三千吗\n客户：行", "能还三千吗\n客户：就今天最后一天还三千吧"]
)
def test_the_last_day_is_today(said: str) -> None:
    (promise,) = find_promises(call(f"坐席：{said}"), MONDAY)
    assert promise.amount == 3000
    assert promise.date == MONDAY


@pytest.mark.parametrize(
    "script",
    [
        "客户：我周五还三千\n坐席：今天能还吗\n客户：今天还不了",
        "客户：我周五还三千\n坐席：好的\n客户：你别再给我打电话了",
        "客户：我周五还三千\n坐席：剩下的呢\n客户：剩下的真没办法",
    ],
)
def test_what_takes_no_promise_back(script: str) -> None:
    (promise,) = find_promises(call(script), MONDAY)
    assert (promise.amount, promise.date) == (Decimal(3000), date(2026, 3, 6))


@pytest.mark.parametrize(
    "said",
    [
        "现在微信转不了了，我去银行转",
        "我微信转不了了，换银行卡给你们转",
        "今天打不了了，明天打",
        "这笔钱我留着还你们呢，放心",
        "这钱不能动我就找朋友借，反正周五给你",
        "晚了就还不上了，我知道",
        "那以后就没办法还了",
        "我不打了",
        "你们短信别写了",
        "我又不是不还了",
        "我没说不还了",
        "怎么可能不还了",
        "谁说我不还了",
        "你要是再打电话，我就不还了",
    ],
)
def test_what_only_sounds_like_taking_back(said: str) -> None:
    (promise,) = find_promises(call(f"客户：我周五还三千\n坐席：好的\n客户：{said}"), MONDAY)
    assert (promise.amount, promise.date) == (Decimal(3000), date(2026, 3, 6))


@pytest.mark.parametrize(
    ("script", "utterance", "amount", "day"),
    [
        ("坐席：您能先还多少\n客户：两千吧\n坐席：那什么时候\n客户：后天", 1, 2000, "2026-03-04"),
        ("坐席：什么时候能还\n客户：后天\n坐席：还多少\n客户：两千", 1, 2000, "2026-03-04"),
        ("客户：我先还两千\n坐席：那周五之前可以吗\n客户：可以", 0, 2000, "2026-03-06"),
        ("客户：我周五还\n坐席：三千行吗\n客户：行", 0, 3000, "2026-03-06"),
        ("客户：我周五还\n坐席：您一共欠八千，知道吧\n客户：是的", 0, None, "2026-03-06"),
        ("客户：我先还两千\n坐席：好的，我周五给您打电话确认\n客户：好", 0, 2000, None),
        ("客户：我周五还三千\n坐席：好的，周五还三千\n客户：嗯，周五还", 0, 3000, "2026-03-06"),
        ("客户：我明天还\n坐席：好的，明天还三千元，是吗？\n客户：是的", 0, 3000, "2026-03-03"),
        ("客户：下周二准让你见着钱\n坐席：行，三千对吧", 0, 3000, "2026-03-10"),
        ("客户：下周二准让你见着钱\n坐席：好的，那就是三千哈", 0, 3000, "2026-03-10"),
        ("客户：两千，我肯定给你打过去\n坐席：好，周五之前，我记录一下", 0, 2000, "2026-03-06"),
        ("客户：我明天还\n坐席：好的，您欠款八千我登记一下", 0, None, "2026-03-03"),
        ("客户：我先还三千\n坐席：好的，您明天转", 0, 3000, "2026-03-03"),
        ("客户：我先还三千\n坐席：好的，那我明天再跟您联系", 0, 3000, None),
        ("客户：我先还三千\n坐席：好的，那我周五再打给您", 0, 3000, None),
        ("客户：我先还三千\n坐席：好的，您是八月十五号借的对吧", 0, 3000, None),
        ("客户：我先还三千\n坐席：好的，十月五号逾期的对吧", 0, 3000, None),
        ("客户：我明天还\n坐席：好的，给您发了红包五十元", 0, None, "2026-03-03"),
        ("客户：我明天还\n坐席：好的，那您这边滞纳金五百先不收", 0, None, "2026-03-03"),
    ],
)
def test_two_halves_are_one_promise(script: str, utterance: int, amount: int | None, day: str | None) -> None:
    (promise,) = find_promises(call(script), MONDAY)
    assert promise.utterance == utterance
    assert promise.amount == (None if amount is None else Decimal(amount))
    assert promise.date == (None if day is None else date.fromisoformat(day))


def test_the_rest_is_another_promise() -> None:
    first, second = find_promises(call("客户：我周五还三千\n坐席：剩下的呢\n客户：剩下的我月底还"), MONDAY)
    assert (first.amount, first.date) == (Decimal(3000), date(2026, 3, 6))
    assert (second.amount, second.date) == (None, date(2026, 3, 31))


@pytest.mark.parametrize(
    "said",
    ["1", "三", "千", "万", "三，", "的", "还", "号", "，", "想", "想啊", "剩下还", "1.", "还，", "不，", "百万"],
)
def test_nothing_is_found_in_what_runs_on(said: str) -> None:
    runs_on = said * (20_000 // len(said))
    assert find_promises(call(f"客户：{runs_on}"), MONDAY) == []
    assert find_promises(call(f"坐席：{runs_on}\n客户：可以"), MONDAY) == []


def test_what_is_promised_over_and_over_is_one_promise() -> None:
    (promise,) = find_promises(call(f"客户：{'我周五还三千，' * 2000}"), MONDAY)
    assert (promise.amount, promise.date) == (Decimal(3000), date(2026, 3, 6))


@pytest.mark.parametrize(
    ("pattern", "begin"),
    [(ACTS, ACTS_BEGIN), (DOUBTS, DOUBTS_BEGIN), (REFUSALS, REFUSALS_BEGIN)],
    ids=["acts", "doubts", "refusals"],
)
def test_what_is_tried_at_some_characters_begins_with_no_other(pattern: str, begin: str) -> None:
    tried = regex.compile(pattern)
    for char in set(pattern) - set(string.printable):
        after = ["", "就", "马上", "再", "可以", "还能", "我", "才"]
        begins = any(tried.match(said + char, pos=len(said), partial=True) for said in after)
        assert begins == (char in begin), char
