"""Operators: what was said -> what each finds. One table for each operator."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from asr.transcript import Acoustics, Stretch, Transcript, Utterance, Voice
from rules import RuleError, check
from tests.rules.helpers import call, judge, pack, rule

CALL = """
坐席：您好，请问是张先生吗？
客户：我是。
坐席：您逾期三十天，欠款五千元。
客户：知道，我失业了。
坐席：可以帮您分期。
"""

SAY = "{{phrases: {{families: ['{0}']{1}}}}}"


def says(family: str, speaker: str = "") -> str:
    return SAY.format(family, f", speaker: {speaker}" if speaker else "")


def found(tmp_path: Path, find: str) -> bool | None:
    finding = judge(tmp_path, find, call(CALL, seconds_each=5))
    return None if finding.verdict == "skipped" else finding.verdict == "failed"


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (says("欠款"), True),
        (says("欠款", "agent"), True),
        (says("欠款", "customer"), False),
        (says("失业", "customer"), True),
        (says("起诉"), False),
    ],
)
def test_phrases(tmp_path: Path, find: str, expected: bool) -> None:
    assert found(tmp_path, find) is expected


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("{regex: {pattern: '逾期.{2,4}天'}}", True),
        ("{regex: {pattern: '逾期.{2,4}天', exclude: '欠款'}}", False),
        ("{regex: {pattern: '逾期.{2,4}天', exclude: '失业'}}", True),
        ("{regex: {pattern: '逾期', speaker: customer}}", False),
        ("{regex: {pattern: '(x+x+)+y'}}", False),
    ],
)
def test_regex(tmp_path: Path, find: str, expected: bool) -> None:
    assert found(tmp_path, find) is expected


@pytest.mark.parametrize(
    "pattern", ["(x+x+)+y", "(a+)+$", "(a|aa)+$", "(a|a?)+$", "(?:.*a){25}$", "(a?){60}a{60}$", "(a{1,999}){1,999}$"]
)
def test_a_regex_that_never_ends_is_skipped_and_says_so(tmp_path: Path, pattern: str) -> None:
    said = ("x" if "x" in pattern else "a") * 5000 + "!"
    finding = judge(tmp_path, f"{{regex: {{pattern: '{pattern}'}}}}", call(f"坐席：{said}"))
    assert finding.verdict == "skipped"
    assert "未算完" in finding.message


def test_many_regexes_that_never_end_take_no_longer_than_a_few(tmp_path: Path) -> None:
    endless = [rule("{regex: {pattern: '(a|aa)+$'}}", id=f"endless{at:02}") for at in range(20)]
    rules = pack(tmp_path, *endless, rule("{regex: {pattern: a!}}", id="sound"))
    *others, sound = check(rules, call(f"坐席：{'a' * 5000}!"))
    assert ["超过 0.25 秒" in one.message for one in others] == [True] * 8 + [False] * 12
    assert all("未算完" in one.message for one in others)
    assert sound.verdict == "failed"


@pytest.mark.parametrize(
    ("steps", "limits", "expected"),
    [
        (["请问是", "逾期", "分期"], "", True),
        (["逾期", "请问是"], "", False),
        (["请问是", "逾期"], ", within_turns: 2", True),
        (["请问是", "逾期"], ", within_turns: 1", False),
        (["请问是", "逾期"], ", within_seconds: 10", True),
        (["请问是", "逾期"], ", within_seconds: 3", False),
        (["逾期", "欠款"], ", within_turns: 0", True),
        (["欠款", "逾期"], ", within_turns: 0", False),
        (["请问是", "分期"], f", without: {says('逾期')}", False),
        (["请问是", "逾期"], f", without: {says('分期')}", True),
        (["逾期", "分期"], f", unless_earlier: {says('请问是')}", False),
        (["逾期", "分期"], f", unless_earlier: {says('分期')}", True),
        (["逾期", "分期"], f", unless_earlier: {says('欠款')}", True),
    ],
)
def test_sequence(tmp_path: Path, steps: list[str], limits: str, expected: bool) -> None:
    written = ", ".join(says(step) for step in steps)
    assert found(tmp_path, f"{{sequence: {{steps: [{written}]{limits}}}}}") is expected


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (f"{{all: [{says('逾期')}, {says('失业')}]}}", True),
        (f"{{all: [{says('逾期')}, {says('起诉')}]}}", False),
        (f"{{any: [{says('起诉')}, {says('失业')}]}}", True),
        (f"{{any: [{says('起诉')}, {says('坐牢')}]}}", False),
        (f"{{none: [{says('起诉')}, {says('坐牢')}]}}", True),
        (f"{{none: [{says('起诉')}, {says('失业')}]}}", False),
        (f"{{at_least: {{count: 2, of: [{says('起诉')}, {says('失业')}, {says('逾期')}]}}}}", True),
        (f"{{at_least: {{count: 3, of: [{says('起诉')}, {says('失业')}, {says('逾期')}]}}}}", False),
        (f"{{all: [{says('逾期')}, {{fact: {{stage: m1}}}}]}}", None),
        (f"{{any: [{says('逾期')}, {{fact: {{stage: m1}}}}]}}", True),
        (f"{{any: [{says('起诉')}, {{fact: {{stage: m1}}}}]}}", None),
        (f"{{none: [{says('逾期')}, {{fact: {{stage: m1}}}}]}}", False),
        (f"{{none: [{says('起诉')}, {{fact: {{stage: m1}}}}]}}", None),
        (f"{{at_least: {{count: 1, of: [{says('起诉')}, {{fact: {{stage: m1}}}}]}}}}", None),
        (f"{{all: [{{any: [{says('逾期')}]}}, {{none: [{says('起诉')}]}}]}}", True),
    ],
)
def test_all_any_none_at_least(tmp_path: Path, find: str, expected: bool | None) -> None:
    assert found(tmp_path, find) is expected


@pytest.mark.parametrize(
    ("of", "limits", "expected"),
    [
        (["欠款", "逾期"], "", True),
        (["失业", "逾期"], "", False),
        (["失业", "逾期"], ", turns: 1", True),
        (["分期", "请问是"], ", turns: 2", False),
        (["分期", "请问是"], ", turns: 4, seconds: 30", True),
        (["分期", "请问是"], ", turns: 4, seconds: 3", False),
        (["起诉", "逾期"], ", turns: 9", False),
    ],
)
def test_near(tmp_path: Path, of: list[str], limits: str, expected: bool) -> None:
    written = ", ".join(says(one) for one in of)
    assert found(tmp_path, f"{{near: {{of: [{written}]{limits}}}}}") is expected


@pytest.mark.parametrize(
    ("question", "answer", "turns", "expected"),
    [
        (says("请问是", "agent"), says("我是", "customer"), 1, True),
        (says("请问是", "agent"), "", 1, True),
        (says("请问是", "agent"), says("打错", "customer"), 3, False),
        (says("请问是", "agent"), says("失业", "customer"), 1, False),
        (says("请问是", "agent"), says("失业", "customer"), 3, True),
        (says("分期", "agent"), "", 2, False),
    ],
)
def test_answered(tmp_path: Path, question: str, answer: str, turns: int, expected: bool) -> None:
    written = f"question: {question}, within_turns: {turns}" + (f", answer: {answer}" if answer else "")
    assert found(tmp_path, f"{{answered: {{{written}}}}}") is expected


OPEN = "{fact: {stage: m1}}"


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (f"{{sequence: {{steps: [{says('起诉')}, {OPEN}]}}}}", False),
        (f"{{sequence: {{steps: [{OPEN}, {says('起诉')}]}}}}", False),
        (f"{{sequence: {{steps: [{says('逾期')}, {OPEN}]}}}}", None),
        (f"{{answered: {{question: {says('起诉')}, answer: {OPEN}}}}}", False),
        (f"{{answered: {{question: {says('逾期')}, answer: {OPEN}}}}}", None),
        (f"{{all: [{OPEN}, {says('起诉')}]}}", False),
        (f"{{none: [{OPEN}, {says('逾期')}]}}", False),
    ],
)
def test_what_is_missing_settles_what_else_is_open(tmp_path: Path, find: str, expected: bool | None) -> None:
    assert found(tmp_path, find) is expected


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("{duration: {lt: 30}}", True),
        ("{duration: {lt: 25}}", False),
        ("{duration: {ge: 25, le: 25}}", True),
        ("{turns: {ge: 5}}", True),
        ("{turns: {ge: 3, speaker: customer}}", False),
        ("{turns: {eq: 2, speaker: customer}}", True),
    ],
)
def test_duration_and_turns(tmp_path: Path, find: str, expected: bool) -> None:
    assert found(tmp_path, find) is expected


def test_duration_of_a_text_cannot_be_told(tmp_path: Path) -> None:
    assert judge(tmp_path, "{duration: {lt: 30}}", call(CALL)).verdict == "skipped"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"started_at": "2026-03-02T21:59:59+08:00"}, "passed"),
        ({"started_at": "2026-03-02T22:00:00+08:00"}, "failed"),
        ({"started_at": "2026-03-02T07:59:00+08:00"}, "failed"),
        ({"started_at": "2026-03-02T08:00:00+08:00"}, "passed"),
        ({"started_at": "2026-03-02T14:30:00+00:00"}, "failed"),
        ({"started_at": "2026-03-02T22:30:00"}, "failed"),
        ({"started_at": "2026-03-02T22:30:00+08:00", "quiet_hours_consent": True}, "passed"),
        ({"started_at": "2026-03-02T22:30:00+08:00", "quiet_hours_consent": "true"}, "passed"),
        ({"started_at": "2026-03-02T22:30:00+08:00", "quiet_hours_consent": "maybe"}, "failed"),
        ({"started_at": "2026-03-02 00:00"}, "failed"),
        ({"started_at": "2026-03-02"}, "skipped"),
        ({"started_at": date(2026, 3, 2)}, "skipped"),
        ({"started_at": "昨天"}, "skipped"),
        ({}, "skipped"),
    ],
)
def test_quiet_hours(tmp_path: Path, facts: dict[str, object], verdict: str) -> None:
    assert judge(tmp_path, "{quiet_hours: {}}", call(CALL), facts).verdict == verdict


@pytest.mark.parametrize(
    ("condition", "facts", "verdict"),
    [
        ("{callee_relation: [family, colleague]}", {"callee_relation": "family"}, "failed"),
        ("{callee_relation: [family, colleague]}", {"callee_relation": "self"}, "passed"),
        ("{callee_relation: [family, colleague]}", {}, "skipped"),
        ("{overdue_days: {ge: 90}}", {"overdue_days": 90}, "failed"),
        ("{overdue_days: {ge: 90}}", {"overdue_days": "120"}, "failed"),
        ("{overdue_days: {ge: 90, lt: 100}}", {"overdue_days": 120}, "passed"),
        ("{overdue_days: {ge: 90}}", {"overdue_days": True}, "passed"),
        ("{overdue_days: 90}", {"overdue_days": "90"}, "failed"),
        ("{overdue_days: '90'}", {"overdue_days": 90}, "failed"),
        ("{overdue_days: [30, 90]}", {"overdue_days": "90.0"}, "failed"),
        ("{agent_id: '007'}", {"agent_id": "7"}, "passed"),
        ("{consent: true}", {"consent": 1}, "passed"),
        ("{consent: true}", {"consent": True}, "failed"),
        ("{channel: {not_in: [sms]}}", {}, "failed"),
        ("{channel: {exists: false}}", {}, "failed"),
        ("{channel: {exists: true}}", {}, "passed"),
        ("{channel: {ne: sms}}", {"channel": "sms"}, "passed"),
        ("{a: 1, b: 2}", {"a": 2}, "passed"),
        ("{a: 1, b: 2}", {"a": 1}, "skipped"),
    ],
)
def test_fact(tmp_path: Path, condition: str, facts: dict[str, object], verdict: str) -> None:
    assert judge(tmp_path, f"{{fact: {condition}}}", call(CALL), facts).verdict == verdict


TIMED = [
    ("agent", "您好请问是张先生本人吗", 0.0, 3.0),
    ("customer", "你们怎么又打电话来", 9.0, 11.0),
    ("agent", "我跟您说一下，欠款的情况好吗？", 10.0, 12.0),
    ("customer", "你们怎么又打来电话", 12.5, 14.0),
]


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("{silence: {seconds: 6}}", True),
        ("{silence: {seconds: 6.1}}", False),
        ("{silence: {seconds: 5, after: customer}}", False),
        ("{silence: {seconds: 5, after: agent, before: customer}}", True),
        ("{overlap: {seconds: 1}}", True),
        ("{overlap: {seconds: 1.5}}", False),
        ("{overlap: {seconds: 1, speaker: customer}}", False),
        ("{overlap: {seconds: 1, times: 2}}", False),
        ("{overlap: {seconds: 1, min_chars: 20}}", False),
        ("{overlap: {seconds: 1, min_chars: 13}}", True),
        ("{overlap: {seconds: 1, min_chars: 14}}", False),
        ("{speech_rate: {chars_per_minute: {gt: 300}, speaker: agent}}", True),
        ("{speech_rate: {chars_per_minute: {gt: 400}, speaker: agent}}", False),
        ("{speech_rate: {chars_per_minute: {lt: 300}, speaker: agent, average: true}}", True),
        ("{speech_rate: {chars_per_minute: {lt: 250}, min_chars: 99}}", False),
        ("{repeat: {speaker: customer, score: 0.5}}", True),
        ("{repeat: {speaker: customer, score: 0.9}}", False),
        ("{repeat: {speaker: agent}}", False),
        ("{repeat: {speaker: customer, score: 0.5, times: 2}}", False),
        ("{similar: {sentences: [请问您是张先生本人吗]}}", True),
        ("{similar: {sentences: [请问您是张先生本人吗], score: 0.95}}", False),
        ("{similar: {sentences: [我要投诉你们公司], speaker: agent}}", False),
        ("{similar: {sentences: [请问您是张先生本人吗], unlike: [我跟您说一下欠款的情况]}}", True),
        ("{similar: {sentences: [请问您是张先生本人吗], unlike: [您好请问是张先生吗], margin: 0}}", False),
        (
            "{similar: {sentences: [我跟您说下欠款情况好吗], score: 0.5, unlike: [怎么又打电话来], margin: 0.3}}",
            True,
        ),
    ],
)
def test_timing_and_likeness(tmp_path: Path, find: str, expected: bool) -> None:
    said = tuple(Utterance(speaker, text, start, end) for speaker, text, start, end in TIMED)  # type: ignore[arg-type]
    finding = judge(tmp_path, find, Transcript("given", "zh", 15.0, "channels", said))
    assert (finding.verdict == "failed") == expected


@pytest.mark.parametrize(
    "find",
    [
        "{silence: {seconds: 6}}",
        "{overlap: {}}",
        "{speech_rate: {chars_per_minute: {gt: 1}, min_chars: 2}}",
        f"{{sequence: {{steps: [{says('请问是')}, {says('逾期')}], within_seconds: 5}}}}",
        f"{{near: {{of: [{says('请问是')}, {says('逾期')}], turns: 9, seconds: 5}}}}",
    ],
)
def test_timing_of_a_text_cannot_be_told(tmp_path: Path, find: str) -> None:
    assert judge(tmp_path, find, call(CALL)).verdict == "skipped"


# The agent speaks on while the customer says two things; the second time the customer goes on alone.
ACROSS = [
    ("agent", "我再跟您说一遍这笔钱今天必须处理", 0.0, 8.0),
    ("customer", "我知道我知道", 2.0, 4.0),
    ("customer", "您先听我说完行不行", 6.5, 14.0),
    ("agent", "嗯", 9.0, 9.5),
    ("agent", "您说吧我听着呢", 25.0, 27.0),
]


def voice(speaker: str, *jumps: Stretch, loudness: float | None = -20.0) -> Voice:
    return Voice(speaker, 9.0, 0.5, 200.0, 1.0, loudness, jumps, 0)  # type: ignore[arg-type]


HEARD = Acoustics(
    (voice("agent", Stretch(0.0, 8.0, "agent", 9.4)), voice("customer", Stretch(6.5, 14.0, "customer", 6.2))),
    silences=(Stretch(15.0, 18.0), Stretch(20.0, 25.0)),
    overlaps=(Stretch(2.0, 4.0, "customer"), Stretch(6.5, 8.0, "customer"), Stretch(9.0, 9.5, "agent")),
)
MONO = Acoustics((voice("unknown"),), (), ())
MUTE = Acoustics((voice("agent", loudness=None), voice("customer")), (), ())


def timed(find: str, folder: Path, heard: Acoustics | None, said: list[tuple[str, str, float, float]]) -> bool | None:
    spoken = tuple(Utterance(speaker, text, start, end) for speaker, text, start, end in said)  # type: ignore[arg-type]
    finding = judge(folder, find, Transcript("e", "zh", 30.0, "channels", spoken, heard))
    return None if finding.verdict == "skipped" else finding.verdict == "failed"


@pytest.mark.parametrize(
    ("find", "heard", "expected"),
    [
        ("{overlap: {seconds: 1, speaker: customer, times: 2}}", None, True),
        ("{overlap: {seconds: 1.6, speaker: customer, times: 2}}", None, False),
        ("{overlap: {seconds: 0.5, speaker: agent, min_chars: 1}}", None, True),
        ("{overlap: {seconds: 0.5, speaker: agent}}", None, False),
        ("{overlap: {seconds: 1, speaker: customer, times: 2}}", HEARD, True),
        ("{overlap: {seconds: 1.6, speaker: customer, times: 2}}", HEARD, False),
        ("{overlap: {seconds: 0.5, speaker: agent}}", HEARD, False),
        ("{overlap: {}}", MONO, None),
        ("{silence: {seconds: 11}}", None, True),
        ("{silence: {seconds: 12}}", None, False),
        ("{silence: {seconds: 11, after: customer, before: agent}}", None, True),
        ("{silence: {seconds: 11, after: agent}}", None, False),
        ("{silence: {seconds: 5}}", HEARD, True),
        ("{silence: {seconds: 6}}", HEARD, False),
        ("{silence: {seconds: 1}}", HEARD, True),
        ("{talk_share: {speaker: agent, share: {gt: 0.5}}}", None, True),  # 10.5 of 20 seconds
        ("{talk_share: {speaker: agent, share: {gt: 0.53}}}", None, False),
        ("{talk_share: {speaker: agent, share: {gt: 0.5}}}", HEARD, False),
        ("{talk_share: {speaker: customer, share: {ge: 0.5}}}", HEARD, True),
        ("{talk_share: {speaker: agent, share: {gt: 0.5}}}", MONO, None),
        ("{loudness: {}}", None, None),
        ("{loudness: {}}", HEARD, True),
        ("{loudness: {speaker: agent, rise: 9}}", HEARD, True),
        ("{loudness: {speaker: agent, rise: 10}}", HEARD, False),
        ("{loudness: {speaker: customer, rise: 9}}", HEARD, False),
        ("{loudness: {times: 2}}", HEARD, True),
        ("{loudness: {times: 3}}", HEARD, False),
        ("{loudness: {speaker: agent}}", MUTE, None),
        ("{loudness: {speaker: agent}}", MONO, None),
    ],
)
def test_how_it_sounded(tmp_path: Path, find: str, heard: Acoustics | None, expected: bool | None) -> None:
    assert timed(find, tmp_path, heard, ACROSS) is expected


def test_who_spoke_how_much_is_not_told_of_nobody(tmp_path: Path) -> None:
    nobody = Acoustics(tuple(replace(one, share=0.0) for one in HEARD.voices), (), ())
    nameless = [("unknown", text, start, end) for _, text, start, end in ACROSS]
    for heard, said in ((nobody, ACROSS), (None, nameless), (None, [])):
        for share in ("{lt: 0.1}", "{gt: 0.9}"):
            assert timed(f"{{talk_share: {{speaker: agent, share: {share}}}}}", tmp_path, heard, said) is None


@pytest.mark.parametrize(
    ("find", "why"),
    [
        ("{silence: {seconds: 1}}", "没有人说话"),
        ("{overlap: {}}", "没有人说话"),
        ("{speech_rate: {chars_per_minute: {lt: 100}, min_chars: 40, average: true}}", "没有一句满 40 字"),
    ],
)
def test_nothing_to_measure_is_skipped_with_a_reason(tmp_path: Path, find: str, why: str) -> None:
    said = tuple(Utterance("agent", text, at, at + 1.0) for at, text in enumerate(["您好", "再见"]))
    scope = "{after: never}" if "没有人" in why else "{}"
    never = rule("{phrases: {families: [外星人]}}", id="never")
    findings = check(pack(tmp_path, rule(find, scope=scope), never), Transcript("e", "zh", 9.0, "channels", said))
    assert findings[0].verdict == "skipped"
    assert why in findings[0].message


def test_evidence_says_what_it_is_like(tmp_path: Path) -> None:
    find = "{similar: {sentences: [请问您是张先生本人吗, 这句完全不同], score: 0.5}}"
    finding = judge(tmp_path, find, call("坐席：喂。您好请问是张先生本人吗？我找他"))
    (evidence,) = finding.evidence
    assert evidence.quote == "您好请问是张先生本人吗"
    assert evidence.note == "像例句“请问您是张先生本人吗”，相似度 0.74"
    assert evidence.confidence == pytest.approx(0.74, abs=0.005)


def test_what_was_heard_is_compared_by_sound(tmp_path: Path) -> None:
    said = (Utterance("agent", "您的信用卡已经于七六十天了"),)
    find = "{similar: {sentences: [您的信用卡已经逾期六十天了], score: 0.9}}"
    assert judge(tmp_path, find, Transcript("recogniser", "zh", None, "given", said)).verdict == "failed"
    assert judge(tmp_path, find, Transcript("given", "zh", None, "given", said)).verdict == "passed"


def test_evidence_says_how_loud(tmp_path: Path) -> None:
    said = tuple(Utterance(who, text, start, end) for who, text, start, end in ACROSS)  # type: ignore[arg-type]
    finding = judge(tmp_path, "{loudness: {rise: 9}}", Transcript("e", "zh", 30.0, "channels", said, HEARD))
    assert [(one.utterance, one.note) for one in finding.evidence] == [(0, "比平时响 9 分贝")]


@pytest.mark.parametrize(
    ("count", "most", "facts", "verdict"),
    [
        ("effective_calls", 3, {"effective_calls_today": 3}, "passed"),
        ("effective_calls", 3, {"effective_calls_today": 4}, "failed"),
        ("effective_calls", 3, {"effective_calls_today": 4, "contact_limit_consent": True}, "passed"),
        ("effective_calls", 3, {"effective_calls_today": 4, "contact_limit_consent": "true"}, "passed"),
        ("effective_calls", 3, {"effective_calls_today": 4, "contact_limit_consent": 1}, "passed"),
        ("effective_calls", 3, {"effective_calls_today": 4, "contact_limit_consent": "false"}, "failed"),
        ("dials", 6, {"dials_today": 7, "effective_calls_today": 0}, "failed"),
        ("dials", 6, {"effective_calls_today": 9}, "skipped"),
    ],
)
def test_contact_limit(tmp_path: Path, count: str, most: int, facts: dict[str, object], verdict: str) -> None:
    find = f"{{contact_limit: {{count: {count}, most: {most}}}}}"
    assert judge(tmp_path, find, call(CALL), facts).verdict == verdict


@pytest.mark.parametrize(
    ("find", "field", "reason"),
    [
        ("{}", "find", "恰好有一个"),
        ("{phrases: {families: [甲]}, regex: {pattern: 甲}}", "find", "恰好有一个"),
        ("{telepathy: {}}", "find.telepathy", "没有这个字段"),
        ("{phrases: {}}", "find.phrases", "必须且只能"),
        ("{phrases: {lexicon: nowhere}}", "find.phrases.lexicon", "没有名为“nowhere”"),
        ("{phrases: {families: ['坐牢 ~99 抓']}}", "find.phrases.families", "超过上限"),
        ("{phrases: {families: [坐牢], guards: [nobody]}}", "find.phrases.guards", "没有名为“nobody”"),
        ("{phrases: {families: [坐牢], guards: [[x]]}}", "find.phrases.guards.0", "应是文字"),
        ("{phrases: {families: [坐牢], speaker: boss}}", "find.phrases.speaker", "只能是"),
        ("{regex: {pattern: '(甲'}}", "find.regex.pattern", "正则表达式有误"),
        ("{at_least: {count: 3, of: [{duration: {lt: 1}}]}}", "find.at_least", "count 是 3"),
        ("{all: []}", "find.all.of", "至少要有 1 项"),
        ("{fact: {overdue_days: {lt: }}}", "find.fact.conditions.overdue_days.lt", "没有写值"),
        ("{fact: {overdue_days: }}", "find.fact.conditions.overdue_days.eq", "没有写值"),
        ("{fact: {overdue_days: {in: }}}", "find.fact.conditions.overdue_days.in", "没有写值"),
        ("{fact: {overdue_days: {exists: }}}", "find.fact.conditions.overdue_days.exists", "没有写值"),
        ("{duration: {lt: }}", "find.duration.seconds.lt", "没有写值"),
        ("{turns: {lt: }}", "find.turns.count.lt", "没有写值"),
        ("{talk_share: {speaker: agent, share: {gt: }}}", "find.talk_share.share.gt", "没有写值"),
        ("{quiet_hours: {start: 22:00}}", "find.quiet_hours.start", "写作带引号"),
        ("{quiet_hours: {end: '22:00Z'}}", "find.quiet_hours.end", "写作带引号"),
        ("{quiet_hours: {end: '1320'}}", "find.quiet_hours.end", "写作带引号"),
        ("{quiet_hours: {end: '25:00'}}", "find.quiet_hours.end", "写作带引号"),
        ("{all: [{duration: {}}]}", "find.all.of.0.duration.seconds", "条件是空的"),
        ("{sequence: {steps: [{duration: {lt: 1}}]}}", "find.sequence.steps", "至少要有 2 项"),
        ("{fact: {}}", "find.fact.conditions", "至少要有 1 项"),
    ],
)
def test_a_fault_names_its_field(tmp_path: Path, find: str, field: str, reason: str) -> None:
    with pytest.raises(RuleError) as error:
        judge(tmp_path, find, call(CALL))
    assert [(fault.rule, fault.field) for fault in error.value.faults] == [("the-rule", field)]
    assert reason in error.value.faults[0].message
