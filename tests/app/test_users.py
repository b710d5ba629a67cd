"""People: signing in, staying in, being shut out, and how far each one sees."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.api import events
from app.api.access import COOKIE
from app.errors import Conflict
from app.main import create_app
from app.security import Role
from app.service import Service
from app.store import keys, users
from tests.app.test_access import Auth

PASSWORD = "correct horse battery staple"


def _user(service: Service, name: str, role: Role = "inspector", **more: Any) -> None:
    with service.database.transaction() as session:
        users.set_password(session, users.add(session, name, role, **more), PASSWORD)


def _sign_in(client: TestClient, name: str, password: str = PASSWORD) -> Any:
    return client.post("/v1/session", json={"name": name, "password": password})


def _age(service: Service, column: str, by: str) -> None:
    with service.database.transaction() as session:
        session.execute(text(f"UPDATE sessions SET {column} = now() - interval '{by}'"))


def test_signing_in(client: TestClient, service: Service) -> None:
    _user(service, "wang", team="A组")
    answer = _sign_in(client, "wang")
    assert (answer.status_code, answer.json()["team"], answer.json()["role"]) == (200, "A组", "inspector")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/v1/session").json()["csrf"] == answer.json()["csrf"]
    assert client.get("/v1/calls").status_code == 200


def test_the_cookie_stays_on_encrypted_connections(service: Service) -> None:
    _user(service, "wang")
    for scheme in ("http", "https"):
        with TestClient(create_app(service), base_url=f"{scheme}://testserver") as client:
            assert ("; secure" in _sign_in(client, "wang").headers["set-cookie"].lower()) is (scheme == "https")


@pytest.mark.parametrize("name", ["wang", "nobody", "machine", "gone"])
def test_every_refusal_looks_the_same(client: TestClient, service: Service, name: str) -> None:
    _user(service, "wang")
    _user(service, "gone")
    with service.database.transaction() as session:
        users.add(session, "machine", "dialer")
        users.change(session, users.named(session, "gone"), {"disabled": True})
    answer = _sign_in(client, name, PASSWORD if name == "gone" else "wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_login")
    assert answer.json()["detail"] == _sign_in(client, "somebody else", "wrong").json()["detail"]
    assert COOKIE not in answer.cookies


def test_guessing_closes_the_account_for_a_while(client: TestClient, service: Service) -> None:
    _user(service, "wang")
    assert {_sign_in(client, "wang", f"guess {number}").status_code for number in range(5)} == {401}
    assert _sign_in(client, "wang").status_code == 401
    with service.database.transaction() as session:
        users.named(session, "wang").locked_until = datetime.now(UTC) - timedelta(seconds=1)
    assert _sign_in(client, "wang").status_code == 200


@pytest.mark.parametrize(("column", "by"), [("seen_at", "31 minutes"), ("created_at", "13 hours")])
def test_time_ends_a_session(client: TestClient, service: Service, column: str, by: str) -> None:
    _user(service, "wang")
    _sign_in(client, "wang")
    _age(service, column, by)
    assert client.get("/v1/calls").status_code == 401


def test_what_time_has_ended_is_swept(client: TestClient, service: Service) -> None:
    _user(service, "wang")
    _sign_in(client, "wang")
    _age(service, "created_at", "100 days")
    _sign_in(client, "wang")
    with service.database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM sessions")) == 1


def test_a_session_in_use_stays(client: TestClient, service: Service) -> None:
    _user(service, "wang")
    _sign_in(client, "wang")
    for _ in range(3):
        _age(service, "seen_at", "20 minutes")
        assert client.get("/v1/calls").status_code == 200


_UNASKED = {"X-Unasked": "true"}


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/v1/events", {}), ("/calls/1/row", {}), ("/v1/calls/1", _UNASKED), ("/calls/1", _UNASKED)],
)
def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(events, "_LONGEST", 0)
    _user(service, "wang")
    _sign_in(client, "wang")
    for known in (True, False):
        with service.database.transaction() as session:
            session.execute(text("UPDATE sessions SET seen_at = seen_at - interval '20 minutes'"))
        answer = client.get(path, headers=headers, follow_redirects=False)
        assert (answer.status_code in (200, 404)) is known


def test_signing_out(client: TestClient, service: Service) -> None:
    _user(service, "wang")
    csrf = _sign_in(client, "wang").json()["csrf"]
    token = client.cookies[COOKIE]
    assert client.delete("/v1/session", headers={"X-CSRF-Token": csrf}).status_code == 204
    client.cookies.set(COOKIE, token)
    assert client.get("/v1/calls").status_code == 401


def test_every_sign_in_has_a_token_of_its_own(client: TestClient, service: Service) -> None:
    _user(service, "wang")
    client.cookies.set(COOKIE, "chosen-by-somebody-else")
    _sign_in(client, "wang")
    first = client.cookies.get(COOKIE, domain="testserver.local")
    _sign_in(client, "wang")
    assert first not in ("chosen-by-somebody-else", client.cookies.get(COOKIE, domain="testserver.local"))


@pytest.mark.parametrize("csrf", [None, "", "wrong", "é"])
def test_another_site_cannot_send_for_us(client: TestClient, service: Service, csrf: str | None) -> None:
    _user(service, "wang")
    _sign_in(client, "wang")
    headers = {} if csrf is None else {"X-CSRF-Token": csrf.encode()}
    answer = client.post("/v1/texts", json={"utterances": [{"text": "您好"}]}, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


def test_changing_the_password_ends_other_sessions(client: TestClient, service: Service) -> None:
    _user(service, "wang")
    _sign_in(client, "wang")
    elsewhere = client.cookies[COOKIE]
    client.cookies.clear()
    csrf = _sign_in(client, "wang").json()["csrf"]
    change = {"old": PASSWORD, "new": "another long password"}
    assert client.put("/v1/session/password", json=change, headers={"X-CSRF-Token": csrf}).status_code == 200
    assert client.get("/v1/calls").status_code == 200
    client.cookies.clear()
    client.cookies.set(COOKIE, elsewhere)
    assert client.get("/v1/calls").status_code == 401
    assert _sign_in(client, "wang").status_code == 401


@pytest.mark.parametrize(("old", "new", "status"), [("wrong", PASSWORD, 401), (PASSWORD, "too short", 422)])
def test_a_password_that_is_not_changed(client: TestClient, service: Service, old: str, new: str, status: int) -> None:
    _user(service, "wang")
    headers = {"X-CSRF-Token": _sign_in(client, "wang").json()["csrf"]}
    answer = client.put("/v1/session/password", json={"old": old, "new": new}, headers=headers)
    assert answer.status_code == status
    assert new not in answer.text
    assert _sign_in(client, "wang").status_code == 200


def test_an_administrator_makes_and_unmakes_users(client: TestClient, auth: Auth) -> None:
    admin = auth["admin"]
    made = client.post("/v1/users", headers=admin, json={"name": "李雷", "role": "inspector", "team": "A组"})
    assert made.status_code == 201
    assert _sign_in(client, "李雷", made.json()["password"]).status_code == 200
    client.patch("/v1/users/李雷", headers=admin, json={"role": "supervisor", "team": None})
    who = client.get("/v1/session").json()
    assert (who["role"], who["team"]) == ("supervisor", None)
    client.patch("/v1/users/李雷", headers=admin, json={"disabled": True})
    assert client.get("/v1/session").status_code == 401
    assert [user["name"] for user in client.get("/v1/users", headers=admin).json()][-1] == "李雷"
    assert client.post("/v1/users", headers=admin, json={"name": "李雷", "role": "agent"}).status_code == 409


@pytest.mark.parametrize("name", ["", "a/b", "a b", "<b>", "x" * 65, "a\n"])
def test_names_that_are_not(client: TestClient, auth: Auth, name: str) -> None:
    assert client.post("/v1/users", headers=auth["admin"], json={"name": name, "role": "agent"}).status_code == 422


def test_somebody_is_left_to_administer(client: TestClient, auth: Auth) -> None:
    for change in ({"disabled": True}, {"role": "inspector"}):
        answer = client.patch("/v1/users/admin", headers=auth["admin"], json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")


def test_the_first_start_makes_an_administrator_once(client: TestClient, service: Service) -> None:
    with service.database.transaction() as session:
        password = users.first_admin(session)
    assert password is not None
    assert _sign_in(client, "admin", password).json()["role"] == "admin"
    with service.database.transaction() as session:
        assert users.first_admin(session) is None


def test_a_key_called_admin_does_not_keep_the_first_one_out(client: TestClient, service: Service) -> None:
    with service.database.transaction() as session:
        keys.add(session, "admin", users.add(session, "admin", "admin"))
        password = users.first_admin(session)
    assert password
    assert _sign_in(client, "admin", password).status_code == 200


def test_two_who_shut_each_other_out(service: Service) -> None:
    _user(service, "wang", "admin")
    _user(service, "li", "admin")

    def shut_out(name: str) -> str:
        try:
            with service.database.transaction() as session:
                users.change(session, users.named(session, name), {"disabled": True})
                time.sleep(0.3)
        except Conflict as error:
            return error.code
        return "done"

    with ThreadPoolExecutor() as both:
        assert sorted(both.map(shut_out, ("wang", "li"))) == ["done", "last_admin"]


def test_everybody_has_a_role(client: TestClient, auth: Auth, service: Service) -> None:
    _user(service, "wang")
    answer = client.patch("/v1/users/wang", headers=auth["admin"], json={"role": None})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_role")


def test_keys_of_users_and_programs(client: TestClient, auth: Auth) -> None:
    admin = auth["admin"]
    wanted = {"name": "reader", "user": "inspector", "scopes": ["read"]}
    secret = client.post("/v1/keys", headers=admin, json=wanted).json()["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/v1/calls", headers=headers).status_code == 200
    assert client.post("/v1/calls/1/retry", headers=headers).status_code == 403
    assert client.delete("/v1/keys/reader", headers=admin).status_code == 204
    assert client.get("/v1/calls", headers=headers).status_code == 401
    assert secret not in client.get("/v1/keys", headers=admin).text
    assert client.post("/v1/keys", headers=admin, json={"name": "x"}).status_code == 422


def test_a_key_expires(client: TestClient, service: Service) -> None:
    with service.database.transaction() as session:
        user = users.add(session, "soon", "inspector")
        expires = datetime.now(UTC) + timedelta(hours=1)
        secret = keys.add(session, "soon", user, expires_at=expires)
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/v1/calls", headers=headers).status_code == 200
    with service.database.transaction() as session:
        session.execute(text("UPDATE api_keys SET expires_at = now()"))
    assert client.get("/v1/calls", headers=headers).status_code == 401


#: role, team, agent_id -> the calls within reach, of those below.
REACH = [
    ("supervisor", None, None, {1, 2, 3}),
    ("supervisor", "A组", None, {1, 2}),
    ("inspector", "B组", None, {3}),
    ("inspector", "C组", None, set()),
    ("agent", None, "A001", {1}),
    ("agent", "A组", None, set()),
]
CALLS = {1: ("A组", "A001"), 2: ("A组", None), 3: ("B组", "B001")}


@pytest.mark.parametrize(("role", "team", "agent_id", "reach"), REACH)
def test_reach(
    client: TestClient,
    service: Service,
    auth: Auth,
    role: Role,
    team: str | None,
    agent_id: str | None,
    reach: set[int],
) -> None:
    for number, (its_team, its_agent) in CALLS.items():
        facts = {"external_id": f"{number}", "team": its_team, "agent_id": its_agent}
        body = {"call": facts, "utterances": [{"text": f"您好 {number}"}]}
        assert client.post("/v1/texts", headers=auth["dialer"], json=body).status_code == 202
    _user(service, "somebody", role, team=team, agent_id=agent_id)
    _sign_in(client, "somebody")
    assert {int(call["external_id"]) for call in client.get("/v1/calls").json()["calls"]} == reach
    everyone = client.get("/v1/calls", headers=auth["supervisor"]).json()["calls"]
    for call in everyone:
        for part in ("", "/transcript", "/scorecards", "/audio"):
            status = client.get(f"/v1/calls/{call['id']}{part}").status_code
            assert (status == 404) >= (int(call["external_id"]) not in reach)


def test_an_inspector_may_be_shown_only_what_is_assigned(client: TestClient, service: Service, auth: Auth) -> None:
    for number in (1, 2):
        body = {"call": {"external_id": f"{number}"}, "utterances": [{"text": f"您好 {number}"}]}
        client.post("/v1/texts", headers=auth["dialer"], json=body)
    service.settings.inspectors_see = "assigned"
    _user(service, "wang")
    _sign_in(client, "wang")
    assert client.get("/v1/calls").json()["calls"] == []
    first = client.get("/v1/calls?external_id=1", headers=auth["supervisor"]).json()["calls"][0]["id"]
    assigned = client.put(f"/v1/calls/{first}/assignee", headers=auth["supervisor"], json={"user": "wang"})
    assert assigned.status_code == 200
    assert [call["id"] for call in client.get("/v1/calls").json()["calls"]] == [first]


@pytest.mark.parametrize(
    ("sees", "role", "of_call", "status"),
    [
        ("assigned", "inspector", None, 200),
        ("assigned", "inspector", "B组", 422),
        ("assigned", "supervisor", None, 422),
        ("team", "inspector", None, 422),
    ],
)
def test_a_call_of_no_team_is_given_to_whoever_sees_what_is_given(
    client: TestClient, service: Service, auth: Auth, sees: Any, role: Role, of_call: str | None, status: int
) -> None:
    body = {"call": {"team": of_call}, "utterances": [{"text": "您好"}]}
    call_id = client.post("/v1/texts", headers=auth["dialer"], json=body).json()["id"]
    service.settings.inspectors_see = sees
    _user(service, "wang", role, team="A组")
    given = client.put(f"/v1/calls/{call_id}/assignee", headers=auth["supervisor"], json={"user": "wang"})
    assert given.status_code == status
    assert (">wang</option>" in client.get(f"/calls/{call_id}", headers=auth["supervisor"]).text) == (status == 200)
