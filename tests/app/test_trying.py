"""The try-it bench over HTTP: a text in, findings out, nothing stored."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api import rules as rules_api
from app.turns import Turns
from tests.app.test_access import Auth

_LOOKED_FOR = {"false_legal", "third_party"}


def _found(answer: dict[str, Any]) -> set[str]:
    return {
        item["category"] for item in answer["findings"] if item["expect"] == "absent" and item["verdict"] == "failed"
    }


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"text": "再不还钱就让你坐牢"}, {"false_legal"}),
        ({"text": "客户：你们会不会让我坐牢\n坐席：不会的 欠款逾期不等于犯罪"}, set()),
        ({"text": "再不还钱就让你坐牢", "speaker": "customer"}, set()),
        ({"text": "再 不 还 钱 就 让 你 坐 牢"}, {"false_legal"}),
        ({"utterances": [{"speaker": "agent", "text": "我 没 说 过 让 你 坐 牢"}]}, set()),
        ({"utterances": [{"speaker": "agent", "text": "再不还钱就让你坐牢", "start": 1, "end": 3}]}, {"false_legal"}),
        (
            {"text": "他的贷款逾期三个月了 欠款两万元", "call": {"callee_relation": "friend"}},
            {"third_party"},
        ),
    ],
)
def test_findings(client: TestClient, auth: Auth, said: dict[str, Any], found: set[str]) -> None:
    answer = client.post("/v1/rules/try", headers=auth["admin"], json=said)
    assert answer.status_code == 200, answer.text
    assert _found(answer.json()) & _LOOKED_FOR == found


@pytest.mark.parametrize("heard", [False, True])
def test_what_was_heard_is_matched_by_sound(
    client: TestClient, auth: Auth, work_off: Callable[[], None], heard: bool
) -> None:
    """On the bench, as lines and as utterances, and as a call."""
    said, tries = "马上强制直行你的工资", {"heard": heard, "call": {"channel": "sms"}}
    bodies = [tries | {"text": said}, tries | {"utterances": [{"speaker": "agent", "text": said}]}]
    tried = [client.post("/v1/rules/try", headers=auth["inspector"], json=body).json() for body in bodies]
    call = client.post("/v1/texts", headers=auth["inspector"], json=bodies[1]).json()["id"]
    work_off()
    for answer in (*tried, client.get(f"/v1/calls/{call}", headers=auth["inspector"]).json()):
        failed = [finding["rule"] for finding in answer["findings"] if finding["verdict"] == "failed"]
        assert ("false-legal.enforcement" in failed) == heard


def test_nothing_is_stored(client: TestClient, auth: Auth) -> None:
    answer = client.post("/v1/rules/try", headers=auth["inspector"], json={"text": "客户：我明天还两千"}).json()
    assert (answer["status"], answer["scorecard"]["template"]) == ("scored", "collection-standard")
    assert len(answer["promises"]) == 1
    assert client.get("/v1/calls", headers=auth["inspector"]).json()["calls"] == []


def test_a_past_call_is_judged_on_its_own_facts(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> None:
    said = [{"speaker": "agent", "text": "他的贷款逾期三个月了 欠款两万元，他的号码是13812345678"}]
    facts = {"callee_relation": "friend", "team": "A"}
    call = client.post("/v1/texts", headers=auth["inspector"], json={"call": facts, "utterances": said}).json()["id"]
    work_off()
    scorecards = client.get(f"/v1/calls/{call}/scorecards", headers=auth["inspector"]).json()
    answer = client.post("/v1/rules/try", headers=auth["supervisor"], json={"call_id": call})
    assert "third_party" in _found(answer.json())
    assert "13812345678" not in answer.text
    shown = client.post("/rules/try", headers=auth["inspector"], data={"call": f" #{call}"})
    assert "第三" in shown.text
    assert client.get(f"/v1/calls/{call}/scorecards", headers=auth["inspector"]).json() == scorecards
    for nobody, role in ((call, "admin"), (call + 1, "inspector")):
        answer = client.post("/v1/rules/try", headers=auth[role], json={"call_id": nobody})
        assert answer.status_code == 404


def test_no_more_is_tried_at_once_than_there_is_room_for(
    client: TestClient, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Turns(1, "忙", again=5)
    monkeypatch.setattr(rules_api, "_TRYING", busy)
    with busy:
        answer = client.post("/v1/rules/try", headers=auth["admin"], json={"text": "您好"})
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "5")
    assert client.post("/v1/rules/try", headers=auth["admin"], json={"text": "您好"}).status_code == 200


def test_the_bench_is_a_page(client: TestClient, auth: Auth) -> None:
    assert 'hx-post="/rules/try"' in client.get("/rules/try", headers=auth["inspector"]).text
    shown = client.post(
        "/rules/try", headers=auth["inspector"], data={"text": "再拖下去，后面来找你的人可就没我这么客气了<b>"}
    )
    assert "<q>再拖下去，后面来找你的人可就没我这么客气了&lt;b&gt;</q>" in shown.text
    nothing = client.post("/rules/try", headers=auth["inspector"], data={"call": "abc", "text": " "})
    assert (nothing.status_code, "call_id" in nothing.text) == (422, True)
    wrong = client.post("/rules/try", headers=auth["inspector"], data={"text": "坐席[5-3]：您好"})
    assert (wrong.status_code, "先起后止" in wrong.text) == (422, True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "invalid"),
        ("{}", "invalid"),
        ('{"text": "您好", "utterances": [{"text": "您好"}]}', "invalid"),
        ('{"txt": "您好"}', "invalid"),
        ('{"text": "坐席[1..2-3]：您好"}', "invalid"),
        ('{"text": "您好\\n客户[.-.]：您好"}', "invalid"),
        ('{"text": "坐席[5-3]：您好"}', "invalid"),
        (f'{{"text": "坐席[1-{"9" * 400}]：您好"}}', "invalid"),
        ('{"text": "您好", "call": {"template": "no-such"}}', "unknown_template"),
    ],
)
def test_bad_input(client: TestClient, auth: Auth, body: str, code: str) -> None:
    answer = client.post("/v1/rules/try", headers=auth["inspector"], content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
