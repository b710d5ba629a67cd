"""People's verdicts on findings, and the result that a call is shown with after them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.service import Service
from app.store import users
from app.tables import Call

Auth = dict[str, dict[str, str]]

#: A proper call in which one sentence is a threat.
SAID = [
    ("agent", "您好，我是华信金融的客服，工号八零二九，本次通话全程录音。请问是张建国先生本人吗？"),
    ("customer", "是我本人。"),
    ("agent", "您在我们平台的借款五千元已经逾期十天，请您确认一下是否属实。"),
    ("customer", "属实。"),
    ("agent", "您再不还钱我就找人弄死你全家。"),
    ("customer", "我下个月五号还。"),
    ("agent", "理解您的难处，您可以申请分期还款。好的，感谢您的配合，祝您生活愉快，再见。"),
]


@pytest.fixture
def call_id(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> int:
    """A judged call."""
    body = {"utterances": [{"speaker": who, "text": text} for who, text in SAID]}
    call_id: int = client.post("/v1/texts", headers=auth["inspector"], json=body).json()["id"]
    work_off()
    return call_id


def look(client: TestClient, auth: Auth, call_id: int) -> dict[str, Any]:
    call: dict[str, Any] = client.get(f"/v1/calls/{call_id}", headers=auth["inspector"]).json()
    assert call["status"] == "scored", call
    return call


def review(client: TestClient, auth: Auth, finding: dict[str, Any], verdict: str) -> dict[str, Any]:
    path = f"/v1/findings/{finding['id']}/review"
    answer = client.post(path, headers=auth["inspector"], json={"verdict": verdict, "note": "听过了"})
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


def failed(call: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in call["findings"] if finding["verdict"] == "failed"]


def test_overturning_every_failure_passes_the_call(client: TestClient, auth: Auth, call_id: int) -> None:
    before = look(client, auth, call_id)
    assert "threat" in before["categories"]
    assert (before["passed"], before["flagged"], before["reviewed_at"], before["corrected"]) == (
        False,
        True,
        None,
        None,
    )
    for finding in failed(before):
        review(client, auth, finding, "overturned")
    after = look(client, auth, call_id)
    assert (after["passed"], after["categories"], after["rules"]) == (True, ["ptp"], [])
    assert after["score"] > before["score"]
    assert after["corrected"]["score"] == after["score"]
    # What the machine judged stays as it was.
    assert (after["scorecard"], [f["verdict"] for f in after["findings"]]) == (
        before["scorecard"],
        [f["verdict"] for f in before["findings"]],
    )
    shown = [finding["review"] for finding in failed(after)]
    assert {(given["ruling"], given["reviewer"], given["note"]) for given in shown} == {
        ("overturned", "inspector", "听过了")
    }


def test_lists_tell_what_was_reviewed(client: TestClient, auth: Auth, call_id: int) -> None:
    def listed(query: str) -> list[int]:
        return [call["id"] for call in client.get(f"/v1/calls?{query}", headers=auth["supervisor"]).json()["calls"]]

    assert (listed("reviewed=true"), listed("reviewed=false"), listed("category=threat")) == ([], [call_id], [call_id])
    threat = next(f for f in failed(look(client, auth, call_id)) if f["category"] == "threat")
    review(client, auth, threat, "upheld")
    assert (listed("reviewed=true"), listed("reviewed=false"), listed("category=threat")) == ([call_id], [], [call_id])
    for finding in failed(look(client, auth, call_id)):  # one sentence may break several rules
        if finding["category"] == "threat":
            review(client, auth, finding, "overturned")
    assert listed("category=threat") == []


def test_withdrawing_restores_the_machine(client: TestClient, auth: Auth, call_id: int) -> None:
    before = look(client, auth, call_id)
    given = [review(client, auth, finding, "overturned") for finding in failed(before)]
    for one in given:
        answer = client.delete(f"/v1/reviews/{one['id']}", headers=auth["supervisor"])
        assert (answer.status_code, answer.json()["withdrawn_at"] is None) == (200, False)
    after = look(client, auth, call_id)
    assert {k: after[k] for k in ("score", "passed", "categories", "reviewed_at", "corrected")} == {
        k: before[k] for k in ("score", "passed", "categories", "reviewed_at", "corrected")
    }
    assert len(after["reviews"]) == len(given)
    again = client.delete(f"/v1/reviews/{given[0]['id']}", headers=auth["inspector"])
    assert (again.status_code, again.json()["code"]) == (409, "withdrawn")


def test_what_is_sent_twice_is_one_review(client: TestClient, auth: Auth, call_id: int) -> None:
    finding = failed(look(client, auth, call_id))[0]
    missed = f"/v1/calls/{call_id}/findings", {"category": "privacy", "utterance": 2}
    verdict = f"/v1/findings/{finding['id']}/review", {"verdict": "overturned"}
    for path, body in (missed, verdict):
        before = look(client, auth, call_id)
        first, second = (client.post(path, headers=auth["inspector"], json=body).json() for _ in range(2))
        assert first == second
        assert client.delete(f"/v1/reviews/{second['id']}", headers=auth["inspector"]).status_code == 200
        after = look(client, auth, call_id)
        assert (after["score"], after["categories"]) == (before["score"], before["categories"])
        assert client.post(path, headers=auth["inspector"], json=body).json()["id"] != second["id"]


def test_what_was_missed_is_one_review_whatever_else_was_missed(client: TestClient, auth: Auth, call_id: int) -> None:
    path, headers = f"/v1/calls/{call_id}/findings", auth["inspector"]
    wanted = ({"category": "privacy", "utterance": at} for at in (2, 1, 2))
    one, other, again = (client.post(path, headers=headers, json=body).json()["id"] for body in wanted)
    assert one == again != other


def test_what_is_said_otherwise_or_after_somebody_else_is_another_review(
    client: TestClient, auth: Auth, call_id: int
) -> None:
    finding = failed(look(client, auth, call_id))[0]
    said = [
        ("inspector", "upheld", ""),
        ("inspector", "overturned", ""),
        ("inspector", "overturned", "听过了"),
        ("supervisor", "overturned", "听过了"),
        ("inspector", "overturned", "听过了"),
    ]
    for who, ruling, note in said:
        body = {"verdict": ruling, "note": note}
        assert client.post(f"/v1/findings/{finding['id']}/review", headers=auth[who], json=body).status_code == 201
    given = look(client, auth, call_id)["reviews"]
    assert [(one["reviewer"], one["ruling"], one["note"]) for one in given] == said


def test_an_inspector_does_not_overrule_a_supervisor(client: TestClient, auth: Auth, call_id: int) -> None:
    path, body = f"/v1/calls/{call_id}/findings", {"category": "privacy", "utterance": 2}
    given = client.post(path, headers=auth["supervisor"], json=body).json()["id"]
    assert client.delete(f"/v1/reviews/{given}", headers=auth["inspector"]).status_code == 403
    assert client.delete(f"/v1/reviews/{given}", headers=auth["supervisor"]).status_code == 200


@pytest.mark.parametrize(("user", "status"), [("inspector", 200), ("supervisor", 200), ("dialer", 422), ("admin", 422)])
def test_only_who_reviews_is_given_calls(client: TestClient, auth: Auth, call_id: int, user: str, status: int) -> None:
    path = f"/v1/calls/{call_id}/assignee"
    assert client.put(path, headers=auth["supervisor"], json={"user": user}).status_code == status


def test_a_call_is_given_to_people_who_can_see_it(
    client: TestClient, auth: Auth, call_id: int, service: Service
) -> None:
    with service.database.transaction() as session:
        session.get_one(Call, call_id).team = "A组"
        for name, team in (("ours", "A组"), ("anyones", None), ("theirs", "B组"), ("left", "A组")):
            users.add(session, name, "inspector", team=team).password = "-"

    def given(name: str) -> tuple[int, str | None]:
        answer = client.put(f"/v1/calls/{call_id}/assignee", headers=auth["supervisor"], json={"user": name})
        return answer.status_code, answer.json().get("code")

    def offered() -> set[str]:
        return set(
            re.findall(r"<option[^>]*>(\w+)</option>", client.get(f"/calls/{call_id}", headers=auth["supervisor"]).text)
        )

    assert given("theirs") == (422, "other_team")
    assert offered() & {"ours", "anyones", "theirs", "left"} == {"ours", "anyones", "left"}
    assert (given("ours"), given("anyones"), given("left")) == ((200, None),) * 3
    with service.database.transaction() as session:
        users.named(session, "left").disabled_at = datetime.now(UTC)
    assert "<option selected>left<" in client.get(f"/calls/{call_id}", headers=auth["supervisor"]).text
    assert given("left") == (422, "disabled_assignee")


def test_another_teams_reviews_are_not_there(client: TestClient, auth: Auth, call_id: int, service: Service) -> None:
    finding = look(client, auth, call_id)["findings"][0]
    given = review(client, auth, finding, "upheld")
    with service.database.transaction() as session:
        users.named(session, "inspector").team = "B组"
    verdict = client.post(f"/v1/findings/{finding['id']}/review", headers=auth["inspector"], json={"verdict": "upheld"})
    gone = client.delete(f"/v1/reviews/{given['id']}", headers=auth["inspector"])
    for answer, number in ((verdict, finding["id"]), (gone, given["id"])):
        assert answer.status_code == 404
        assert f"没有编号为 {number} 的" in answer.json()["detail"]
        assert "通话" not in answer.json()["detail"]


def test_half_a_number_is_masked_too(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> None:
    body = {"utterances": [{"speaker": "agent", "text": "您的手机号是13812345678吧"}]}
    call_id = client.post("/v1/texts", headers=auth["inspector"], json=body).json()["id"]
    work_off()
    for span in ([6, 13], [10, 17]):
        missed = {"category": "privacy", "utterance": 0, "span": span}
        answer = client.post(f"/v1/calls/{call_id}/findings", headers=auth["inspector"], json=missed)
        assert answer.status_code == 201, answer.text
        assert "*" in answer.json()["finding"]["evidence"][0]["quote"]
        assert "1234" not in answer.text + client.get(f"/v1/calls/{call_id}", headers=auth["inspector"]).text


def test_adding_what_was_missed(client: TestClient, auth: Auth, call_id: int) -> None:
    path = f"/v1/calls/{call_id}/findings"
    body = {"category": "privacy", "utterance": 2, "span": [0, 5], "note": "漏了"}
    answer = client.post(path, headers=auth["inspector"], json=body)
    assert answer.status_code == 201, answer.text
    finding = answer.json()["finding"]
    assert (finding["rule"], finding["evidence"][0]["quote"]) == ("manual.privacy", SAID[2][1][:5])
    call = look(client, auth, call_id)
    assert "privacy" in call["categories"]
    assert next(line for line in call["corrected"]["lines"] if line["category"] == "privacy")["points"] == 0
    client.delete(f"/v1/reviews/{answer.json()['id']}", headers=auth["inspector"])
    assert "privacy" not in look(client, auth, call_id)["categories"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"category": "privacy", "utterance": 99}, 422, "no_such_utterance"),
        ({"category": "privacy", "utterance": 2, "span": [3, 3]}, 422, "bad_span"),
        ({"category": "privacy", "utterance": 2, "span": [3, 999]}, 422, "bad_span"),
        ({"rule": "no.such", "utterance": 2}, 422, "no_such_rule"),
        ({"category": "nonsense", "utterance": 2}, 422, "invalid"),
        ({"utterance": 2}, 422, "invalid"),
        ({"rule": "a", "category": "privacy", "utterance": 2}, 422, "invalid"),
    ],
)
def test_bad_additions(
    client: TestClient, auth: Auth, call_id: int, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(f"/v1/calls/{call_id}/findings", headers=auth["inspector"], json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_bad_reviews(client: TestClient, auth: Auth, call_id: int) -> None:
    def post(finding_id: int, body: dict[str, str]) -> tuple[int, str]:
        answer = client.post(f"/v1/findings/{finding_id}/review", headers=auth["inspector"], json=body)
        return answer.status_code, answer.json()["code"]

    finding = look(client, auth, call_id)["findings"][0]
    assert post(finding["id"], {"verdict": "maybe"}) == (422, "invalid")
    assert post(finding["id"], {"verdict": "upheld", "note": "\0"}) == (422, "invalid")
    assert post(finding["id"] + 9000, {"verdict": "upheld"}) == (404, "not_found")
    assert post(2**63 - 1, {"verdict": "upheld"}) == (404, "not_found")


def test_a_call_without_a_result_cannot_be_reviewed(client: TestClient, auth: Auth) -> None:
    body = {"utterances": [{"speaker": "agent", "text": "您好"}]}
    call_id = client.post("/v1/texts", headers=auth["inspector"], json=body).json()["id"]
    missed = {"category": "privacy", "utterance": 0}
    answer = client.post(f"/v1/calls/{call_id}/findings", headers=auth["inspector"], json=missed)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_scored")
