"""What was said -> what is shown."""

import sys
from collections.abc import Callable

import pytest

from asr.transcript import Speaker, Transcript, Utterance
from rules import check
from rules.pii import find_pii, mask, mask_finding, mask_transcript
from tests.rules.helpers import built_in


@pytest.mark.parametrize(
    ("text", "kinds", "shown"),
    [
        ("我电话13800138000", ["phone"], "我电话138****8000"),
        ("我电话一三八零零一三八零零零", ["phone"], "我电话一三八****八零零零"),
        ("幺三八 零零幺三 八零零零", ["phone"], "幺三八 **** 八零零零"),
        ("幺 三 八 零 零 幺 三 八 零 零 零", ["phone"], "幺 三 八 * * * * 八 零 零 零"),
        ("138-0013-8000", ["phone"], "138-****-8000"),
        ("136一二三四五六七八", ["phone"], "136****五六七八"),
        ("13800138000 13900139000", ["phone", "phone"], "138****8000 139****9000"),
        ("1380013800013900139000", ["phone", "phone"], "138****8000139****9000"),
        ("座机010-82345678", ["landline"], "座机010-******78"),
        ("零二幺八二三四五六七八", ["landline"], "零二幺******七八"),
        ("家里电话0571 8765 4321", ["landline"], "家里电话057* **** **21"),
        ("身份证110101199003077758", ["id_card"], "身份证110***********7758"),
        ("身份证11010119900307775X。", ["id_card"], "身份证110***********775X。"),
        ("身份证一一零一零一 一九九零零三零七 七七五八", ["id_card"], "身份证一一零*** ******** 七七五八"),
        ("老身份证110101900307775", ["id_card"], "老身份证110********7775"),
        ("我卡号六二二二零二一二三四五六七八九零", ["bank_card"], "我卡号六二二二********七八九零"),
        ("卡号6222 0212 3456 7890 123。", ["bank_card"], "卡号6222 **** **** ***0 123。"),
        (
            "110101199003077758 6222021234567890128",
            ["id_card", "bank_card"],
            "110***********7758 6222***********0128",
        ),
        (
            "11010119900307775X6222021234567890128",
            ["id_card", "bank_card"],
            "110***********775X6222***********0128",
        ),
        ("02182345678057187654321", ["landline", "landline"], "021******78057*******21"),
        ("我住朝阳区建国路八十八号三单元五零二室", ["address"], "我住朝阳区**************"),
        ("杭州市西湖区文三路120号5幢301室", ["address"], "杭州市西湖区*************"),
        ("先是13800138000再是110101199003077758", ["phone", "id_card"], "先是138****8000再是110***********7758"),
        ("我家住幸福村15号", ["address"], "*" * 9),
        ("我家住幸福村15号发的快递", ["address"], "*********发的快递"),
        ("幸福村88号发低保", ["address"], "******发低保"),
        ("你在人民路15号还是16号", ["address"], "********还是16号"),
        ("人民路15号前面", ["address"], "******前面"),
        ("建国路88-1号", ["address"], "*" * 8),
        ("建国路八十八杠一号", ["address"], "*" * 9),
        ("幸福小区3-2-501", ["address"], "*" * 11),
        ("幸福小区三杠二杠五零一", ["address"], "*" * 11),
        ("幸福小区5号楼3单元501", ["address"], "*" * 13),
        ("幸福小区5号楼1500块", ["address"], "*******1500块"),
        ("我住建国路 88号", ["address"], "*" * 9),
        ("云峰小区，二十二号楼，一单元701，顶楼", ["address"], "*****************，顶楼"),
        # What follows is no unit, or the unit of another sum.
        ("我电话是13800138000千万别打错", ["phone"], "我电话是138****8000千万别打错"),
        ("幺三八零零幺三八零零零万一打不通", ["phone"], "幺三八****八零零零万一打不通"),
        ("13800138000百分之百是我", ["phone"], "138****8000百分之百是我"),
        ("13800138000十点以后打", ["phone"], "138****8000十点以后打"),
        ("13800138000元旦后打", ["phone"], "138****8000元旦后打"),
        ("身份证110101199003077758千万别错", ["id_card"], "身份证110***********7758千万别错"),
        ("一三八零零一三八零零零五百块", ["phone"], "一三八****八零零零五百块"),
        ("我电话13800138000，500元", ["phone"], "我电话138****8000，500元"),
        ("我电话13800138000块点打", ["phone"], "我电话138****8000块点打"),
        # Marks between the digits, wherever a pause was heard.
        ("138，0013，8000", ["phone"], "138，****，8000"),
        ("幺三八、零零幺三、八零零零", ["phone"], "幺三八、****、八零零零"),
        ("138.0013.8000", ["phone"], "138.****.8000"),
        ("138,0013,8000", ["phone"], "138,****,8000"),
        ("138…0013……8000", ["phone"], "138…****……8000"),
        ("138 - 0013 - 8000", ["phone"], "138 - **** - 8000"),
        ("（138）00138000", ["phone"], "（138）****8000"),
        ("138，00，13，80，00", ["phone"], "138，**，**，80，00"),
        ("1，3，8，0，0，1，3，8，0，0，0", ["phone"], "1，3，8，*，*，*，*，8，0，0，0"),
        ("138啊，0013，嗯，8000！", ["phone"], "138啊，****，嗯，8000！"),
        ("1380013，8000", ["phone"], "138****，8000"),
        ("手机号码是1356，2380，900", ["phone"], "手机号码是135*，***0，900"),
        ("138，0013，8000，139，0013，9000", ["phone", "phone"], "138，****，8000，139，****，9000"),
        ("138，0013，8000，500元", ["phone"], "138，****，8000，500元"),
        ("138，0013，8000.15号还", ["phone"], "138，****，8000.15号还"),
        ("尾号1234，13800138000", ["phone"], "尾号1234，138****8000"),
        ("（0571）8765，4321", ["landline"], "（057*）****，**21"),
        ("您的身份证是440106，19900101，1234对吧", ["id_card"], "您的身份证是440***，********，1234对吧"),
        ("440，106，1990，0101，123X", ["id_card"], "440，***，****，****，123X"),
        ("130，106，1990，0101，1234", ["id_card"], "130，***，****，****，1234"),
        ("6222，0212，3456，7890，123", ["bank_card"], "6222，****，****，***0，123"),
        ("4392，2500，1234，5673", ["bank_card"], "4392，****，****，5673"),
        # Not the number of a thing.
        ("名单13800138000", ["phone"], "名单138****8000"),
        ("我们员工13800138000", ["phone"], "我们员工138****8000"),
        ("职工号码是13800138000", ["phone"], "职工号码是138****8000"),
        ("报案13800138000", ["phone"], "报案138****8000"),
        ("身份证编号是110101199003074233", ["id_card"], "身份证编号是110***********4233"),
        ("银行卡流水6222020200112233445", ["bank_card"], "银行卡流水6222***********3445"),
        ("订单号1234，13800138000", ["phone"], "订单号1234，138****8000"),
    ],
)
def test_mask(text: str, kinds: list[str], shown: str) -> None:
    assert [pii.kind for pii in find_pii(text)] == kinds
    assert mask(text) == shown
    assert len(shown) == len(text)


def calls(work: Callable[[], object]) -> int:
    """How many functions are called in this work."""
    count = 0

    def one_more(_frame: object, event: str, _called: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(one_more)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_many_numbers_in_one_run_are_all_masked() -> None:
    shown = mask("13800138000" * 3_000)
    assert shown == "138****8000" * 3_000


@pytest.mark.parametrize(
    "said",
    [
        "1" * 5_000,
        "文三路1号13800138000，" * 400,
        "138，0013，8000，" * 400,
        "1300，2000，" * 500,
        "1 ，  " * 2_000,
        "路，一-" * 2_000,
    ],
)
def test_the_work_grows_as_the_text_does(said: str) -> None:
    assert calls(lambda: mask(said)) < 10 * len(said)


@pytest.mark.parametrize(
    "text",
    [
        "欠款一万二千三百元逾期九十天",
        "一共一三五六七八九零一二三元",
        "尾号三五七八工号八零二六",
        "投诉打12378，或者95588",
        "客服热线4008001234",
        "今天是二零二六年十一月二十二号",
        "2026年11月22日15点30分20秒",
        "订单号13812345678",
        "您的工单编号是：202611221234567890",
        "快递单号SF1234567890123456",
        "合同编号是6222021234567890123",
        "金额123456789012",
        "工号13812345678",
        "案号：13812345678",
        "案件编号13812345678",
        "流水号6222020200112233445",
        "合同编号是138，0013，8000",
        "金额213800138000元",
        "138,000,000元",
        "13,800,138,000",
        "1,200，3,400",
        "1,300，2,400，500",
        "1300，2000，500",
        "1500，800，1200",
        "150、200、300、50",
        "150.00，2000.00",
        "分别是138，1000，2000元",
        "13、14、15、16、17、18号",
        "2023，2024，2025，2026年",
        "2026.11.22，2026.12.22",
        "192.168.10.200",
        "您走到路口就是一号店",
        "我们村15号发低保我再还",
        "幸福村十五号发低保",
        "在路上15号还",
        "在路上，15号还",
        "镇上15号发工资",
        "人民路15号以前",
        "在小区，3栋没人",
        "小区3-5楼",
        "小区20-300人",
        "路费300-500吧",
        "在人民路上",
        "",
    ],
)
def test_what_is_no_one_s(text: str) -> None:
    assert find_pii(text) == []
    assert mask(text) == text


SAID = (
    Utterance("agent", "您的电话是多少", 0.0, 1.0),
    Utterance("customer", "幺三八零零", 2.0, 3.0),
    Utterance("customer", "幺三八零零零，你们真是混蛋", 3.5, 6.0),
    Utterance("agent", "他电话13800138000", 7.0, 9.0),
)


def test_a_number_over_two_utterances_is_masked_in_both() -> None:
    masked = mask_transcript(Transcript("e", "zh", 9.0, "channels", SAID))
    assert [one.text for one in masked.utterances] == [
        "您的电话是多少",
        "幺三八**",
        "**八零零零，你们真是混蛋",
        "他电话138****8000",
    ]
    assert [one.start for one in masked.utterances] == [0.0, 2.0, 3.5, 7.0]


def test_a_number_is_masked_though_the_other_one_speaks_in_between() -> None:
    said = [
        ("customer", "幺三八"),
        ("agent", "嗯"),
        ("customer", "一二三四"),
        ("agent", "一二三四"),
        ("customer", "五六七八"),
    ]
    utterances = tuple(Utterance(speaker, text) for speaker, text in said)  # type: ignore[arg-type]
    masked = mask_transcript(Transcript("e", "zh", 9.0, "channels", utterances))
    assert [one.text for one in masked.utterances] == ["幺三八", "嗯", "****", "****", "五六七八"]


def shown(*said: str) -> list[str]:
    """What is shown of utterances that begin with who says them: c or a."""
    speakers: dict[str, Speaker] = {"a": "agent", "c": "customer"}
    utterances = tuple(Utterance(speakers[one[0]], one[1:]) for one in said)
    return [one.text for one in mask_transcript(Transcript("e", "zh", 9.0, "given", utterances)).utterances]


def test_a_number_is_masked_though_utterances_end_in_marks() -> None:
    assert shown("c我电话138，", "c0013，", "a嗯。", "c8000。") == ["我电话138，", "****，", "嗯。", "8000。"]
    assert shown("c1300，", "c2000，", "c500。") == ["1300，", "2000，", "500。"]


def test_an_address_over_two_utterances_is_masked_in_both() -> None:
    assert shown("c我住建国路。", "a嗯", "c88号3单元501。") == ["******", "嗯", "*********。"]
    assert shown("c我在建国路。", "a嗯", "c15号我再还。") == ["我在建国路。", "嗯", "15号我再还。"]


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        (("c我电话138", "a嗯", "c0013", "a0013", "c8000"), ["我电话138", "嗯", "****", "****", "8000"]),
        (
            ("c我电话138", "c1234", "a是138，幺二三四，对吗", "c5678"),
            ["我电话138", "****", "是138，****，对吗", "5678"],
        ),
        (("c１３８１２３４５６７８", "a中间是一二三四，一样吧"), ["１３８****５６７８", "中间是****，一样吧"]),
        (("c幺三八幺二", "a幺二", "c三四五六七八"), ["幺三八**", "**", "**五六七八"]),
        (
            ("a您身份证是110101", "c对", "a19900307", "c0307", "a7758"),
            ["您身份证是110***", "对", "********", "****", "7758"],
        ),
        (("c我电话138", "a1234", "c1234", "a对，1234", "c5678"), ["我电话138", "****", "****", "对，****", "5678"]),
        # What is no repetition stays.
        (("c13812345678", "a您欠1234元，还有5678"), ["138****5678", "您欠1234元，还有5678"]),
        (("c13812345678", "a12号", "a好", "a1234"), ["138****5678", "12号", "好", "1234"]),
        (("c138", "a等一下", "c1234", "a4321", "c5678"), ["138", "等一下", "****", "4321", "5678"]),
    ],
)
def test_what_the_other_one_repeats_is_masked(said: tuple[str, ...], masked: list[str]) -> None:
    assert shown(*said) == masked


PHONES = [f"138{number:08d}" for number in range(200)]
SUMS = [f"{number}" for number in range(1000, 1600)]


@pytest.mark.parametrize(
    "said",
    [
        ("c" + "，".join(PHONES), "a" + "，".join(SUMS)),
        ("c" + "，".join(PHONES), "a" + "元".join(SUMS)),
        ("c" + "，".join(PHONES), "a" + "的".join(PHONES)),
        ("c" + "，".join(PHONES), "a" + "0" * 2_000, "a" + "138" * 500),
        ("c138", *["a1234"] * 500, "c12345678"),
        ("c138", *["a对，1234"] * 500, "c12345678", "a" + "，".join(SUMS)),
    ],
)
def test_the_work_grows_as_what_both_say_does(said: tuple[str, ...]) -> None:
    assert calls(lambda: shown(*said)) < 30 * len("".join(said))


def test_the_number_of_an_order_lends_the_next_one_nothing() -> None:
    said = (Utterance("customer", "订单号是1234"), Utterance("agent", "电话呢"), Utterance("customer", "13800138000"))
    masked = mask_transcript(Transcript("e", "zh", 9.0, "channels", said))
    assert [one.text for one in masked.utterances] == ["订单号是1234", "电话呢", "138****8000"]


def test_quotes_are_masked_as_the_transcript_is() -> None:
    transcript = Transcript("e", "zh", 9.0, "channels", (Utterance("agent", "他的身份证号是110101199003077758"),))
    masked = mask_transcript(transcript)
    findings = [mask_finding(one, masked) for one in check(built_in("collection-standard"), transcript)]
    quotes = [evidence.quote for one in findings for evidence in one.evidence]
    assert any("110***********7758" in quote for quote in quotes)
    assert not any("19900307" in one.message or "19900307" in str(one.evidence) for one in findings)
