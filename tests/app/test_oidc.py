"""Signing in through an identity provider: a real HTTP server that signs real tokens."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.main import create_app
from app.service import Service
from app.store import audit, users

_KEY = RSAKey.generate_key(2048, {"kid": "k1"})
_OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1"})


class Provider(ThreadingHTTPServer):
    """An identity provider where everybody is signed in already."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.claims: dict[str, Any] = {"sub": "42", "preferred_username": "han", "groups": ["qa"], "team": "A组"}
        self.key = _KEY
        self.nonce = ""
        self.token: bytes | None = None  #: what it answers instead of one


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            self.server.nonce = asked["nonce"]
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode({'code': 'c', 'state': asked['state']})}")
            self.end_headers()
        elif url.path == "/keys":
            self._answer({"keys": [_KEY.as_dict(private=False)]})
        else:
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            found = {name: f"{self.server.issuer}/{path}" for name, path in names.items()}
            algorithms = {"id_token_signing_alg_values_supported": ["RS256"]}
            self._answer({"issuer": self.server.issuer, **found, **algorithms})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        now = int(time.time())
        fixed = {"iss": self.server.issuer, "aud": "tingjian", "iat": now, "exp": now + 60, "nonce": self.server.nonce}
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, fixed | self.server.claims, self.server.key)
        self._answer(self.server.token or {"access_token": "a", "token_type": "Bearer", "id_token": signed})

    def _answer(self, body: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(service: Service, provider: Provider) -> Iterator[TestClient]:
    service.settings.oidc_issuer = provider.issuer
    service.settings.oidc_client_id = "tingjian"
    service.settings.oidc_client_secret = SecretStr("s" * 32)
    service.settings.oidc_roles = {"heads": "supervisor", "qa": "inspector"}
    with TestClient(create_app(service), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def _sign_in(client: TestClient) -> httpx2.Response:
    there = client.get("/v1/session/oidc").headers["location"]
    back = httpx2.get(there, trust_env=False).headers["location"]
    return client.get(back)


def test_signing_in(client: TestClient, provider: Provider) -> None:
    answer = _sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    who = client.get("/v1/session").json()
    assert (who["name"], who["role"], who["team"]) == ("han", "inspector", "A组")
    provider.claims["groups"] = ["qa", "heads"]
    _sign_in(client)
    assert client.get("/v1/session").json()["role"] == "supervisor"


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"groups": ["cleaners"]}, 403, "no_role"),
        ({"groups": []}, 403, "no_role"),
        ({"aud": "somebody else"}, 401, "oidc_failed"),
        ({"iss": "http://somebody.else"}, 401, "oidc_failed"),
        ({"exp": 1}, 401, "oidc_failed"),
        ({"nonce": "another"}, 401, "oidc_failed"),
        ({"team": None}, 403, "no_team"),
        ({"team": []}, 403, "no_team"),
        ({"preferred_username": "a b"}, 403, "bad_claim"),
        ({"team": ["A组", "B组"]}, 403, "bad_claim"),
        ({"agent_id": {"id": 1}}, 403, "bad_claim"),
        ({"team": "a\0b"}, 403, "bad_claim"),
        ({"team": "x" * 300}, 403, "bad_claim"),
        ({"groups": None}, 403, "no_role"),
        ({"groups": 7}, 403, "no_role"),
        ({"groups": {"other": True}}, 403, "no_role"),
        ({"groups": [["qa"]]}, 403, "no_role"),
        ({"preferred_username": "local"}, 409, "name_taken"),
    ],
)
def test_who_is_not_let_in(
    client: TestClient, provider: Provider, service: Service, claims: dict[str, Any], status: int, code: str
) -> None:
    with service.database.transaction() as session:
        users.add(session, "local", "admin")
    provider.claims |= claims
    answer = _sign_in(client)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get("/v1/session").status_code == 401
    with service.database.transaction() as session:
        (entry,) = audit.page(session, audit.Query(action="sign_in_oidc"))
    known = status != 401  # before its signature is checked, a claim is nobody's
    assert (entry.actor, entry.detail) == (provider.claims["preferred_username"] if known else "", {"refused": code})


def test_no_cookie_leaves_an_encrypted_connection(service: Service, client: TestClient) -> None:
    with TestClient(client.app, base_url="https://testserver", follow_redirects=False) as encrypted:
        for answer in (encrypted.get("/v1/session/oidc"), encrypted.get("/login")):
            assert "; secure" in answer.headers["set-cookie"].lower()
    assert "; secure" not in client.get("/v1/session/oidc").headers["set-cookie"].lower()


@pytest.mark.parametrize(("team", "seen"), [(["A组"], "A组"), ("*", None)])
def test_the_team_is_what_the_provider_says(
    client: TestClient, provider: Provider, team: Any, seen: str | None
) -> None:
    provider.claims["team"] = team
    assert _sign_in(client).status_code == 302
    assert client.get("/v1/session").json()["team"] == seen


class _Silent(ThreadingHTTPServer):
    """A provider that fails in one way or another."""

    class Handler(BaseHTTPRequestHandler):
        answer = (500, b"")

        def do_GET(self) -> None:
            status, body = self.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""


@pytest.mark.parametrize("answer", [None, (500, b""), (404, b""), (200, b"<html>"), (200, b"{}")])
@pytest.mark.parametrize("accept", ["application/json", "text/html,application/xhtml+xml"])
def test_a_provider_that_is_away(
    service: Service, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, bytes] | None, accept: str
) -> None:
    if answer:
        monkeypatch.setattr(_Silent.Handler, "answer", answer)
    with _Silent(("127.0.0.1", 0), _Silent.Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        service.settings.oidc_issuer = f"http://127.0.0.1:{server.server_port if answer else 1}"
        service.settings.oidc_client_id, service.settings.oidc_client_secret = "tingjian", SecretStr("s" * 32)
        with TestClient(create_app(service), raise_server_exceptions=False) as client:
            shown = client.get("/v1/session/oidc", headers={"Accept": accept})
        server.shutdown()
    assert shown.status_code == 503
    assert "统一登录暂时无法使用" in shown.text
    assert shown.headers["content-type"].startswith(accept.split(",")[0].replace("n/j", "n/problem+j"))


def test_a_provider_that_goes_away_halfway(client: TestClient, provider: Provider) -> None:
    there = client.get("/v1/session/oidc").headers["location"]
    back = httpx2.get(there, trust_env=False).headers["location"]
    provider.token = b"<html>"
    answer = client.get(back)
    assert (answer.status_code, answer.json()["code"]) == (503, "oidc_away")


def test_guesses_at_the_door_are_counted(client: TestClient, service: Service) -> None:
    statuses = [client.get("/v1/session/oidc/callback?code=c&state=made-up").status_code for _ in range(31)]
    assert statuses == [401] * 30 + [429]


def test_a_token_that_somebody_else_signed(client: TestClient, provider: Provider) -> None:
    provider.key = _OTHER_KEY
    assert _sign_in(client).json()["code"] == "oidc_failed"


@pytest.mark.parametrize("query", ["", "?code=c&state=made-up", "?error=access_denied"])
def test_an_answer_nobody_asked_for(client: TestClient, query: str) -> None:
    assert client.get(f"/v1/session/oidc/callback{query}").status_code == 401


def test_without_a_provider(service: Service) -> None:
    with TestClient(create_app(service)) as client:
        assert client.get("/v1/session/oidc").json()["code"] == "no_oidc"
