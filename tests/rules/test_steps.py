"""Whole dialogues -> which steps were done, and whether the debt was told to the wrong person or too early."""

from collections.abc import Mapping

import pytest

from asr.transcript import Transcript, Utterance
from rules import check
from tests.rules.helpers import built_in, call

ASKED = "坐席：您好，请问是陈明先生本人吗"
DEBT = "坐席：您的信用卡逾期三十天，欠款五千元"

#: A rule for the other course of the call.
NOT_DUE = {"skipped"}


def judged(script: str, facts: Mapping[str, object] | None = None) -> dict[str, set[str]]:
    """The verdicts by category."""
    verdicts: dict[str, set[str]] = {}
    for finding in check(built_in("collection-standard"), call(script), facts):
        verdicts.setdefault(finding.category, set()).add(finding.verdict)
    return verdicts


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("是我", "passed"),
        ("我是，你哪位", "passed"),
        ("嗯，什么事", "passed"),
        ("你好", "passed"),
        ("不是，你打错了", "passed"),
        ("他不在，我是他同事", "passed"),
        ("你他妈的有完没完", "passed"),
        ("你谁啊", "failed"),
        ("喂，什么事", "failed"),
        ("哪位", "failed"),
        ("听不见", "failed"),
    ],
)
def test_identity_takes_a_question_and_an_answer(answer: str, verdict: str) -> None:
    script = f"{ASKED}\n客户：{answer}\n坐席：好的\n客户：嗯"
    assert judged(script)["identity_check"] == {verdict}


@pytest.mark.parametrize(
    "question",
    [
        "请您说一下身份证号码的后四位",
        "麻烦核对一下您的出生年月",
        "喂，刘洋吗",
        "请问接电话的是陶小燕本人不",
        "您先告诉我预留手机的尾号，我确认下是您本人接的电话",
        "您是不是曾志明先生",
        "请问怎么称呼您",
    ],
)
def test_ways_to_ask_who_is_there(question: str) -> None:
    assert judged(f"坐席：{question}")["identity_check"] == {"passed"}


@pytest.mark.parametrize(
    "said",
    [
        "请问您是杨波的爸爸吗",
        "喂，你们那个小赵在吗",
        "您是他房东对吧",
        "我把他身份证号念给你",
        "您看您什么时候方便处理一下",
    ],
)
def test_what_asks_something_else(said: str) -> None:
    assert judged(f"坐席：{said}")["identity_check"] == {"failed"}


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        ("喂，赵建国是吧", "是我，你哪位", "passed"),
        ("您好，孙晓梅，对吧", "对", "passed"),
        ("是吴桂芳吧，六三年生人，没错吧", "嗯没错", "passed"),
        ("高俊峰，三十八岁，住城东的，没错吧", "是", "passed"),
        ("喂，胡军，是胡军不", "是我是我", "passed"),
        ("请问是不是黄志刚的电话", "是我", "passed"),
        ("找一下郑秀兰", "我就是", "passed"),
        ("喂，周海涛", "是我", "passed"),
        ("这是刘强家是吧", "我是他妈，他不在", "failed"),
        ("找一下郑秀兰", "嗯，你说", "failed"),
        ("您是陈明吗", "是", "passed"),
        ("您就是陈明吧", "是", "passed"),
        ("您是机主吧", "嗯", "passed"),
        ("您是李有才先生吧", "嗯", "passed"),
        ("您是在上班吧", "嗯", "failed"),
        ("您是有工作的吧", "嗯", "failed"),
        ("您就是在拖对吧", "嗯", "failed"),
        ("这通电话是录音的，您是知道的吧", "是", "failed"),
        ("钱是您自己花的吧", "什么钱", "failed"),
        ("周五是吧", "对", "failed"),
        ("您收到短信了，对吧", "对", "failed"),
        ("您说的方便是吧", "对", "failed"),
    ],
)
def test_a_name_alone_asks_who_is_there(question: str, answer: str, verdict: str) -> None:
    verdicts = judged(f"坐席：{question}\n客户：{answer}\n坐席：你欠的八千块什么时候给\n客户：嗯")
    assert verdicts["identity_check"] == {verdict}
    assert ("failed" in verdicts["disclosure_before_identity"]) == (verdict == "failed")


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("你那八千六，六十七天了，想好了没", "passed"),
        ("您尾款六千二拖了仨月了", "passed"),
        ("您办的分期，拖了四个多月了", "passed"),
        ("我跟您说了三遍，都三天了", "failed"),
    ],
)
def test_a_debt_told_without_the_word_overdue(said: str, verdict: str) -> None:
    talk = "\n".join("坐席：在听吗\n客户：在" for _ in range(3))
    assert judged(f"{ASKED}\n客户：是我\n坐席：{said}\n客户：嗯\n{talk}")["debt_confirm"] == {verdict}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("感谢来电", "passed"),
        ("不客气，祝您晚安", "passed"),
        ("应该的，周末愉快", "passed"),
        ("不用谢", "passed"),
        ("别怪我对你不客气", "failed"),
        ("你等着", "failed"),
    ],
)
def test_thanks_and_wishes_end_a_call(said: str, verdict: str) -> None:
    assert judged(f"坐席：您好\n客户：我查下账单\n坐席：{said}")["closing"] == {verdict}


WRONG = "failed"
FINE = "passed"


@pytest.mark.parametrize(
    ("script", "third_party", "disclosure"),
    [
        (f"{ASKED}\n客户：是我\n{DEBT}", FINE, FINE),
        (f"{ASKED}\n客户：我是他本人，怎么了\n{DEBT}", FINE, FINE),
        (f"{ASKED}\n客户：对，我是陈明\n{DEBT}\n客户：你打错了吧，我没借过\n{DEBT}", FINE, FINE),
        (f"{ASKED}\n客户：不是，你打错了\n坐席：抱歉打扰了，再见", FINE, FINE),
        (f"{ASKED}\n客户：不是\n{DEBT}", WRONG, WRONG),
        (f"{ASKED}\n客户：打错了\n坐席：陈明欠款三万元一直没还", WRONG, WRONG),
        (f"{ASKED}\n客户：我是他爸爸\n坐席：那麻烦您让他回个电话", FINE, FINE),
        (f"{ASKED}\n客户：我是他爸爸\n坐席：他在我们这里欠了钱", WRONG, WRONG),
        (f"{ASKED}\n客户：是啊，我是他媳妇\n坐席：他这笔贷款已经逾期三个月了", WRONG, WRONG),
        (f"{ASKED}\n客户：他出差了，不在家\n坐席：他信用卡逾期了你知道吗", WRONG, WRONG),
        (f"{ASKED}\n客户：是的\n坐席：这里是华信银行\n客户：我是他老婆\n{DEBT}", WRONG, WRONG),
        (f"{ASKED}\n客户：对，什么事\n坐席：方便说话吗\n客户：你跟我说，我是他哥\n{DEBT}", WRONG, WRONG),
        (f"{ASKED}\n客户：是我\n坐席：您认识王强吗\n客户：我是他老婆\n{DEBT}", FINE, FINE),
        (f"{ASKED}\n客户：对\n坐席：身份证后四位\n客户：三六五八\n坐席：王强呢\n客户：我是他妈\n{DEBT}", FINE, FINE),
        (f"{ASKED}\n客户：对\n坐席：这里是银行\n客户：我是他朋友介绍贷的款\n{DEBT}", FINE, FINE),
        (f"{ASKED}\n客户：是的\n坐席：您好\n客户：我是他爱人，我叫他\n{ASKED}\n客户：是我\n{DEBT}", FINE, FINE),
        ("坐席：喂\n客户：你找谁，我不认识这个人\n坐席：他欠款五千元", WRONG, WRONG),
        ("坐席：请问您是陈明的爸爸吗\n客户：我是，你哪里的\n坐席：您儿子欠了一万五", WRONG, WRONG),
        (f"{ASKED}\n客户：我是他爱人，我叫他接\n坐席：好\n客户：喂\n{ASKED}\n客户：是我\n{DEBT}", FINE, FINE),
        (f"{ASKED}\n客户：我是他爱人\n坐席：他欠款三万\n客户：我叫他接\n{ASKED}\n客户：是我\n{DEBT}", WRONG, WRONG),
        (f"{ASKED}\n客户：打错了\n坐席：陈明欠款三万\n客户：等等，他来了\n{ASKED}\n客户：是我\n{DEBT}", WRONG, WRONG),
        (f"{ASKED}\n客户：不是，我喊他\n{ASKED}\n客户：是我\n{DEBT}", FINE, FINE),
        (f"{ASKED}，您的贷款逾期了\n客户：不是，打错了\n坐席：抱歉打扰了", FINE, WRONG),
        (f"坐席：喂，你的信用卡欠款两万六\n客户：知道\n{ASKED}\n客户：是我", FINE, WRONG),
        (f"{ASKED}\n客户：你谁啊\n{DEBT}\n客户：哦", FINE, WRONG),
        ("坐席：你是高飞吗，你欠的钱什么时候还\n客户：我没钱", FINE, WRONG),
    ],
)
def test_debts_are_for_the_debtor(script: str, third_party: str, disclosure: str) -> None:
    verdicts = judged(script)
    assert ("failed" in verdicts["third_party"]) == (third_party == WRONG)
    assert ("failed" in verdicts["disclosure_before_identity"]) == (disclosure == WRONG)


FETCHED = "坐席：请问陈明在吗\n客户：我是他表弟，我叫他接\n坐席：麻烦您了"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            f"{ASKED}\n客户：嗯，哪里\n坐席：华信银行\n客户：我是他爱人，我喊他来\n坐席：好\n客户：喂\n{ASKED}\n客户：是我\n{DEBT}",
            FINE,
        ),
        (f"{ASKED}\n客户：嗯，哪里\n坐席：华信银行\n客户：我是他爱人，他出门了\n{DEBT}", WRONG),
        (f"{FETCHED}\n客户：我就是陈明，啥事\n{DEBT}", FINE),
        (f"{FETCHED}\n客户：喂，我是陈明\n{DEBT}", FINE),
        (f"{FETCHED}\n客户：我是他领导，啥事\n{DEBT}", WRONG),
        (f"{FETCHED}\n客户：我就是问问，啥事\n{DEBT}", WRONG),
        (f"坐席：请问陈明在吗\n客户：我是他同事\n坐席：哦哦\n客户：我是王芳\n{DEBT}", WRONG),
        (f"{FETCHED}\n坐席：他欠款三万元\n客户：喂，我就是陈明\n{DEBT}", WRONG),
    ],
)
def test_the_phone_changes_hands(script: str, told: str) -> None:
    assert ("failed" in judged(script)["third_party"]) == (told == WRONG)


FRIEND = "坐席：请问是许洋先生吗\n客户：他不在，我是他朋友"
WRONG_NUMBER = "坐席：请问是许洋先生吗\n客户：打错了"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (f"{FRIEND}\n坐席：您贵姓\n客户：我姓王\n坐席：王先生是吧\n客户：对", WRONG),
        (f"{FRIEND}\n坐席：您贵姓\n客户：我姓王", WRONG),
        (f"{FRIEND}\n坐席：那您是王先生本人吗\n客户：对", WRONG),
        ("坐席：请问许洋在吗\n客户：他不在，我是他朋友\n坐席：王先生是吧\n客户：对", WRONG),
        ("坐席：喂，许洋吗\n客户：他不在，我是他朋友\n坐席：王先生是吧\n客户：对", WRONG),
        (f"{FRIEND}\n坐席：您是不是许太太\n客户：是的", WRONG),
        (f"{FRIEND}\n坐席：您是许太太吗\n客户：是的", WRONG),
        (f"{FRIEND}\n坐席：您是许洋的爱人是吧\n客户：是的", WRONG),
        (f"{FRIEND}\n坐席：您是许洋家属吗\n客户：是的", WRONG),
        (f"{WRONG_NUMBER}\n坐席：您不是许洋本人吗\n客户：对我不是", WRONG),
        (f"{WRONG_NUMBER}\n坐席：您不是许洋本人吗\n客户：对，我不是", WRONG),
        (f"{WRONG_NUMBER}\n坐席：您不是许洋本人吗\n客户：嗯，不是", WRONG),
        (f"{WRONG_NUMBER}\n坐席：您不是许洋本人吗\n客户：是我，怎么了", FINE),
        (f"{FRIEND}\n坐席：好\n客户：喂\n坐席：请问是许洋先生本人吗\n客户：是我", FINE),
        (f"{FRIEND}\n坐席：好\n客户：喂\n坐席：请问是徐阳本人吗\n客户：对", FINE),
        (f"{FRIEND}\n坐席：好\n客户：喂\n坐席：许先生是吗\n客户：对，我是许洋", FINE),
        (f"{FRIEND}\n坐席：好\n客户：喂\n坐席：您是本人吗\n客户：是我", FINE),
        (f"{FRIEND}\n坐席：好\n客户：喂\n坐席：身份证后四位\n客户：三六五八", FINE),
        ("坐席：您是李女士吗\n客户：是\n坐席：陈明在吗\n客户：我叫他接\n坐席：是陈明本人吗\n客户：是我", FINE),
        (
            "坐席：您是陈明的家属李女士吗\n客户：我是他爱人\n坐席：请陈先生接电话\n客户：喂\n坐席：陈明先生吗\n客户：对",
            FINE,
        ),
        (f"{FRIEND}，我叫他接\n坐席：好\n客户：他不来\n坐席：您是王先生吧\n客户：对", WRONG),
        ("坐席：请问是机主吗\n客户：他不在，我是他朋友\n坐席：请问是许洋本人吗\n客户：是我", FINE),
    ],
)
def test_only_who_was_asked_for_may_be_told(script: str, told: str) -> None:
    assert ("failed" in judged(f"{script}\n坐席：您有一笔四千五的欠款逾期三十一天了")["third_party"]) == (told == WRONG)


SECOND = "坐席：好\n客户：喂\n坐席：请问是许洋先生本人吗\n客户：是我"


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        (f"{FRIEND}\n{SECOND}\n{DEBT}", {4, 5}),
        (f"{WRONG_NUMBER}\n{SECOND}\n{DEBT}", {4, 5}),
        (f"{FRIEND}\n坐席：您贵姓\n客户：我姓王", {0, 1}),
        (f"{FRIEND}\n坐席：那请他回个电话", {0, 1}),
        (f"{ASKED}\n客户：嗯，什么事\n{DEBT}\n客户：我老婆不在家\n坐席：身份证后四位\n客户：三六五八", {0, 1}),
    ],
)
def test_of_two_on_the_phone_the_second_was_verified(script: str, shown: set[int]) -> None:
    findings = {one.rule: one for one in check(built_in("collection-standard"), call(script))}
    assert {one.utterance for one in findings["step.identity"].evidence} == shown
    assert findings["disclosure-before-identity"].verdict == "passed"


@pytest.mark.parametrize("owned", ["是的", "是我", "我是，你哪位"])
@pytest.mark.parametrize(
    "said",
    [
        "我老婆没在家，等她回来再说",
        "孩子病了，她爸不在家",
        "我孩子他爸出差了",
        "我爱人不知道这个事，我是他丈夫",
    ],
)
def test_a_debtor_may_speak_of_his_family(owned: str, said: str) -> None:
    script = f"{ASKED}\n客户：{owned}\n坐席：这里是华信银行\n客户：{said}\n坐席：那这笔欠款您怎么安排"
    assert judged(script)["third_party"] == {"passed"}


def test_what_a_relative_was_told_stays_told() -> None:
    script = (
        f"{ASKED}\n客户：我是他爱人\n{DEBT}\n客户：我叫他接\n{ASKED}\n客户：是我\n{DEBT}\n客户：我老婆不在家\n{DEBT}"
    )
    assert "failed" in judged(script)["third_party"]


def test_a_late_check_before_the_debt_is_in_time() -> None:
    small_talk = "\n".join("坐席：在听吗\n客户：在" for _ in range(9))
    verdicts = judged(f"{small_talk}\n{ASKED}\n客户：是我\n{DEBT}")
    assert verdicts["disclosure_before_identity"] == verdicts["identity_check"] == {"passed"}


@pytest.mark.parametrize(
    ("relation", "failed"),
    [
        ("family", True),
        ("colleague", True),
        ("friend", True),
        ("other", True),
        ("neighbour", True),
        ("self", False),
        ("debtor", False),
        ("guarantor", False),
        ("unknown", False),
    ],
)
def test_who_is_called_decides(relation: str, failed: bool) -> None:
    verdicts = judged(f"{ASKED}\n客户：是我\n{DEBT}", {"callee_relation": relation})
    assert ("failed" in verdicts["third_party"]) == failed


CALL_ONLY = {
    "self_intro",
    "recording_notice",
    "identity_check",
    "debt_confirm",
    "repay_offer",
    "empathy",
    "closing",
    "order",
    "disclosure_before_identity",
}


@pytest.mark.parametrize("channel", ["sms", "visit"])
def test_a_message_and_a_visit_have_no_steps_of_a_call(channel: str) -> None:
    facts = {"channel": channel, "effective_calls_today": 9, "dials_today": 9}
    verdicts = judged("坐席：您的账单已出，请于本月25日前还款", facts)
    assert not verdicts.keys() & (CALL_ONLY | {"frequency"})
    assert verdicts["threat"] == {"passed"}
    assert verdicts["ptp"] == {"skipped"}


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("客户不在家，将催收函交给对门邻居转交", True),
        ("无人应门，把逾期通知贴在单元门口后离开", True),
        ("未与邻居交谈，未张贴任何材料，留工作联系函于信箱，密封未显示债务信息", False),
        ("将账单交给客户本人签收", False),
    ],
)
def test_papers_left_with_neighbours_betray(text: str, failed: bool) -> None:
    assert ("failed" in judged(f"坐席：{text}", {"channel": "visit"})["privacy"]) == failed


@pytest.mark.parametrize(("hour", "failed"), [("07:59", True), ("08:00", False), ("21:59", False), ("22:00", True)])
@pytest.mark.parametrize("channel", ["call", "sms", "visit"])
@pytest.mark.parametrize("pack", ["collection-standard", "cba-2026", "gbt-45251"])
def test_quiet_hours_hold_for_every_channel(pack: str, channel: str, hour: str, failed: bool) -> None:
    facts = {"started_at": f"2026-03-02T{hour}:00+08:00", "channel": channel}
    findings = check(built_in(pack), call("坐席：您好"), facts)
    verdict = next(finding.verdict for finding in findings if finding.category == "quiet_hours")
    assert (verdict == "failed") == failed
    agreed = check(built_in(pack), call("坐席：您好"), facts | {"quiet_hours_consent": True})
    assert next(one.verdict for one in agreed if one.category == "quiet_hours") == "passed"


@pytest.mark.parametrize(
    "answer",
    [
        "你是谁啊，从哪儿弄来我的号码",
        "你谁，怎么有我电话的",
        "你们哪家的？谁给你们的我的信息",
        "喂，你先说你是谁，找我干什么",
        "我凭什么告诉你，你哪位",
        "我不认识你，你怎么知道我名字的",
        "你好，哪里啊，我的号码你从哪里得来的",
        "你是什么人，问这个干嘛",
    ],
)
def test_questions_back_tell_nobody_who_is_there(answer: str) -> None:
    verdicts = judged(f"{ASKED}\n客户：{answer}\n{DEBT}\n客户：哦")
    assert "failed" in verdicts["disclosure_before_identity"]
    assert verdicts["identity_check"] == {"failed"}


@pytest.mark.parametrize(
    "said",
    [
        "您好，华信银行信用卡中心，我姓李",
        "你好，我姓赵，安融消费金融打来的",
        "这是金诚资产的，免贵姓孙",
        "您好，华信银行客服王芳",
        "喂，安融金融客服张，跟您确认个事",
        "您好，诚信贷后专员刘洋",
        "我叫陈晨，负责您在恒通小贷的业务",
        "喂您好，鼎信资产，找一下赵先生",
        "您好，融汇金服",
        "蓝海数科给您来电",
        "你好，恒远汽车金融的",
        "速贷宝的，跟您说个事",
    ],
)
def test_ways_to_say_who_is_calling(said: str) -> None:
    assert judged(f"坐席：{said}\n客户：哦")["self_intro"] - NOT_DUE == {"passed"}


@pytest.mark.parametrize(
    "said",
    [
        "您可以打我们银行客服高峰期可能要等",
        "您找银行客服马上能查",
        "我这边听不清",
        "您姓李吗",
        "你去银行",
        "查一下您名下资产",
        "不是我的",
    ],
)
def test_what_says_nothing_of_the_caller(said: str) -> None:
    assert judged(f"坐席：{said}\n客户：哦")["self_intro"] - NOT_DUE == {"failed"}


HANDED_OVER = """坐席：您好，请问陈明在吗
客户：我是他爱人，什么事
坐席：麻烦请他接下电话，谢谢
客户：哦，好，我叫他接
坐席：好的
客户：等一下
坐席：嗯，不着急
客户：喂
坐席：请问是陈明先生本人吗
客户：是我"""


@pytest.mark.parametrize(
    ("then", "verdict"),
    [("坐席：我是华信银行客服，工号八零二六", "passed"), ("坐席：跟您说个事", "failed")],
)
def test_the_debtor_hears_who_is_calling_though_late(then: str, verdict: str) -> None:
    assert judged(f"{HANDED_OVER}\n{then}")["self_intro"] - NOT_DUE == {verdict}


@pytest.mark.parametrize(
    "said",
    [
        "您看分期还是一次性，您定",
        "一次性还清或者分几期，选一个吧",
        "是一笔还，还是分着还",
        "全额或者分次都可以",
        "分期、一次性，您选哪种",
        "您是想慢慢还还是一次性处理",
    ],
)
def test_a_choice_is_an_offer(said: str) -> None:
    assert judged(f"坐席：{said}")["repay_offer"] == {"passed"}


@pytest.mark.parametrize(
    "said",
    [
        "今天先进来一笔",
        "要么先进三千，要么一次弄完",
        "您凑够五百五就行",
        "那就先来个八百",
        "这次存一半，余下的十五号前补上",
    ],
)
def test_a_part_is_an_offer(said: str) -> None:
    assert judged(f"坐席：{said}")["repay_offer"] == {"passed"}


@pytest.mark.parametrize("said", ["您要是有困难可以跟我说", "今天先来个电话确认一下", "先跟您核对一下信息"])
def test_what_is_no_offer(said: str) -> None:
    assert judged(f"坐席：{said}")["repay_offer"] == NOT_DUE


@pytest.mark.parametrize(
    "said",
    [
        "您的车贷，十二号那一期没扣上",
        "您那笔助学分期一万八，俩月没动静了",
        "您的装修贷款还剩最后两千一",
        "您十月八号到期的那笔",
        "到今天第二十一天了",
        "月供加违约金一共是两千零六",
    ],
)
def test_ways_to_tell_the_debt(said: str) -> None:
    assert judged(f"{ASKED}\n客户：是我\n坐席：{said}\n客户：嗯")["debt_confirm"] == {"passed"}


@pytest.mark.parametrize(
    "said",
    [
        "您在华信银行有一笔两万三的贷款",
        "您名下安融消费金融一笔八千元的借款需要处理",
        "您去年在恒通小贷办的五万块贷款",
        "您跟华信银行的那笔一万二的信用贷",
        "您有一笔三千六百元的账单在我们银行",
        "您在诚信金融的借款是九千块",
    ],
)
def test_lender_amount_and_loan_name_the_debt(said: str) -> None:
    assert judged(f"{ASKED}\n客户：是我\n坐席：{said}")["debt_confirm"] == {"passed"}
    assert "failed" in judged(f"坐席：{said}\n客户：你谁啊")["disclosure_before_identity"]


COLLEAGUE = "坐席：您好，请问李强在吗\n客户：我是他同事"
NUMBERS = "坐席：请您核对一下身份证后四位\n客户：三六五八"


@pytest.mark.parametrize("pack", ["collection-standard", "cba-2026", "gbt-45251"])
@pytest.mark.parametrize("relation", ["colleague", "family"])
@pytest.mark.parametrize(
    ("script", "failed"),
    [
        (f"{COLLEAGUE}，我叫他接\n坐席：好的\n客户：喂\n坐席：请问是李强本人吗\n客户：是我\n{NUMBERS}\n{DEBT}", False),
        (
            f"坐席：请问李强在吗\n客户：不是，你等下，我喊他\n坐席：您是李强本人吗\n客户：我就是\n{NUMBERS}\n{DEBT}",
            False,
        ),
        (f"{COLLEAGUE}，他不在\n{DEBT}", True),
        (f"{COLLEAGUE}，他不在\n坐席：他欠款三万元\n客户：他来了\n坐席：是李强本人吗\n客户：是我\n{NUMBERS}", True),
        (f"{COLLEAGUE}\n坐席：他身份证后四位您知道吗\n客户：他的是三六五八\n{DEBT}", True),
    ],
)
def test_who_proves_himself_is_no_third_party(pack: str, relation: str, script: str, failed: bool) -> None:
    findings = check(built_in(pack), call(script), {"callee_relation": relation, "started_at": "2026-03-02T10:00:00"})
    assert any(f.category == "third_party" and f.verdict == "failed" for f in findings) == failed


@pytest.mark.parametrize(
    ("said", "failed"),
    [
        ("李强在吗，让他听一下电话", False),
        ("他在的话让他接个电话", False),
        ("麻烦叫他来接电话", False),
        ("让他接电话还钱", True),
        ("叫他听电话，把欠的钱还了", True),
    ],
)
def test_asking_for_the_debtor_is_no_pressure(said: str, failed: bool) -> None:
    assert ("failed" in judged(f"坐席：{said}")["third_party"]) == failed


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ("你目前见款是1万1千元,移期38天。", "debt_confirm"),
        ("关于您一七的五千三百元线款您看怎么安排", "debt_confirm"),
        ("为你好，我是恒动资产的公号三三领啊", "self_intro"),
        ("现在可以给你帮分极，分二十四期", "repay_offer"),
        ("我能里解您的心情", "empathy"),
    ],
)
def test_steps_as_misheard(said: str, category: str) -> None:
    heard = Transcript("faster-whisper", "zh", 9.0, "channels", (Utterance("agent", said, 1.0, 6.0, 0.9),))
    steps = [one for one in check(built_in("collection-standard"), heard) if one.category == category]
    assert "passed" in {one.verdict for one in steps if one.evidence}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (
            "客户：什么事\n坐席：没核实您的身份，我不能跟您讲\n客户：那我不说\n坐席：那不打扰您了\n客户：知道了",
            "skipped",
        ),
        (
            "客户：什么事\n坐席：要确认是您本人才能讲，请问您是陈明先生吗\n客户：是我\n坐席：请尽快处理\n客户：知道了",
            "failed",
        ),
        (
            "客户：什么事\n坐席：先核实身份才能讲，身份证后四位报一下\n客户：一二三四\n坐席：请尽快处理\n客户：知道了",
            "failed",
        ),
        ("客户：什么事\n坐席：具体什么时候起诉我不好说\n客户：这样啊\n坐席：你尽快处理\n客户：知道了", "failed"),
        ("客户：什么事\n坐席：您不还就什么都不谈了\n客户：这样啊\n坐席：你尽快处理\n客户：知道了", "failed"),
        ("客户：我不想活了\n坐席：您先别急，身边有人吗\n客户：没有\n坐席：您给家人打个电话\n客户：好吧", "skipped"),
    ],
)
def test_who_is_not_verified_is_not_told(said: str, verdict: str) -> None:
    assert judged(f"坐席：您好，我是华信银行的\n客户：你好\n坐席：您方便说话吗\n{said}")["debt_confirm"] == {verdict}
