"""What every answer carries and every request is held to."""

import socket
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event
from starlette.testclient import TestClient

from app import middleware, security
from app.api.access import COOKIE
from app.main import create_app
from app.middleware import policy
from app.service import Service
from app.serving import http_config
from app.store import audit, sessions, users
from tests.app.sounds import wav
from tests.app.test_access import Auth
from tests.app.test_reading import CALLS, store


@pytest.mark.parametrize("path", ["/healthz", "/v1/calls", "/docs", "/no/such/page", "/openapi.json"])
def test_headers(client: TestClient, auth: Auth, path: str) -> None:
    headers = client.get(path, headers=auth["inspector"]).headers
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_only_what_is_written_into_a_page_may_run() -> None:
    page = "<script>let a = 1</script><script src='x.js'></script>"
    assert policy(page).count("sha256-") == 1
    assert "sha256" not in policy()


def test_browsers_are_told_to_stay_encrypted(service: Service) -> None:
    with TestClient(create_app(service), base_url="https://testserver") as client:
        assert "max-age" in client.get("/healthz").headers["strict-transport-security"]
    with TestClient(create_app(service)) as client:
        assert "strict-transport-security" not in client.get("/healthz").headers


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_not_read_for_nobody(client: TestClient, *, chunked: bool) -> None:
    body = b'{"name": "' + b"x" * 2**21
    sent = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body
    answer = client.post("/v1/session", content=sent, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_body_that_does_not_end_is_not_waited_for(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "_PATIENCE", 0.2)
    host, port = served.removeprefix("http://").split(":")
    head = f"POST /v1/session HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(head.encode() + b"{")
        assert b" 408 " in client.recv(65536).split(b"\r\n")[0]


def test_too_many_requests(service: Service, auth: Auth) -> None:
    service.settings.requests_per_minute = 3
    with TestClient(create_app(service)) as client:
        statuses = [client.get("/v1/calls", headers=auth["inspector"]).status_code for _ in range(4)]
        answer = client.get("/v1/calls", headers=auth["inspector"])
        assert (statuses, answer.json()["code"]) == ([200, 200, 200, 429], "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert client.get("/v1/calls", headers=auth["supervisor"]).status_code == 200
        record = client.get("/v1/audit?actor=inspector", headers=auth["admin"]).json()
    # Of refusals one a minute is on record: a flood of them would hold up everybody's.
    assert [entry["detail"].get("refused") for entry in record] == ["too_many_requests", None, None, None]


def test_too_many_guesses_from_one_address(service: Service) -> None:
    service.settings.failed_sign_ins_per_minute = 3
    with TestClient(create_app(service)) as client:
        guesses = [{"name": f"user{number}", "password": "guess"} for number in range(5)]
        statuses = [client.post("/v1/session", json=guess).status_code for guess in guesses]
    assert statuses == [401, 401, 401, 429, 429]


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "known"),
    [
        ("127.0.0.1", "10.1.1.1", "1.2.3.4", "10.1.1.1"),  # anybody can write that
        ("10.1.1.1", "10.1.1.1", "1.2.3.4", "1.2.3.4"),
        ("10.1.1.1", "10.1.1.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # the first was written by the visitor
        ("10.1.1.1,10.1.1.2", "10.1.1.1", "6.6.6.6, 1.2.3.4, 10.1.1.2", "1.2.3.4"),
        ("", "127.0.0.1", "1.2.3.4", "127.0.0.1"),
    ],
)
def test_an_address_is_what_trusted_proxies_say(
    service: Service, trusted: str, peer: str, forwarded: str, known: str
) -> None:
    """Guesses are counted by it, so nobody may choose it."""
    service.settings.trusted_proxies, service.settings.failed_sign_ins_per_minute = trusted, 2
    config = http_config(create_app(service), service.settings)
    config.load()
    with TestClient(config.loaded_app, client=(peer, 1), follow_redirects=False) as client:
        for number, status in enumerate((401, 401, 429)):
            invented = forwarded.replace("6.6.6.6", f"6.6.6.{number}")
            headers = {"X-Forwarded-For": invented, "X-Forwarded-Proto": "https"}
            answer = client.post("/v1/session", json={"name": f"n{number}", "password": "guess"}, headers=headers)
            assert answer.status_code == status
        assert ("strict-transport-security" in answer.headers) is (known != peer)
    with service.database.transaction() as session:
        assert {entry.address for entry in audit.page(session, audit.Query(action="sign_in"))} == {known}


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_no_form_of_another_site_signs_anybody_in(client: TestClient, service: Service, kind: str | None) -> None:
    """What a page elsewhere can have a browser send without asking us first is not read as JSON."""
    with service.database.transaction() as session:
        users.set_password(session, users.add(session, "wang", "agent"), "correct horse battery staple")
    body = b'{"name": "wang", "password": "correct horse battery staple"}'
    answer = client.post("/v1/session", content=body, headers={"Content-Type": kind} if kind else {})
    assert (answer.status_code, "set-cookie" in answer.headers) == (422, False)


_SQL = [
    "' OR 1=1 --",
    "'; DROP TABLE calls; --",
    "\\",
    "%",
    "_",
    "${jndi:x}",
    "{{7*7}}",
    "1) UNION SELECT secret FROM x",
]


@pytest.mark.parametrize("word", _SQL)
def test_a_value_is_a_value_and_never_a_statement(client: TestClient, auth: Auth, service: Service, word: str) -> None:
    store(service, *CALLS)
    for name in ("agent_id", "team", "external_id", "q"):
        assert client.get("/v1/calls", params={name: word}, headers=auth["supervisor"]).json()["calls"] == [], name
    answer = client.get("/v1/calls", params={"rule": word}, headers=auth["supervisor"])
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_rule")
    for path in ("/v1/statistics/agent", "/v1/statistics/heat"):
        assert client.get(path, params={"team": word}, headers=auth["supervisor"]).json() == []
    for name in ("actor", "action"):
        assert client.get("/v1/audit", params={name: word}, headers=auth["admin"]).json() == []
    assert len(client.get("/v1/calls", headers=auth["supervisor"]).json()["calls"]) == len(CALLS)


_UP = ["../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "....//....//etc/passwd", "/etc/passwd", "..\\..\\x", "a\0b"]


@pytest.mark.parametrize("name", _UP)
def test_a_name_leads_out_of_no_folder(client: TestClient, auth: Auth, name: str) -> None:
    body = {"call": {"template": name}, "utterances": [{"text": "您好"}]}
    answers = [
        client.get(f"/static/{quote(name, safe='')}"),
        client.get(f"/static-offline-docs/{quote(name, safe='')}"),
        client.get(f"/v1/rules/packs/{quote(name, safe='')}", headers=auth["admin"]),
        client.get(f"/rules/{quote(name, safe='')}", headers=auth["admin"]),
        client.get(f"/v1/calls/1/{quote(name)}", headers=auth["supervisor"]),
        client.post("/v1/texts", headers=auth["dialer"], json=body),
        client.post("/v1/rules/try", headers=auth["admin"], json=body),
    ]
    assert {answer.status_code for answer in answers} <= {404, 405, 422}
    assert not any("root:" in answer.text for answer in answers)


def test_no_header_is_made_of_what_is_sent(client: TestClient, auth: Auth, service: Service) -> None:
    split = "/\r\nSet-Cookie: own=1"
    with service.database.transaction() as session:
        token = sessions.start(session, users.named(session, "inspector"))
    client.cookies.set(COOKIE, token)
    answers = [
        client.get("/login", params={"next": split}),
        client.get("/v1/calls/export.csv", params={"team": split[1:]}, headers=auth["supervisor"]),
        client.get("/healthz", headers={b"X-Request-ID": b"a\tb"}),
        client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a\r\nX-Own: 1\r\n.wav", wav())}),
    ]
    for answer in answers:
        assert "x-own" not in answer.headers
        assert "own" not in answer.headers.get("set-cookie", "")
    assert answers[0].headers["location"].startswith("/%0D%0A")


@pytest.mark.parametrize("name", ["wang", "nobody", "machine", "gone", "closed"])
def test_every_wrong_password_is_checked_once(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Time tells nobody who there is: the slow part is done for whom there is not, too."""
    with service.database.transaction() as session:
        users.add(session, "machine", "dialer")
        for known in ("wang", "gone", "closed"):
            users.set_password(session, users.add(session, known, "agent"), "correct horse battery staple")
        users.named(session, "gone").disabled_at = datetime.now(UTC)
        users.named(session, "closed").locked_until = datetime.now(UTC) + timedelta(minutes=1)
    client.post("/v1/session", json={"name": "x", "password": "x"})  # makes what the rest is compared with
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            checked.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(security, "_hasher", lambda: Counting(2, 19 * 1024, 1))
    client.post("/v1/session", json={"name": name, "password": "wrong"})
    assert len(checked) == 1
    assert checked[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_key_is_never_compared_letter_by_letter(client: TestClient, auth: Auth, service: Service) -> None:
    """What reaches the database is a digest: how long it takes to find says nothing of the key."""
    asked: list[str] = []

    def note(_: object, __: object, ___: str, parameters: object, *____: object) -> None:
        asked.append(str(parameters))

    event.listen(service.database.engine, "before_cursor_execute", note)
    secret = auth["inspector"]["Authorization"].removeprefix("Bearer ")
    for key in (secret, secret[:-1] + "x"):
        client.get("/v1/calls", headers={"Authorization": f"Bearer {key}"})
        assert any(security.digest(key) in each for each in asked)
        assert not any(key[3:12] in each for each in asked)
