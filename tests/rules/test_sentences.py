"""Whole sentences, in totals: those the rules were written from, and those of another author never read for them.

The floors are what was measured: they catch a loss, they are no claim. How far apart the two are says how much of what
is found was learnt from the sentences themselves: see data/README.md.
"""

from pathlib import Path

import pytest

from asr.transcript import Transcript, Utterance
from rules import SIGNALS, check
from tests.rules.helpers import built_in

DATA = Path(__file__).parent / "data"
OF_CALLS = {"order", "disclosure_before_identity"}


def found_in(speaker: str, text: str, channel: str = "call", *, doubted: bool = False) -> set[str]:
    """The categories found, and, where asked for, those that a person is asked about."""
    said = Transcript("given", "zh", None, "given", (Utterance(speaker, text),))  # type: ignore[arg-type]
    findings = check(built_in("collection-standard"), said, {"channel": channel})
    wanted = {"absent": "failed", "present": "passed"}
    unsure = {one.category for one in findings if doubted and one.verdict == "skipped" and one.evidence}
    return {one.category for one in findings if one.verdict == wanted[one.expect]} - OF_CALLS | unsure


def sentences(name: str, kind: str) -> list[tuple[str, set[str]]]:
    """The category each sentence is about, and those found in it."""
    lines = [line.split("\t") for line in (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines()]
    return [(line[1], found_in(*line[2:])) for line in lines if line[0] == kind]


@pytest.mark.parametrize(("name", "floor"), [("seen", 0.97), ("aside", 0.42)])
def test_what_must_be_found(name: str, floor: float) -> None:
    said = sentences(name, "said")
    assert sum(category in found for category, found in said) / len(said) >= floor


@pytest.mark.parametrize(("name", "ceiling"), [("seen", 0.01), ("aside", 0.12)])
def test_what_must_not_be_found(name: str, ceiling: float) -> None:
    violations = set(built_in_violations())
    traps = sentences(name, "trap")
    flagged = [category for category, found in traps if found & violations or category in found]
    assert len(flagged) / len(traps) <= ceiling


def built_in_violations() -> list[str]:
    rules = built_in("collection-standard").rules
    return [rule.category for rule in rules if rule.expect == "absent" and rule.category not in SIGNALS]


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("您现在已经被执行了，等着吧", True),
        ("你现在已经是被执行人了", True),
        ("您名下现在已被执行，法院会跟您联系", False),
        ("您案子现在已经被执行局受理了，您可以联系承办法官", False),
        ("您已经是被执行人了，法院判决书您收到了吧", False),
        ("法院的裁定书您收到了，您现在已经被执行", False),
    ],
)
def test_an_enforcement_that_a_court_ordered_is_no_threat(text: str, claimed: bool) -> None:
    said = Transcript("given", "zh", None, "given", (Utterance("agent", text),))
    (finding,) = [
        one
        for one in check(built_in("collection-standard"), said, {"channel": "call"})
        if one.rule == "false-legal.enforcement"
    ]
    assert (finding.verdict == "failed") is claimed


@pytest.mark.parametrize(
    ("signal", "not_meant", "meant"),
    [
        ("stop", "晚上八点以后再打", "晚上八点以后别再打"),
        ("stop", "我现在不方便接电话，你晚点打", "我不方便接你们电话，以后发短信"),
        ("stop", "先别打了，我在开会，一会儿我打给你", "先别打我单位了，再打我报警"),
        ("stop", "我打他电话他也不接", "别打我老婆电话，打她她也不接"),
        ("stop", "没影响我休息，你说吧", "你们天天打电话影响我休息"),
        ("stop", "信号不好，你再打一次试试", "你再打一次试试"),
        ("suicide", "电视里有人跳楼，我妈看得正紧张", "电视里那个跳楼的，我也快跟他一样了"),
        ("suicide", "我们小区上个月有人跳楼", "你们再逼，我们小区明天就有人跳楼"),
        ("suicide", "隔壁老王喝农药那次，我们都去帮忙", "隔壁老王喝农药死了，下一个就是我"),
        ("suicide", "昨天看了个电影，男的最后跳江了", "看了那个电影我也想跳江"),
        ("suicide", "我同学在医院上班，天天劝人别自杀", "我朋友劝我别自杀，可是我真的撑不住了"),
        ("suicide", "还完这笔我就解脱了", "还不完了，死了才解脱"),
        ("suicide", "以后事情多着呢", "后事我都安排好了"),
        ("suicide", "我在阳台晾衣服，你说", "我在阳台上，你们满意了吧"),
        ("stop", "我老婆天天催我赶紧还上", "你们天天打我电话，烦死了"),
        ("suicide", "后来生病花了点钱", "来生再还你们"),
        ("suicide", "腰扭了，没法活动", "我没法活了"),
        ("suicide", "家里煤气罐没气了，换了一罐", "家里煤气都打开了，就这样吧"),
        ("suicide", "等燃气公司来打开阀门", "燃气阀门我拧开了"),
        ("suicide", "种地要买化肥农药，都是钱", "农药就摆在我面前"),
        ("suicide", "我在很远的地方打工", "我要去很远的地方了，你们再也找不到我"),
        ("complaint", "我去人民银行打征信报告了", "我去人民银行告你们"),
        ("complaint", "我本人行不行", "人行那边我已经反映了"),
        ("stop", "开车呢，别催，到家打给你", "别催，也别打给我"),
        ("suicide", "钱就是我的命根子，能不心疼吗", "我的命你们拿去"),
        ("complaint", "我姐在消协上班，今天轮休", "我去消协告你们"),
        ("complaint", "我投诉的是那家装修公司", "我投诉的是你们，不是银行"),
        ("complaint", "我报警了，钱包被偷了", "被你们骚扰得我都报警两次了"),
        ("complaint", "你工号多少来着，下次我还找你", "工号多少，我记下来，等着被投诉吧"),
        ("complaint", "转账记录我截图了，怎么发给你", "截图我都发给记者了"),
        ("hardship", "前两年做过手术，现在早就好了", "去年失业到现在没找到工作"),
        ("hardship", "我哥们儿出车祸，我去医院看他", "我出了车祸，在医院躺着"),
        ("hardship", "隔壁厂倒闭了，我们厂还好", "厂倒闭了，工资没发"),
        ("deny", "合同我还留着呢，在抽屉里", "合同拿出来我看看"),
        ("deny", "手机掉河里了，刚换的新的", "我手机掉了，这钱不是我借的"),
        ("abuse_by_customer", "我以为你们是骗子，不好意思", "你们就是骗子，滚"),
        ("abuse_by_customer", "我家的狗被车撞死了", "出门被车撞死吧你"),
        ("suicide", "下班了，想走了", "我不想活了，就想走了"),
        ("suicide", "中药喝下去就好多了", "喝下去就舒服了，不用再还钱了"),
        ("suicide", "化肥农药又涨价了，种地不挣钱", "我把除草的农药喝了"),
        ("suicide", "没有明天的票了，后天才走得了", "没有明天了，票也不用买了"),
        ("suicide", "当年干了傻事，替朋友担保", "当初傻事没做成，今天我做给你看"),
        ("suicide", "还完这笔钱就解脱了", "忙完孩子的事我就解脱了，这辈子就这样"),
        ("suicide", "我在桥上堵车呢", "我站在桥上抽烟，抽完这根我就跳"),
        ("suicide", "在楼顶做防水呢，风大听不清", "我站在楼顶，手机开着玩最后一会儿，准备跳"),
        ("suicide", "我下辈子都忘不了你们帮我这个忙", "下辈子再报答你，我先走了"),
        ("suicide", "我大伯上吊那年我还小", "同事自杀那次，下一个就是我"),
        ("suicide", "隔壁老王跳楼了，吓死人", "隔壁老王跳楼，我明天也跳"),
        ("suicide", "隔壁老李自杀过，听说救回来了", "隔壁老李都自杀了，被你们逼的"),
        ("suicide", "电视里跳楼的那个演员叫什么来着", "电视里跳楼的人都比我强，我今天就跳"),
        ("suicide", "楼上有人上吊，警察都来了", "楼上有人要跳楼，你们赶紧来"),
        ("suicide", "奶奶每天吃安眠药才能睡", "我妈吃安眠药了，刚睡着，叫不醒，你们逼的"),
        ("suicide", "画面跳了，手机不好使", "心一横，我跳了"),
        ("suicide", "我看跳水，跳下去水花好小", "我不会游泳，跳下去就完了"),
        ("suicide", "烧炭取暖，屋里烟大", "我买了炭，烧炭，火炉都准备好了"),
        ("suicide", "我爸没了，账还没还完", "离婚了，我死了就解脱了"),
        ("suicide", "说起来生意也不好做", "我这辈子还不起，来生还"),
        ("complaint", "央行不是降息了吗", "央行我也投诉，利率超标"),
        ("complaint", "电视台来我们村采访过", "记者明天来我们村拍你们怎么骚扰老百姓"),
        ("complaint", "你们投诉电话我知道，我不投诉，我就问问利息", "投诉了你们不改，我不投诉谁投诉"),
        ("complaint", "钱包被偷了，我刚报警", "我报警了，你们来我家打架闹事"),
        ("complaint", "我投诉的是快递", "我投诉的是那个骂我的人"),
        ("stop", "听不清，你再打过来", "听不清，别再打了"),
        ("stop", "我要关机了，飞机马上起飞", "考试呢，再打我关机"),
        ("stop", "先别打，我晚上打给你", "先别打我单位，有事晚上打给我"),
        ("stop", "没影响我", "没完没了影响我休息"),
        ("deny", "早还早安心", "早还完了，早就不欠了"),
        ("abuse_by_customer", "那条狗吃了老鼠药死了", "你这条狗，天天叫"),
    ],
)
def test_signals_are_what_a_customer_says_of_himself_and_of_this_debt(signal: str, not_meant: str, meant: str) -> None:
    assert signal not in found_in("customer", not_meant)
    assert signal in found_in("customer", meant)


@pytest.mark.parametrize(
    ("category", "proper", "not_so"),
    [
        ("abuse", "您要是觉得我是骗子，可以拨卡背面的电话核实", "我觉得你就是个骗子"),
        ("induce", "提前结清的话要收百分之一的手续费", "先交五百手续费给我，我给你停催"),
        ("induce", "这一笔是您用花呗之类的消费贷，和房贷不是一回事", "先去网贷平台借个消费贷填上"),
        ("false_promise", "这笔利息确实多算了一天，已经提交调整", "剩下的利息就算了"),
        ("false_promise", "我给领导打个报告，看能不能把违约金去掉", "只要今天还，违约金我给你去掉"),
        ("impersonate", "外访人员会开执法记录仪，对您也是保护", "我们会带着执法记录仪，穿制服去你家"),
        ("impersonate", "法院的文书您一定要签收，不签也视为送达", "我是法院的，文书今天给你送到"),
        ("impersonate", "这通电话我交给组长，他姓温", "我是专案组组长"),
        ("third_party", "主管现在在开会，我让他给您回过去", "你开会的时候我打给你们领导，让他知道你欠钱"),
        ("harass", "您看明天上午十点我再给您打过来，可以吗", "早上六点我准时叫你起床还钱"),
        ("false_legal", "您的名字没有进法院的失信名单，您放心", "明天就把你列入失信名单"),
        ("false_legal", "上了失信名单是不能坐飞机和高铁的，这是法院的规定", "今天不还就上失信名单，飞机你都坐不了"),
        ("impersonate", "传票是法院寄的，不是我们寄的", "法院的传票今天就送到你家"),
        ("false_legal", "您涉不涉嫌违法不是我们说了算", "你这已经涉嫌违法了"),
        ("induce", "伤筋动骨一百天，您好好养着", "你就以卡还卡先养着"),
        ("false_legal", "限高令是法院发的，解除也要找法院", "明天就给你上限高令"),
        ("false_promise", "您上回跟我打包票说中秋前清掉", "我给你打包票，还了就没有逾期记录"),
        ("threat", "我们到您楼下了，您要是不方便就改天", "我们的人就在你楼下，你自己看着办"),
        ("threat", "这个优惠只到周五下午五点，过时不候", "过时不候，到时候别怪我翻脸"),
        ("threat", "我们到您楼下了，您不方便就改天", "我都到你楼下了，方便给你收尸吗"),
    ],
)
def test_what_is_proper_is_neither_flagged_nor_doubted(category: str, proper: str, not_so: str) -> None:
    assert category not in found_in("agent", proper, doubted=True)
    assert category in found_in("agent", not_so)
