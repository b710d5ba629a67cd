"""Verdicts: when a rule passes, fails, cannot tell, or does not apply."""

from pathlib import Path

import pytest

from asr.transcript import Transcript, Utterance
from rules import RuleError, check, load_pack
from tests.rules.helpers import built_in, call, judge, pack, rule

JAIL = "{phrases: {families: [坐牢]}}"
AGENT = "{speaker: agent}"

SCRIPT = """
坐席：您好，请问是张先生吗
客户：是
坐席：通话录音，您欠款五千元
客户：知道
坐席：不还要坐牢的
客户：别吓我
坐席：再见
"""


@pytest.mark.parametrize(
    ("script", "expect", "verdict"),
    [
        ("坐席：让你坐牢", "absent", "failed"),
        ("坐席：您好", "absent", "passed"),
        ("坐席：让你坐牢", "present", "passed"),
        ("坐席：您好", "present", "failed"),
        ("客户：要坐牢吗", "absent", "passed"),
        ("客户：要坐牢吗", "present", "failed"),
        ("坐席：  ", "absent", "skipped"),
        ("坐席：  ", "present", "skipped"),
        ("未知：让你坐牢", "absent", "skipped"),
        ("未知：您好", "absent", "skipped"),
        ("未知：您好", "present", "skipped"),
        ("未知：您好\n坐席：让你坐牢", "absent", "failed"),
    ],
)
def test_verdicts(tmp_path: Path, script: str, expect: str, verdict: str) -> None:
    assert judge(tmp_path, JAIL, call(script), scope=AGENT, expect=expect).verdict == verdict


@pytest.mark.parametrize("expect", ["absent", "present"])
def test_an_empty_transcript_never_passes(tmp_path: Path, expect: str) -> None:
    nothing = Transcript("given", "zh", 60.0, "channels", ())
    assert judge(tmp_path, JAIL, nothing, scope=AGENT, expect=expect).verdict == "skipped"
    assert {finding.verdict for finding in check(load_pack("collection-standard"), nothing)} == {"skipped"}


def test_unknown_speakers_are_shown_and_not_judged_by(tmp_path: Path) -> None:
    finding = judge(tmp_path, JAIL, call("未知：让你坐牢"), scope=AGENT)
    assert (finding.evidence[0].quote, finding.evidence[0].note) == ("坐牢", "说话人不明")
    assert "说话人" in finding.message


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("{}", True),
        ("{first_seconds: 20}", False),
        ("{first_seconds: 21}", True),
        ("{last_seconds: 11}", True),
        ("{last_seconds: 10}", False),
        ("{speaker: agent, first_turns: 2}", False),
        ("{speaker: agent, first_turns: 3}", True),
        ("{speaker: agent, last_turns: 2}", True),
        ("{speaker: agent, last_turns: 1}", False),
        ("{first_turns: 4}", False),
        ("{first_turns: 5}", True),
        ("{before: anchor}", False),
        ("{after: anchor}", True),
        ("{around: {rule: anchor, turns: 1}}", False),
        ("{around: {rule: anchor, turns: 2}}", True),
        ("{before: never}", True),
        ("{after: never}", False),
        ("{around: {rule: never, turns: 9}}", False),
    ],
)
def test_scope(tmp_path: Path, scope: str, found: bool) -> None:
    anchor = rule("{phrases: {families: [欠款]}}", id="anchor")
    never = rule("{phrases: {families: [外星人]}}", id="never")
    findings = check(pack(tmp_path, rule(JAIL, scope=scope), anchor, never), call(SCRIPT, seconds_each=5))
    assert (findings[0].verdict == "failed") == found


@pytest.mark.parametrize("scope", ["{before: anchor}", "{after: anchor}", "{around: {rule: anchor, turns: 2}}"])
def test_what_depends_on_what_cannot_be_told_cannot_be_told(tmp_path: Path, scope: str) -> None:
    anchor = rule("{phrases: {families: [欠款]}}", id="anchor", scope="{speaker: agent}")
    nobodys = call(SCRIPT.replace("坐席", "未知").replace("客户", "未知"))
    findings = check(pack(tmp_path, anchor, rule(JAIL, scope=scope, title="坐牢")), nobodys)
    assert [finding.verdict for finding in findings] == ["skipped", "skipped"]
    assert "取决于“某条规则”" in findings[1].message


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("坐席：请问您是张三本人吗\n客户：\n坐席：\n客户：。\n坐席：喂\n客户：是我\n坐席：您欠款一千元", "passed"),
        ("坐席：请问您是张三本人吗\n客户：……\n坐席：您欠款一千元\n客户：你谁啊", "failed"),
    ],
)
def test_nothing_said_is_no_turn_and_no_answer(script: str, verdict: str) -> None:
    findings = {finding.rule: finding for finding in check(built_in("collection-standard"), call(script))}
    assert (findings["step.identity"].verdict, findings["disclosure-before-identity"].verdict) == (verdict, verdict)


LISTENING = """
坐席：喂
客户：喂，你好
坐席：您好，我是金诚的客服
客户：嗯。
坐席：您的欠款
客户：啊？
坐席：要坐牢的
客户：好的
坐席：再见
"""


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("{speaker: agent, first_turns: 1}", True),
        ("{speaker: agent, last_turns: 1}", False),
        ("{speaker: agent, last_turns: 2}", True),
        ("{speaker: customer, first_turns: 1}", False),
        ("{first_turns: 2}", True),
        ("{first_turns: 1}", False),
    ],
)
def test_a_listening_sound_is_no_turn(tmp_path: Path, scope: str, found: bool) -> None:
    finding = judge(tmp_path, "{phrases: {families: [坐牢], speaker: agent}}", call(LISTENING), scope=scope)
    # What is looked for may name its own speaker; the scope's says whose turns are counted.
    assert (finding.verdict == "failed") == found


@pytest.mark.parametrize(("speaker", "turns"), [("", 4), (", speaker: agent", 2), (", speaker: customer", 2)])
def test_turns_are_counted_without_listening_sounds(tmp_path: Path, speaker: str, turns: int) -> None:
    finding = judge(tmp_path, f"{{turns: {{eq: {turns}{speaker}}}}}", call(LISTENING))
    assert finding.verdict == "failed"


def test_order_inside_one_utterance_counts(tmp_path: Path) -> None:
    rules = [
        rule("{phrases: {families: [欠款]}}", scope="{before: identity}"),
        rule("{phrases: {families: [请问是]}}", id="identity"),
    ]
    first = check(pack(tmp_path, *rules), call("坐席：您欠款五千，请问是张先生吗"))[0]
    later = check(pack(tmp_path, *rules), call("坐席：请问是张先生吗，您欠款五千"))[0]
    assert (first.verdict, later.verdict) == ("failed", "passed")


def test_seconds_of_a_text_without_times_cannot_be_told(tmp_path: Path) -> None:
    assert judge(tmp_path, JAIL, call(SCRIPT), scope="{first_seconds: 20}").verdict == "skipped"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"when": "{overdue_days: {lt: }}"}, "when.overdue_days.lt"),
        ({"stages": "[{when: {overdue_days: {lt: }}, severity: veto}]"}, "stages.0.when.overdue_days.lt"),
        ({"stages": "[{when: {overdue_days: }, severity: veto}]"}, "stages.0.when.overdue_days.eq"),
    ],
)
def test_a_condition_left_blank_is_a_fault(tmp_path: Path, fields: dict[str, str], field: str) -> None:
    with pytest.raises(RuleError) as error:
        judge(tmp_path, JAIL, call(SCRIPT), {}, **fields)
    assert [(fault.field, fault.message) for fault in error.value.faults] == [(field, "没有写值")]


@pytest.mark.parametrize(
    ("fields", "facts", "applies"),
    [
        ({"when": "{overdue_days: {lt: 90}}"}, {"overdue_days": 30}, True),
        ({"when": "{overdue_days: {lt: 90}}"}, {"overdue_days": 90}, False),
        ({"when": "{overdue_days: {lt: 90}}"}, {}, False),
        ({"when": "{channel: {not_in: [sms]}}"}, {}, True),
        ({"effective": "{from: 2026-01-30}"}, {"started_at": "2026-01-30T00:10:00+08:00"}, True),
        ({"effective": "{from: 2026-01-30}"}, {"started_at": "2026-01-29T23:50:00+08:00"}, False),
        ({"effective": "{from: 2026-01-30}"}, {"started_at": "2026-01-29T17:00:00+00:00"}, True),
        ({"effective": "{to: 2026-01-30}"}, {"started_at": "2026-01-31T09:00:00+08:00"}, False),
    ],
)
def test_a_rule_that_does_not_apply_has_no_finding(
    tmp_path: Path, fields: dict[str, str], facts: dict[str, object], applies: bool
) -> None:
    findings = check(pack(tmp_path, rule(JAIL, **fields)), call(SCRIPT), facts)
    assert bool(findings) == applies


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("坐席：您好\n客户：打错了", "skipped"),
        ("坐席：您好\n客户：您说\n坐席：还钱\n客户：没钱", "failed"),
        ("坐席：您好，帮您分期", "passed"),
    ],
)
def test_a_step_that_was_not_due_is_skipped(tmp_path: Path, script: str, verdict: str) -> None:
    find = "{phrases: {families: [分期]}}"
    finding = judge(tmp_path, find, call(script), scope=AGENT, expect="present", due="{turns: {ge: 4}}")
    assert finding.verdict == verdict


@pytest.mark.parametrize(
    ("sure", "who", "expect", "verdict"),
    [
        ((0.9, 0.9), "agent", "present", "failed"),
        ((0.9, 0.3), "agent", "present", "skipped"),
        ((0.3, 0.9), "agent", "present", "skipped"),
        ((None, None), "agent", "present", "failed"),
        ((0.9, 0.3), "customer", "present", "failed"),
        ((0.3, 0.3), "agent", "absent", "passed"),
    ],
)
def test_a_step_is_not_missing_where_it_was_hard_to_hear(
    tmp_path: Path, sure: tuple[float | None, float | None], who: str, expect: str, verdict: str
) -> None:
    said = (Utterance("agent", "您好您好您好", 0, 2, sure[0]), Utterance(who, "喝飞起的还款", 3, 5, sure[1]))  # type: ignore[arg-type]
    finding = judge(tmp_path, "{phrases: {families: [分期]}}", Transcript("e", "zh", 9.0, "channels", said),
                    scope=AGENT, expect=expect)  # fmt: skip
    assert finding.verdict == verdict
    assert ("没听清" in finding.message) == (verdict == "skipped")


@pytest.mark.parametrize(("days", "severity"), [(10, "veto"), (60, "minor"), (200, "info")])
def test_severity_by_stage(tmp_path: Path, days: int, severity: str) -> None:
    stages = "[{when: {overdue_days: {lt: 30}}, severity: veto}, {when: {overdue_days: {lt: 90}}, severity: minor}]"
    finding = judge(tmp_path, JAIL, call(SCRIPT), {"overdue_days": days}, stages=stages, severity="info")
    assert finding.severity == severity


def test_evidence_points_at_words_and_seconds(tmp_path: Path) -> None:
    said = Utterance("agent", "再不还，就让你坐牢！", 10.0, 20.0, 0.8)
    finding = judge(tmp_path, JAIL, Transcript("e", "zh", 30.0, "channels", (said,)), scope=AGENT)
    evidence = finding.evidence[0]
    assert (evidence.utterance, evidence.span, evidence.quote) == (0, (7, 9), "坐牢")
    assert (evidence.start, evidence.end, evidence.confidence) == (17.0, 19.0, 0.8)
    assert finding.message == "发现“某条规则”：00:17 坐席第 1 句说“坐牢”"


@pytest.mark.parametrize(
    ("second", "found"),
    [
        (Utterance("agent", "让你坐牢", 4.0, 5.0), True),
        (Utterance("agent", "让你坐牢", 30.0, 31.0), False),
        (Utterance("customer", "让你坐牢", 4.0, 5.0), False),
    ],
)
def test_a_sentence_cut_by_a_pause_is_one_sentence(tmp_path: Path, second: Utterance, found: bool) -> None:
    transcript = Transcript("e", "zh", 40.0, "channels", (Utterance("agent", "你再不还我就", 1.0, 3.5), second))
    finding = judge(tmp_path, "{phrases: {families: ['再不还 ~6 坐牢']}}", transcript)
    assert (finding.verdict == "failed") == found
    if found:
        assert (finding.evidence[0].utterance, finding.evidence[0].quote) == (1, "让你坐牢")


def test_several_packs_are_judged_together(tmp_path: Path) -> None:
    one = pack(tmp_path, rule(JAIL))
    findings = check([one, load_pack("collection-standard")], call(SCRIPT))
    assert findings[0].rule == "the-rule"
    assert len(findings) > 30


@pytest.mark.parametrize("asked", [("agent", "customer"), ("customer", "agent"), ("agent", None), ("unknown", "agent")])
def test_packs_may_ask_others_for_the_same(tmp_path: Path, asked: tuple[str | None, ...]) -> None:
    said = call("坐席：再不还钱让你坐牢\n客户：再不还钱让你坐牢\n未知：再不还钱让你坐牢")
    find, uses = "{phrases: {lexicon: jail}}", ["shared", "agent"]
    packs = [pack(tmp_path, rule(find, scope=f"{{speaker: {who or 'null'}}}"), uses=uses) for who in asked]
    for who, finding in zip(asked, check(packs, said), strict=True):
        places = [one.utterance for one in finding.evidence]
        assert places == [at for at, one in enumerate(said.utterances) if who in (None, one.speaker)]
