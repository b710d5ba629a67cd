"""Calls are judged alike whether or not others were read with them."""

from dataclasses import replace

import pytest

from rules import check, read_ahead
from rules.ahead import AT_ONCE, SHORT
from tests.rules.helpers import built_in, call

FACTS = {"started_at": "2026-03-17T15:02:51+08:00"}
THREAT = "坐席：再不还钱就让你坐牢，八百一十二元"


def test_alike_with_others_and_alone() -> None:
    pack = built_in("collection-standard")
    said = ("坐席：您好，请问是张先生吗，不还就让你坐", "坐席：牢", "", THREAT, THREAT, THREAT.replace("坐席", "客户"))
    calls = [
        *map(call, said),
        replace(call("坐席：再不还钱就让你坐劳\n客户：我要投诉"), engine="whisper"),
        call(THREAT * SHORT),
        *[call("坐席：" + "我们不会起诉您" * (SHORT // 10))] * (2 * AT_ONCE // SHORT),
    ]
    (ahead,) = read_ahead([pack], calls)
    judged = [check(ahead, one, FACTS) for one in calls]
    assert judged == [check(pack, one, FACTS) for one in calls]
    jail = [next(one.verdict for one in findings if one.rule == "false-legal.jail") for findings in judged[:6]]
    assert jail == ["passed", "passed", "skipped", "failed", "failed", "passed"]


def test_what_was_read_ahead_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pack, threat = built_in("collection-standard"), call(THREAT)
    (ahead,) = read_ahead([pack], [threat])
    for matcher in ahead.matchers:
        monkeypatch.setattr(matcher, "_cores", None)  # with which nothing can be read
    assert check(ahead, threat, FACTS) == check(pack, threat, FACTS)
