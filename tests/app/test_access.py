"""Who may do what."""

import pytest
from starlette.testclient import TestClient

from app.api import events
from app.security import ROLES
from app.service import Service
from app.store import keys, users
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]

#: Route -> the roles that are let in; everybody else gets 403, and nobody gets in without a key.
MATRIX: dict[tuple[str, str], set[str]] = {
    ("POST", "/v1/calls"): {"dialer", "inspector", "supervisor"},
    ("POST", "/v1/texts"): {"dialer", "inspector", "supervisor"},
    ("POST", "/v1/cdr"): {"dialer", "supervisor"},
    ("GET", "/v1/reconciliation"): {"supervisor"},
    ("GET", "/v1/calls"): {"agent", "inspector", "supervisor"},
    ("GET", "/v1/calls/{call_id}"): {"dialer", "agent", "inspector", "supervisor"},
    ("GET", "/v1/calls/{call_id}/audio"): {"agent", "inspector", "supervisor"},
    ("GET", "/v1/calls/{call_id}/transcript"): {"agent", "inspector", "supervisor"},
    ("GET", "/v1/calls/{call_id}/scorecards"): {"agent", "inspector", "supervisor"},
    ("GET", "/v1/events"): {"agent", "inspector", "supervisor"},
    ("POST", "/v1/calls/{call_id}/retry"): {"inspector", "supervisor"},
    ("POST", "/v1/calls/{call_id}/swap-speakers"): {"inspector", "supervisor"},
    ("PUT", "/v1/calls/{call_id}/hold"): {"supervisor"},
    ("POST", "/v1/purge"): {"admin"},
    ("PUT", "/v1/calls/{call_id}/assignee"): {"supervisor"},
    ("POST", "/v1/calls/{call_id}/findings"): {"inspector", "supervisor"},
    ("GET", "/v1/calls/export.csv"): {"supervisor"},
    ("GET", "/v1/calls/export.xlsx"): {"supervisor"},
    ("GET", "/v1/calls/{call_id}/waveform"): {"agent", "inspector", "supervisor"},
    ("POST", "/v1/calls/{call_id}/rescore"): {"inspector", "supervisor"},
    ("GET", "/v1/statistics/heat"): {"supervisor"},
    ("GET", "/v1/statistics/{kind}"): {"supervisor"},
    ("POST", "/v1/findings/{finding_id}/review"): {"inspector", "supervisor"},
    ("DELETE", "/v1/reviews/{review_id}"): {"inspector", "supervisor"},
    ("POST", "/v1/rules/try"): {"inspector", "supervisor", "admin"},
    ("GET", "/v1/rules/packs"): {"inspector", "supervisor", "admin"},
    ("GET", "/v1/rules/packs/{pack}"): {"inspector", "supervisor", "admin"},
    ("GET", "/v1/rules/statistics"): {"supervisor"},
    ("GET", "/v1/session"): {*ROLES},
    ("DELETE", "/v1/session"): {*ROLES},
    ("PUT", "/v1/session/password"): {*ROLES},
    ("GET", "/v1/users"): {"admin"},
    ("POST", "/v1/users"): {"admin"},
    ("PATCH", "/v1/users/{name}"): {"admin"},
    ("POST", "/v1/users/{name}/password"): {"admin"},
    ("GET", "/v1/audit"): {"admin"},
    ("GET", "/v1/keys"): {"admin"},
    ("POST", "/v1/keys"): {"admin"},
    ("DELETE", "/v1/keys/{name}"): {"admin"},
}
SOMETHING = {"call_id": 1, "finding_id": 1, "review_id": 1, "name": "nobody", "kind": "day", "pack": "nowhere"}
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("POST", "/v1/session"),
    ("GET", "/v1/session/oidc"),
    ("GET", "/v1/session/oidc/callback"),
}


@pytest.fixture(autouse=True)
def _short_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LONGEST", 0)  # a stream that ends, for a client that reads to the end


def test_every_route_is_in_the_matrix(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert routes == MATRIX.keys() | OPEN


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_roles(client: TestClient, auth: Auth, route: tuple[str, str]) -> None:
    method, path = route
    url = path.format(**SOMETHING)
    statuses = {role: client.request(method, url, headers=auth[role]).status_code for role in ROLES}
    assert {role for role, status in statuses.items() if status != 403} == MATRIX[route]
    assert max(statuses.values()) < 500


HEADERS = [None, "Bearer ", "Bearer tj_wrong", "Basic YTpi", "tj_wrong", "Bearer tj_\xff"]


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_no_key(client: TestClient, route: tuple[str, str]) -> None:
    method, path = route
    for header in HEADERS:
        headers = {"Authorization": header.encode("latin-1")} if header else {}
        # The key comes before everything else: a body that makes no sense is not even read.
        url = path.format(**SOMETHING)
        answer = client.request(method, url, headers=headers, content=b"{")  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), header
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_ends_at_once(client: TestClient, auth: Auth, service: Service) -> None:
    assert client.get("/v1/calls", headers=auth["inspector"]).status_code == 200
    with service.database.transaction() as session:
        keys.revoke(session, "inspector")
    assert client.get("/v1/calls", headers=auth["inspector"]).status_code == 401


def test_a_renewed_key_replaces_the_old_one(client: TestClient, auth: Auth, service: Service) -> None:
    with service.database.transaction() as session:
        secret = keys.renew(session, "inspector")
    assert client.get("/v1/calls", headers=auth["inspector"]).status_code == 401
    assert client.get("/v1/calls", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_secrets_are_not_stored(service: Service) -> None:
    with service.database.transaction() as session:
        secret = keys.add(session, "someone", users.add(session, "someone", "dialer"))
        ((row, _),) = keys.everyone(session)
    assert secret not in {str(getattr(row, column.name)) for column in row.__table__.columns}


def test_a_dialer_sees_the_state_of_its_own_calls_only(client: TestClient, auth: Auth) -> None:
    def post(role: str, seed: int) -> int:
        files = {"audio": ("a.wav", wav(seed=seed))}
        call_id: int = client.post("/v1/calls", headers=auth[role], files=files).json()["id"]
        return call_id

    own, others = post("dialer", 1), post("inspector", 2)
    answer = client.get(f"/v1/calls/{own}", headers=auth["dialer"])
    assert set(answer.json()) == {"id", "external_id", "status", "progress", "received_at", "error", "error_code"}
    assert client.get(f"/v1/calls/{others}", headers=auth["dialer"]).status_code == 404
    assert client.get(f"/v1/calls/{own}", headers=auth["inspector"]).json()["facts"] is not None
