"""A sentence with a dangerous word in it -> whether a guard takes it back."""

from pathlib import Path

import pytest

from asr import Transcript, Utterance
from rules import RuleError, check, load_pack
from tests.rules.helpers import call, judge, pack, rule

FIND = "{{phrases: {{families: ['{family}'], guards: [{guards}]}}}}"


@pytest.mark.parametrize(
    ("guard", "family", "sentence", "found"),
    [
        ("negation", "起诉", "我们不会起诉您", False),
        ("negation", "起诉", "我们不起诉您", False),
        ("negation", "拘留", "您不用担心被拘留", False),
        ("negation", "坐牢", "您不会因为这个坐牢", False),
        ("negation", "坐牢", "你不还钱就坐牢", True),
        ("negation", "坐牢", "你要是不能还就等着坐牢", True),
        ("negation", "坐牢", "不是我吓唬你这要坐牢", True),
        ("negation", "制服", "这身制服不是白穿的", True),
        ("negation", "上门", "别怪我找人上门", True),
        ("negation", "上门", "你不要逼我上门", True),
        ("negation", "不要脸", "你真不要脸", True),
        ("negation", "起诉", "我们不会客气，起诉你", True),
        ("negation", "起诉", "特别要起诉你", True),
        ("quotation", "混蛋", "您提到之前有人骂您混蛋", False),
        ("quotation", "混蛋", "你就是个混蛋", True),
        ("anti_fraud", "我是公安局", "如果有人自称我是公安局的，请不要相信", False),
        ("anti_fraud", "验证码", "让您提供验证码的都是诈骗", False),
        ("anti_fraud", "出门", "你出门小心点", True),
        ("anti_fraud", "坐牢", "任何人都救不了你，你等着坐牢", True),
        ("anti_fraud", "坐牢", "你等着坐牢吧，你这是违规的", True),
        ("quotation", "堵你", "你说你不还是吧，我找人去你家堵你", True),
        ("quotation", "弄死你", "听说你在外面有钱，再不还我找人弄死你", True),
        ("quotation", "打断", "上次说好今天还，再不还我打断你的腿", True),
        ("quotation", "堵您", "您说有人要上门堵您，我马上登记", False),
        ("lawful_frame", "强制执行", "法院判决后仍不履行，法院可以采取强制执行措施", False),
        ("lawful_frame", "强制执行", "明天就强制执行", True),
        ("advice", "联系您的家人", "您可以联系您的家人商量", False),
        ("advice", "联系你的家人", "我明天联系你的家人", True),
        ("approval", "免息", "我帮您申请免息", False),
        ("approval", "免息", "免息要以审批结果为准", False),
        ("approval", "免息", "我给你免息", True),
    ],
)
def test_guards(tmp_path: Path, guard: str, family: str, sentence: str, found: bool) -> None:
    finding = judge(tmp_path, FIND.format(family=family, guards=guard), call(f"坐席：{sentence}"))
    assert (finding.verdict == "failed") == found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("我们不会", "上门堵您的"),
        ("您不用担心", "会被拘留的"),
        ("请您不要", "转到我的微信"),
        ("千万不要", "把验证码告诉我"),
    ],
)
@pytest.mark.parametrize(("pause", "taken_back"), [(0.8, True), (3.0, False)])
def test_a_denial_reaches_over_a_breath_and_not_over_a_pause(
    first: str, second: str, pause: float, taken_back: bool
) -> None:
    said = (Utterance("agent", first, 0.0, 2.0), Utterance("agent", second, 2.0 + pause, 5.0 + pause))
    findings = check(load_pack("collection-standard"), Transcript("given", "zh", 9.0, "channels", said), {})
    violations = {"threat", "false_legal", "induce"}
    assert any(f.category in violations and f.verdict == "failed" for f in findings) is not taken_back


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("我们会依法起诉您", False),
        ("我们会马上起诉您", True),
        ("依法来说，我们会马上起诉您", True),
        ("会起诉您，依法", True),
    ],
)
def test_a_word_between_the_cores_may_take_a_match_back(tmp_path: Path, sentence: str, found: bool) -> None:
    guards = {"lawful": {"title": "依法", "inside": ["依法|按照法律"]}}
    find = "{phrases: {families: ['会 ~8 起诉'], guards: [lawful]}}"
    findings = check(pack(tmp_path, rule(find), guards=guards), call(f"坐席：{sentence}"))
    assert (findings[0].verdict == "failed") == found


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("电影里的男主角坐了三年牢才回到家乡", "skipped"),
        ("书里的男主角坐了三年牢才回家", "skipped"),
        ("你不还钱就等着坐牢", "failed"),
        ("我们一起去看电影吧", "passed"),
    ],
)
def test_a_sentence_that_reads_innocent_is_left_to_a_person(tmp_path: Path, sentence: str, verdict: str) -> None:
    guards = {"doubt": {"title": "整句读来不像违规", "suspicion_below": 0.2}}
    find = "{phrases: {families: ['坐 ~4 牢'], guards: [doubt]}}"
    finding = check(pack(tmp_path, rule(find), guards=guards), call(f"坐席：{sentence}"))[0]
    assert finding.verdict == verdict
    assert ("请人工判断" in finding.message) == (verdict == "skipped")
    assert all("像的程度" in evidence.note for evidence in finding.evidence) or verdict != "skipped"


@pytest.mark.parametrize(
    ("sentence", "verdict"), [("电影里的男主角坐了三年牢才回到家乡", "passed"), ("你不还钱就等着坐牢", "failed")]
)
def test_what_reads_innocent_beyond_doubt_is_forgiven(tmp_path: Path, sentence: str, verdict: str) -> None:
    guards = {"doubt": {"title": "整句读来不像违规", "suspicion_below": 0.2, "innocent_below": 0.2}}
    find = "{phrases: {families: ['坐 ~4 牢'], guards: [doubt]}}"
    finding = check(pack(tmp_path, rule(find), guards=guards), call(f"坐席：{sentence}"))[0]
    assert (finding.verdict, bool(finding.evidence)) == (verdict, verdict == "failed")


def test_what_is_forgiven_is_doubted_first(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"guards.doubt.*innocent_below 不能大于 suspicion_below"):
        pack(tmp_path, guards={"doubt": {"title": "整句读来不像违规", "innocent_below": 0.2}})


@pytest.mark.parametrize(
    ("engine", "heard", "verdict"),
    [("given", "图书馆补办了借书证", "failed"), ("whisper", "图书馆补办了街树正", "skipped")],
)
def test_what_only_sounds_bad_must_read_bad_too(tmp_path: Path, engine: str, heard: str, verdict: str) -> None:
    guards = {"doubt": {"title": "整句读来不像违规", "suspicion_below": 0.001}}
    find = "{phrases: {families: ['图书馆 ~9 借书证'], guards: [doubt]}}"
    said = (Utterance("agent", f"小李昨天在{heard}"),)
    findings = check(pack(tmp_path, rule(find), guards=guards), Transcript(engine, "zh", None, "given", said))
    assert findings[0].verdict == verdict
