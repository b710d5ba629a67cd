"""Everything on record, in a chain that shows tampering; personal data masked unless somebody answers for seeing it."""

import getpass
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from app import accounts, archive, ingesting
from app.api import calls as calls_api
from app.masking import masked
from app.service import Service
from app.settings import Settings
from app.store import audit
from app.watch import Watch
from tests.app.sounds import wav
from tests.app.test_access import Auth

SAID = "我的手机号是13812345678 身份证是110101199003074514"


def _call(client: TestClient, auth: Auth) -> int:
    body = {
        "call": {"external_id": "a1", "phone": "13812345678", "backup": 13912345678},
        "utterances": [{"speaker": "customer", "text": SAID}],
    }
    answer = client.post("/v1/texts", headers=auth["dialer"], json=body)
    assert answer.status_code == 202, answer.text
    call_id: int = answer.json()["id"]
    return call_id


def _entries(client: TestClient, auth: Auth, **query: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.get("/v1/audit", headers=auth["admin"], params=query).json()
    return entries


def _broken(service: Service) -> list[int]:
    with service.database.transaction() as session:
        return [entry.id for entry, fine in audit.verify(session) if not fine]


def test_who_did_what_to_which_call(client: TestClient, auth: Auth) -> None:
    call_id = _call(client, auth)
    client.get(f"/v1/calls/{call_id}/transcript", headers=auth["inspector"])
    client.get("/v1/calls?q=还款&flagged=true", headers=auth["supervisor"])
    client.post(f"/v1/calls/{call_id}/retry", headers=auth["dialer"])
    seen = [(item["actor"], item["action"], item["call_id"], item["detail"]) for item in _entries(client, auth)]
    assert seen == [
        ("dialer", "retry_call", call_id, {"refused": "forbidden"}),
        ("supervisor", "list_calls", None, {"asked": {"q": "还款", "flagged": "true"}}),
        ("inspector", "get_transcript", call_id, {}),
        ("dialer", "post_text", call_id, {}),
    ]
    assert [item["actor"] for item in _entries(client, auth, call_id=call_id)] == ["dialer", "inspector", "dialer"]
    assert {item["address"] for item in _entries(client, auth)} == {"testclient"}


def test_a_dialer_that_waits_is_not_news(client: TestClient, auth: Auth) -> None:
    call_id = _call(client, auth)
    client.get(f"/v1/calls/{call_id}", headers=auth["dialer"])
    assert _entries(client, auth, actor="dialer", action="get_call") == []


@pytest.mark.parametrize(
    ("method", "path", "action", "refused"),
    [
        ("GET", "/v1/calls/999", "get_call", "not_found"),
        ("GET", "/calls/999", "call_page", "not_found"),
        ("GET", "/v1/calls/{id}/audio", "get_audio", "no_recording"),
        ("GET", "/v1/calls/{id}/transcript?unmask=true", "get_transcript", "forbidden"),
        ("GET", "/calls/{id}?unmask=true", "call_page", "forbidden"),
        ("GET", "/v1/calls?limit=0", "list_calls", "invalid"),
        ("GET", "/v1/audit", "list_audit", "forbidden"),
        ("POST", "/v1/calls/{id}/retry", "retry_call", "not_failed"),
    ],
)
def test_what_came_of_it_is_on_record(
    client: TestClient, auth: Auth, method: str, path: str, action: str, refused: str
) -> None:
    client.request(method, path.format(id=_call(client, auth)), headers=auth["inspector"])
    (entry,) = _entries(client, auth, action=action)
    assert (entry["actor"], entry["detail"]["refused"]) == ("inspector", refused)


def test_a_fault_of_ours_is_on_record_and_what_it_began_is_not_kept(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = _call(client, auth)
    monkeypatch.setattr(calls_api, "state", None)  # after the call was changed
    path = f"/v1/calls/{call_id}/hold"
    assert client.put(path, headers=auth["supervisor"], json={"reason": "诉讼"}).status_code == 500
    (entry,) = _entries(client, auth, action="hold_call")
    assert (entry["call_id"], entry["detail"]) == (call_id, {"said": {"reason": "诉讼"}, "refused": "failed"})
    assert client.get(f"/v1/calls/{call_id}", headers=auth["supervisor"]).json()["hold"] is None


def test_nothing_is_done_that_cannot_be_recorded(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = _call(client, auth)
    with service.database.transaction() as session:
        session.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    answer = client.put(f"/v1/calls/{call_id}/hold", headers=auth["supervisor"], json={"reason": "诉讼"})
    read = client.get(f"/v1/calls/{call_id}/transcript", headers=auth["supervisor"])
    assert (answer.status_code, read.status_code) == (500, 500)
    with service.database.transaction() as session:
        assert session.scalar(text("SELECT hold FROM calls")) is None


def test_numbers_stay_out_of_the_record(client: TestClient, auth: Auth) -> None:
    client.get("/v1/calls?external_id=x13812345678", headers=auth["supervisor"])
    client.get("/v1/calls?q=" + "x" * 195 + "13812345678", headers=auth["supervisor"])
    client.post("/v1/session", json={"name": "13812345678", "password": "a secret of mine"})
    assert "1381" not in json.dumps(_entries(client, auth))


def test_the_watched_folder_is_on_record(client: TestClient, auth: Auth, service: Service, tmp_path: Path) -> None:
    for name, sound in (("a.wav", wav()), ("b.wav", b"no sound")):
        (tmp_path / name).write_bytes(sound)
        (tmp_path / f"{name}.done").touch()
    assert Watch(service, tmp_path).look() == 2
    (refused, taken) = _entries(client, auth, actor="watch")
    assert (taken["action"], taken["call_id"], taken["detail"]) == ("post_call", 1, {})
    assert (refused["action"], refused["call_id"], refused["detail"]) == ("post_call", None, {"refused": "not_audio"})


def test_what_is_done_by_command_is_on_record(service: Service, settings: Settings, tmp_path: Path) -> None:
    orphan = settings.data / "recordings" / "00" / ("0" * 64)
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"left")
    os.utime(orphan, (0, 0))
    (tmp_path / "cdr.csv").write_text("external_id,started_at,seconds\nc-1,2026-11-02 09:00,9\n", "utf-8")
    accounts.add_user(settings, "li", "agent", None, "13812345678")
    accounts.reset_password(settings, "li")
    accounts.revoke_user(settings, "li")
    accounts.add_key(settings, "k", "dialer", None, None)
    accounts.renew_key(settings, "k")
    accounts.revoke_key(settings, "k")
    archive.rescore(settings, {"team": "A组"}, None, 1)
    assert archive.verify(settings, delete_orphans=True)
    ingesting.import_cdr(settings, tmp_path / "cdr.csv")
    ingesting.reseal(settings)
    with service.database.transaction() as session:
        entries = [*reversed(audit.page(session, audit.Query()))]
    assert {entry.actor for entry in entries} == {f"cli:{getpass.getuser()}"}
    assert [(entry.action, entry.detail) for entry in entries] == [
        ("add_user", {"name": "li", "role": "agent", "agent_id": "138****5678"}),
        ("reset_password", {"name": "li"}),
        ("revoke_user", {"name": "li"}),
        ("add_key", {"name": "k", "user": "k", "role": "dialer"}),
        ("renew_key", {"name": "k"}),
        ("revoke_key", {"name": "k"}),
        ("rescore", {"team": "A组"}),
        ("delete_orphan", {"recording": "0" * 64}),
        ("import_cdr", {"new": 1}),
        ("seal_recordings", {}),
    ]


def test_reviews_name_their_call(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]
) -> None:
    call_id = _call(client, auth)
    work_off()
    finding = client.get(f"/v1/calls/{call_id}", headers=auth["inspector"]).json()["findings"][0]["id"]
    path = f"/v1/findings/{finding}/review"
    review = client.post(path, headers=auth["inspector"], json={"verdict": "upheld"}).json()["id"]
    client.delete(f"/v1/reviews/{review}", headers=auth["inspector"])
    client.post("/v1/rules/try", headers=auth["inspector"], json={"call_id": call_id})
    seen = [(entry["action"], entry["call_id"]) for entry in _entries(client, auth, actor="inspector")]
    assert seen[:3] == [("try_rules", call_id), ("withdraw_review", call_id), ("review_finding", call_id)]


def test_signing_in_is_on_record(client: TestClient, auth: Auth) -> None:
    client.post("/v1/session", json={"name": "nobody", "password": "a secret of mine"})
    (entry,) = _entries(client, auth, action="sign_in")
    assert (entry["actor"], entry["detail"]) == ("nobody", {"refused": "bad_login"})


@pytest.mark.parametrize("query", ["q=%00", "q=%ED%A0%80", "q=" + "x" * 5000, "unmask=true", "a%00b=1", "%ED%A0%80=1"])
def test_whatever_is_asked_can_be_written_down(client: TestClient, auth: Auth, query: str) -> None:
    assert client.get(f"/v1/calls?{query}", headers=auth["inspector"]).status_code < 500
    assert _entries(client, auth, action="list_calls")


@pytest.mark.parametrize(
    ("method", "path", "action", "body", "said"),
    [
        ("POST", "users", "add_user", {"name": "li", "role": "agent"}, {"name": "li", "role": "agent"}),
        ("PATCH", "users/agent", "change_user", {"disabled": True}, {"disabled": "true"}),
        ("POST", "keys", "add_key", {"name": "k", "role": "dialer"}, {"name": "k", "role": "dialer"}),
        ("POST", "purge", "purge", {"debtor_id": "13812345678"}, {"debtor_id": "138****5678"}),
        ("POST", "purge", "purge", [], None),
        ("PUT", "session/password", "change_password", {"old": "a secret", "new": "another secret"}, None),
    ],
)
def test_what_was_changed_is_on_record(
    client: TestClient, auth: Auth, method: str, path: str, action: str, body: Any, said: dict[str, str] | None
) -> None:
    client.request(method, f"/v1/{path}", headers=auth["admin"], json=body)
    (entry,) = _entries(client, auth, action=action)
    assert entry["detail"].get("said") == said


def test_a_refusal_is_ours_to_say(client: TestClient, auth: Auth) -> None:
    client.get("/v1/calls?refused=forbidden&call_id=7", headers=auth["inspector"])
    (entry,) = _entries(client, auth, action="list_calls")
    assert (entry["call_id"], entry["detail"]) == (
        None,
        {"asked": {"refused": "forbidden", "call_id": "7"}, "refused": "invalid"},
    )


def test_an_entry_is_of_bounded_size(client: TestClient, auth: Auth) -> None:
    client.get("/v1/calls?" + "&".join(f"n{number}=1" for number in range(900)), headers=auth["inspector"])
    (entry,) = _entries(client, auth, action="list_calls")
    assert len(entry["detail"]["asked"]) == 50


def test_what_a_dialer_is_refused_is_on_record(client: TestClient, auth: Auth) -> None:
    client.get("/v1/calls", headers=auth["dialer"])
    (entry,) = _entries(client, auth, actor="dialer")
    assert (entry["action"], entry["detail"]) == ("list_calls", {"refused": "forbidden"})


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_log_only_grows(client: TestClient, auth: Auth, service: Service, change: str) -> None:
    _call(client, auth)
    with pytest.raises(DBAPIError, match="append-only"), service.database.transaction() as session:
        session.execute(text(change))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor = 'somebody else' WHERE id = 2",
        "UPDATE audit SET at = at + interval '1 microsecond' WHERE id = 2",
        "UPDATE audit SET detail = '{}' WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
    ],
)
def test_tampering_shows(client: TestClient, auth: Auth, service: Service, tampering: str) -> None:
    for number in range(3):
        client.get(f"/v1/calls?q={number}", headers=auth["inspector"])
    assert _broken(service) == []
    with service.database.transaction() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        session.execute(text(tampering))
    assert _broken(service) != []


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM audit WHERE id > 2",  # the end is cut off: what is left is a chain
        "TRUNCATE audit",  # and so is what is written afterwards
    ],
)
def test_a_log_that_was_cut_short_or_replaced_shows_by_its_head(
    client: TestClient, auth: Auth, service: Service, settings: Settings, tampering: str
) -> None:
    for number in range(3):
        client.get(f"/v1/calls?q={number}", headers=auth["inspector"])
    with service.database.transaction() as session:
        kept = audit.head(session)
    assert accounts.verify_audit(settings, kept)
    with service.database.transaction() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        session.execute(text(tampering))
    client.get("/v1/calls?q=9", headers=auth["inspector"])
    assert accounts.verify_audit(settings, None)
    assert not accounts.verify_audit(settings, kept)


def test_personal_data_is_masked(client: TestClient, auth: Auth) -> None:
    call_id = _call(client, auth)
    for path in (f"/v1/calls/{call_id}", f"/v1/calls/{call_id}/transcript"):
        for secret in ("13812345678", "13912345678", "110101199003074514"):
            assert secret not in client.get(path, headers=auth["supervisor"]).text


def test_names_of_senders_are_masked_wherever_they_stand(client: TestClient, auth: Auth, service: Service) -> None:
    heading = "通话编号,工号,被叫号码,团队,开始时间,通话时长,是否接通"
    row = "c-13812345678,13912345678,D1,13712345678,2026-11-02 09:00:00,60,是"
    csv = auth["dialer"] | {"Content-Type": "text/csv"}
    assert client.post("/v1/cdr", headers=csv, content=f"{heading}\n{row}".encode()).status_code == 200
    names = {"external_id": "x-13812345678", "agent_id": "13912345678", "team": "13712345678组"}
    post = {"call": names, "utterances": [{"text": "您好"}]}
    call_id = client.post("/v1/texts", headers=auth["dialer"], json=post).json()["id"]
    day = "from=2026-11-02&to=2026-11-03"
    for path in (
        "/v1/calls",
        f"/v1/calls/{call_id}",
        "/v1/statistics/agent",
        "/v1/statistics/team",
        f"/v1/reconciliation?{day}",
        "/calls",
        f"/calls/{call_id}",
        "/statistics",
        "/",
    ):
        shown = client.get(path, headers=auth["supervisor"]).text
        assert not re.search(r"1[3-9]\d12345678", shown), path
        assert path == "/" or re.search(r"1[3-9]\d\*{4}5678", shown), path
    bare = client.get(f"/v1/reconciliation?{day}&unmask=true", headers=auth["supervisor"]).json()
    assert bare["missing_calls"][0]["external_id"] == "c-13812345678"


def test_a_number_read_out_over_two_utterances_is_masked(client: TestClient, auth: Auth) -> None:
    said = [{"speaker": "customer", "text": text} for text in ("您好", *["嗯"] * 9, "我的手机号是1381234", "5678")]
    call_id = client.post("/v1/texts", headers=auth["dialer"], json={"utterances": said}).json()["id"]
    (found,) = client.get("/v1/calls?q=手机号", headers=auth["inspector"]).json()["calls"]
    assert (found["hit"]["utterance"], found["hit"]["text"]) == (10, "我的手机号是138****")
    for path in (f"/v1/calls/{call_id}", f"/v1/calls/{call_id}/transcript"):
        assert "1381234" not in client.get(path, headers=auth["inspector"]).text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a-13812345678", "a-138****5678"),
        ("20261122123456789", None),
        ("20261122123456789012", None),
        ("1501234567812", "150****567812"),
    ],
)
def test_a_phone_number_in_an_id_is_for_its_sender(
    client: TestClient, auth: Auth, name: str, shown: str | None
) -> None:
    body = {"call": {"external_id": name}, "utterances": [{"text": "您好"}]}
    sent = client.post("/v1/texts", headers=auth["dialer"], json=body).json()
    assert sent["external_id"] == name
    look = client.get(f"/v1/calls/{sent['id']}", headers=auth["inspector"]).json()
    (listed,) = client.get("/v1/calls", headers=auth["inspector"]).json()["calls"]
    assert look["external_id"] == listed["external_id"] == (shown or name)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("手机号", True),
        ("1381", False),
        ("3812", False),
        ("81", False),
        ("幺二三", False),
        ("5678", True),
        ("12378", True),
    ],
)
def test_a_search_is_no_way_to_unmask(client: TestClient, auth: Auth, words: str, *, found: bool) -> None:
    """Four digits at a time would do, when each search tells whether the next one is right."""
    said = [{"speaker": "customer", "text": text} for text in (SAID, "幺三八幺二三", "四五六七八", "我打12378投诉")]
    client.post("/v1/texts", headers=auth["dialer"], json={"utterances": said})
    for role in ("inspector", "supervisor"):
        answer = client.get("/v1/calls", headers=auth[role], params={"q": words})
        assert (answer.status_code, bool(answer.json()["calls"])) == (200, found)


@pytest.mark.parametrize("name", ["external_id", "agent_id", "team"])
def test_a_filter_is_no_way_to_unmask(client: TestClient, auth: Auth, name: str) -> None:
    """The masked middle of a number is ten thousand guesses: two minutes for a program."""
    body = {"call": {name: "x-13812345678"}, "utterances": [{"text": "您好"}]}
    assert client.post("/v1/texts", headers=auth["dialer"], json=body).status_code == 202
    for value in ("x-13812345678", "x-13899995678"):
        answer = client.get("/v1/calls", headers=auth["inspector"], params={name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "telling_name")
    assert client.get("/calls", headers=auth["inspector"], params={name: "x-13812345678"}).status_code == 422
    assert client.get("/v1/calls", headers=auth["inspector"], params={name: "A001"}).status_code == 200
    (known,) = client.get("/v1/calls", headers=auth["supervisor"], params={name: "x-13812345678"}).json()["calls"]
    assert known[name] == "x-138****5678"


def test_unmasking_needs_a_permission_and_is_on_record(client: TestClient, auth: Auth) -> None:
    call_id = _call(client, auth)
    path = f"/v1/calls/{call_id}/transcript?unmask=true"
    assert client.get(path, headers=auth["inspector"]).status_code == 403
    assert SAID in client.get(path, headers=auth["supervisor"]).text
    (entry,) = _entries(client, auth, actor="supervisor", action="get_transcript")
    assert entry["detail"] == {"asked": {"unmask": "true"}}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": ["13812345678", None, True, 1.5]}, {"a": ["138****5678", None, True, 1.5]}),
        (13812345678, "138****5678"),
        (13812345678.0, "138****5678"),
        (120000, 120000),
        ({"13812345678": 1}, {"138****5678": 1}),
        ("还款两千元", "还款两千元"),
    ],
)
def test_masking(value: Any, shown: Any) -> None:
    assert masked(value) == shown
