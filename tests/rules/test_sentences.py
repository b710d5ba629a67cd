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


@pytest.mark.parametrize(("name", "ceiling"), [("seen", 0.015), ("aside", 0.12)])
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
        ("hardship", "我室友找不到工作，天天打游戏", "我朋友介绍的厂倒闭了，现在没活干"),
        ("hardship", "隔壁村遭了水灾，我们捐了点款", "邻居家失火，把我家房子也烧了"),
        ("hardship", "我同事失业了，他那个贷款怎么延期", "我同事都上班了，就我失业"),
        ("hardship", "人家说现在工作难找，我这还行", "人家老板三个月不发工资"),
        ("hardship", "听说好多公司裁员，我们没动", "听说公司要裁员，第一批就裁了我"),
        ("hardship", "年初厂里停产过一阵，三月份就复工了", "原来厂里效益还行，现在倒闭了，工资没发"),
        ("hardship", "疫情那会儿困难，现在缓过来了", "疫情以后生意一直没缓过来，店关了"),
        ("hardship", "去年腿骨折过，现在跑跑跳跳都行", "去年出了车祸，现在还干不了重活"),
        ("hardship", "我又不是没工作，月月有工资", "我这不是失业了嘛"),
        ("hardship", "我没生病，也没失业，就是忘了", "没医药费了，住院费还欠着"),
        ("hardship", "还没到揭不开锅那步", "到了吃不上饭的地步了"),
        ("hardship", "我在养老院做护理，照顾瘫痪老人", "我在家照顾瘫痪的老公，上不了班"),
        ("hardship", "工资还没发，后天发了就还", "工资没发，老板拖了三个月"),
        ("hardship", "是还没发工资，发了就还", "现在还没发工资，欠了三个月"),
        ("hardship", "这张卡没钱，钱在另一张卡上", "卡里没钱，哪张都没钱"),
        ("hardship", "刚才信号断了，你再说一遍", "收入断了三个月了"),
        ("hardship", "我在吃面条呢，你说", "天天吃面条，肉都买不起"),
        ("hardship", "我妈那年住院花了不少，都还清了", "之前住院欠的医药费，现在还没还清"),
        ("hardship", "上半年没活干，下半年忙不过来", "上半年没活干，下半年也没活干"),
        ("hardship", "亲戚家孩子病了，大家凑钱", "亲戚家借遍了，没钱还"),
        ("hardship", "以前困难的时候多亏你们宽限", "失业那阵子借的钱，现在都还不上"),
        ("abuse_by_customer", "我在楼顶，你别急", "顶你个肺"),
        ("suicide", "我刮胡子划了个口子", "我拿刀划了手腕"),
        ("suicide", "哪天没事了我过去一趟", "我要是哪天没了，你们找谁要去"),
        ("complaint", "领导来了，我先挂了，一会儿说", "领导来了我也要投诉你"),
        ("complaint", "我在银行大厅坐着排队呢", "我在你们大厅坐着，等你们给说法"),
        ("stop", "我做销售的，每天打电话比你还多", "我做业务的，你们天天打我电话"),
        ("stop", "五点之前别忘了提醒我", "五点以后别给我打"),
        ("stop", "我打了好多次客服电话都打不通", "是我，你们一天打了我八个电话，到底有完没完"),
        ("stop", "我不小心把你发的信息删了", "把我号码删了，别再打电话"),
        ("deny", "日子记错了，我以为二十五号", "是你们记错了，我早还了"),
        ("deny", "分期协议发我看一下", "合同发我看一下，我没签过"),
        ("abuse_by_customer", "我养了一群猪，忙着喂呢", "你们就是一群猪"),
        ("abuse_by_customer", "资料放你们那儿了", "放你的狗屁"),
        ("abuse_by_customer", "我刚吃完饭，吃撑了", "你是不是吃撑了"),
        ("hardship", "我做护理的，天天照顾瘫痪的人", "我是做护理的，现在失业了"),
        ("hardship", "我做理赔的，天天处理车祸", "我做理赔的，得了癌症"),
        ("hardship", "我是医生，天天做手术", "我是医生，我被裁了"),
        ("hardship", "我在医院上班呢", "我在医院，医生说我要手术，没钱"),
        ("hardship", "不需要困难减免", "不用打了我妈癌症晚期"),
        ("hardship", "不用帮我申请什么困难减免", "用不着你管我失业了"),
        ("hardship", "我没什么困难", "没什么钱了癌症"),
        ("hardship", "班里有个孩子住院，我捐了点", "有个孩子住院没钱"),
        ("hardship", "村里有个老人住院，我去看看", "有个孩子得了白血病，是我儿子"),
        ("hardship", "生意亏过，现在好了", "生意亏了，全赔了"),
        ("hardship", "我妈住过院，现在恢复了", "我妈住院，都赔了进去"),
        ("hardship", "楼上着火，消防来了", "楼上着火，都赔了，我破产"),
        ("hardship", "卡里没钱，别的卡有", "卡里没钱，别的卡也没钱"),
        ("hardship", "微信没钱，我另外转过来", "卡里没钱，微信里也没有钱，另外还欠别人"),
        ("hardship", "我没看单子", "我没收单子了，跑不到单"),
        ("hardship", "老公我走了，你看家", "老公我都没了"),
        ("hardship", "我老公骨折，现在早上班了", "我老公骨折，早上班了他老板不要他了"),
        ("complaint", "我投诉过你们，后来解决了", "我投诉过你们没解决了"),
        ("abuse_by_customer", "雪球越滚越大", "滚滚滚"),
        ("abuse_by_customer", "利息滚到三万了", "滚，滚到一边去"),
        ("abuse_by_customer", "钥匙放你那了", "放你那个屁"),
        ("abuse_by_customer", "我做了你们的分期", "杀了你们的人，贷款"),
        ("suicide", "快去死", "我快去死了"),
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
    ("category", "text"),
    [
        ("threat", "小心你的车扎胎了"),
        ("threat", "不还明天你的车扎胎了"),
        ("threat", "小心你车胎，扎胎了别找我"),
        ("threat", "我们在你家楼下等你，不拿钱别想走"),
        ("threat", "我带几个兄弟在你楼下等你，把钱拿来"),
        ("threat", "我们在你家门口等你，你收拾收拾等着"),
        ("threat", "我们几个兄弟在你楼下等你，看你往哪收"),
        ("threat", "我在你公司楼下等你，下来签字画押"),
        ("threat", "你家孩子受惊了吧，再不还还来"),
        ("harass", "我每天都要打你一百个电话"),
        ("harass", "我们每天要打你五十遍"),
        ("harass", "一天就打五十个电话给你"),
        ("harass", "每天只打三十遍，接到你还为止"),
        ("harass", "你不接我明天再打一百遍"),
        ("harass", "你挂断，我明天再打，天天打"),
        ("harass", "一天只打五十遍算便宜你了"),
        ("harass", "热线电话我随时能打给你"),
        ("harass", "一天打你一百个，包你受不了"),
        ("harass", "你生日那我明天给你打一百个"),
        ("harass", "你换卡，新号我接着打"),
        ("third_party", "我就去找你妈的单位"),
        ("third_party", "我去你单位找你领导拿一下钱"),
        ("impersonate", "你的案子在我们这边是刑事案件"),
        ("impersonate", "我们是国家部门"),
        ("false_legal", "你这算不算诈骗，要看你今天还不还"),
        ("false_legal", "你已经成了所谓失信被执行人"),
        ("abuse", "你这种老赖是要受法律制裁的"),
        ("abuse", "你瞎了要不要治疗"),
        ("abuse", "老赖这个词在网上说的就是你"),
        ("abuse", "谁敢说您不是人渣"),
        ("harass", "我每天要打两百个电话，全打给你"),
        ("threat", "我在你家门口等你送合同来，不送就砸门"),
        ("false_promise", "专门给你打过折，免息"),
    ],
)
def test_proper_phrases_hide_nothing_improper(category: str, text: str) -> None:
    said = Transcript("given", "zh", None, "given", (Utterance("agent", text),))
    findings = check(built_in("collection-standard"), said, {"channel": "call"})
    failed = {one.category for one in findings if one.verdict == "failed" and not one.rule.startswith("suspected.")}
    assert category in failed


@pytest.mark.parametrize(
    ("category", "proper", "not_so"),
    [
        ("abuse", "老赖这个词是法律上说的失信被执行人", "老赖这个词就是给你准备的"),
        ("abuse", "谁说您是老赖了，没有的事", "谁不知道你是老赖"),
        ("impersonate", "我们是金融公司的贷后部门", "我们是监管部门"),
        ("impersonate", "您这个案子在我们这边是普通逾期", "你这个案子在我们支队手上"),
        ("impersonate", "我姓陈，您叫我小陈就行", "我姓陈，是你这个案子的主办法官"),
        ("false_legal", "欠款不还算不算犯罪，一般不算", "欠钱不还就是犯罪"),
        ("false_legal", "您爱人没签字，不用还", "你老公没签字也一样要还"),
        ("threat", "我在小区门口等您，您下来签个字就行", "我在你小区门口等你，你别想跑"),
        ("threat", "您的车扎胎了啊，那您先处理", "我把你的车胎扎了"),
        ("harass", "我每天要打一百多个电话，您的情况我记着呢", "我每天打你一百多个电话"),
        ("harass", "您手机关机，我晚点再打", "你关机我就换号打"),
        ("harass", "明天您参加婚礼，那我后天打", "婚礼那天我也打"),
        ("harass", "系统每五分钟打一次标", "你不还我五分钟打一次"),
        ("false_legal", "拘役那是刑法的事，跟您无关", "够得上拘役了"),
        ("third_party", "去你们公司门口取一下快递", "去你们公司找你们领导"),
        ("harass", "客服热线二十四小时都能打", "我二十四小时打你"),
        ("harass", "我们一天就打一次，不会多打", "我们一天打你一百次"),
        ("harass", "您可以一直打到有人接", "我可以一直打到你崩溃为止"),
        ("third_party", "您身边有没有朋友也遇到过这种骗子电话", "我只能骚扰你身边的人了"),
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
