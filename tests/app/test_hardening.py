"""What every answer carries and every request is held to."""

import socket

import pytest
from starlette.testclient import TestClient

from app import middleware
from app.main import create_app
from app.middleware import policy
from app.service import Service
from tests.app.test_access import Auth


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


def test_too_many_guesses_from_one_address(service: Service) -> None:
    service.settings.failed_sign_ins_per_minute = 3
    with TestClient(create_app(service)) as client:
        guesses = [{"name": f"user{number}", "password": "guess"} for number in range(5)]
        statuses = [client.post("/v1/session", json=guess).status_code for guess in guesses]
    assert statuses == [401, 401, 401, 429, 429]
