"""Who may do what: every route, for every role and for everybody who is not, or no longer, let in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import create_engine, make_url, text
from starlette.testclient import TestClient

from app import jobs
from app.api import events
from app.api.access import COOKIE
from app.jobs import Bench
from app.main import create_app
from app.security import ROLES, Role, csrf_token, digest
from app.service import Service, build_service
from app.settings import Settings
from app.store import keys, sessions, users
from rules.pack import BUILT_IN
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]
Route = tuple[str, str]

_ALL: set[str] = {*ROLES}
_READERS = {"agent", "inspector", "supervisor"}
_SENDERS = {"dialer", "inspector", "supervisor"}
_REVIEWERS = {"inspector", "supervisor"}
_TRIERS = {"inspector", "supervisor", "admin"}

#: Route -> the roles that are let in; everybody else gets 403, and nobody gets in without a key or session.
MATRIX: dict[Route, set[str]] = {
    ("POST", "/v1/calls"): _SENDERS,
    ("POST", "/v1/texts"): _SENDERS,
    ("POST", "/v1/cdr"): {"dialer", "supervisor"},
    ("GET", "/v1/reconciliation"): {"supervisor"},
    ("GET", "/v1/calls"): _READERS,
    ("GET", "/v1/calls/{call_id}"): _READERS | {"dialer"},
    ("GET", "/v1/calls/{call_id}/audio"): _READERS,
    ("GET", "/v1/calls/{call_id}/transcript"): _READERS,
    ("GET", "/v1/calls/{call_id}/scorecards"): _READERS,
    ("GET", "/v1/calls/{call_id}/waveform"): _READERS,
    ("GET", "/v1/events"): _READERS,
    ("POST", "/v1/calls/{call_id}/retry"): _REVIEWERS,
    ("POST", "/v1/calls/{call_id}/swap-speakers"): _REVIEWERS,
    ("POST", "/v1/calls/{call_id}/rescore"): _REVIEWERS,
    ("PUT", "/v1/calls/{call_id}/hold"): {"supervisor"},
    ("PUT", "/v1/calls/{call_id}/assignee"): {"supervisor"},
    ("POST", "/v1/calls/{call_id}/findings"): _REVIEWERS,
    ("POST", "/v1/findings/{finding_id}/review"): _REVIEWERS,
    ("DELETE", "/v1/reviews/{review_id}"): _REVIEWERS,
    ("GET", "/v1/calls/export.csv"): {"supervisor"},
    ("GET", "/v1/calls/export.xlsx"): {"supervisor"},
    ("GET", "/v1/statistics/heat"): {"supervisor"},
    ("GET", "/v1/statistics/{kind}"): {"supervisor"},
    ("GET", "/v1/rules/packs"): _TRIERS,
    ("GET", "/v1/rules/packs/{pack}"): _TRIERS,
    ("GET", "/v1/rules/packs/{pack}/draft"): _TRIERS,
    ("PUT", "/v1/rules/packs/{pack}/draft"): {"supervisor", "admin"},
    ("DELETE", "/v1/rules/packs/{pack}/draft"): {"supervisor", "admin"},
    ("POST", "/v1/rules/packs/{pack}/compare"): {"supervisor", "admin"},
    ("POST", "/v1/rules/packs/{pack}/publish"): {"admin"},  # and supervisors of all teams, which these are not
    ("GET", "/v1/rules/statistics"): {"supervisor"},
    ("POST", "/v1/rules/try"): _TRIERS,
    ("GET", "/v1/session"): _ALL,
    ("DELETE", "/v1/session"): _ALL,
    ("PUT", "/v1/session/password"): _ALL,
    ("GET", "/v1/users"): {"admin"},
    ("POST", "/v1/users"): {"admin"},
    ("PATCH", "/v1/users/{name}"): {"admin"},
    ("POST", "/v1/users/{name}/password"): {"admin"},
    ("GET", "/v1/audit"): {"admin"},
    ("GET", "/v1/keys"): {"admin"},
    ("POST", "/v1/keys"): {"admin"},
    ("DELETE", "/v1/keys/{name}"): {"admin"},
    ("POST", "/v1/purge"): {"admin"},
}

#: The same for pages: whoever is not signed in is sent to do so.
PAGES: dict[Route, set[str]] = {
    ("GET", "/"): _ALL,
    ("GET", "/account"): _ALL,
    ("GET", "/calls"): _READERS,
    ("GET", "/calls/fresh"): _READERS,
    ("GET", "/calls/{call_id}"): _READERS,
    ("GET", "/calls/{call_id}/row"): _READERS,
    ("POST", "/views"): _READERS,
    ("DELETE", "/views/{view_id}"): _READERS,
    ("GET", "/upload"): _SENDERS,
    ("POST", "/upload/sheet"): _SENDERS,
    ("GET", "/users"): {"admin"},
    ("GET", "/statistics"): {"supervisor"},
    ("GET", "/rules"): _TRIERS,
    ("GET", "/rules/try"): _TRIERS,
    ("POST", "/rules/try"): _TRIERS,
    ("GET", "/rules/{pack}"): _TRIERS,
    ("GET", "/rules/{pack}/words/{name}"): _TRIERS,
    ("GET", "/rules/{pack}/edit"): {"supervisor", "admin"},
    ("GET", "/rules/{pack}/compare"): {"supervisor", "admin"},
    ("POST", "/rules/{pack}/publish"): {"admin"},
}

#: What anybody may ask.
OPEN: set[Route] = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/static/{name}"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/v1/session"),
    ("GET", "/v1/session/oidc"),
    ("GET", "/v1/session/oidc/callback"),
    ("MOUNT", "/static-offline-docs"),
}

_PASSWORD = "correct horse battery staple"
_SAID = [("agent", "您好，请问是张建国先生本人吗？"), ("customer", "是我本人。"), ("agent", "再不还钱就让你坐牢")]
_DAY = {"from": "2026-11-02", "to": "2026-11-03"}
_CDR = "通话编号,工号,被叫号码,团队,开始时间,通话时长,是否接通\nc-1,8026,D1,早班,2026-11-02 09:00:00,60,是"
_DRAFT = (BUILT_IN / "service-attitude.yaml").read_text("utf-8").replace('\nversion: "', '\nversion: "new-', 1)

#: What a route is sent, where it wants anything.
SENT: dict[Route, dict[str, Any]] = {
    ("POST", "/v1/calls"): {"files": {"audio": ("a.wav", wav())}},
    ("POST", "/v1/texts"): {"json": {"utterances": [{"text": "您好"}]}},
    ("POST", "/v1/cdr"): {"content": _CDR.encode(), "headers": {"Content-Type": "text/csv"}},
    ("GET", "/v1/reconciliation"): {"params": _DAY},
    ("PUT", "/v1/calls/{call_id}/hold"): {"json": {"reason": "诉讼"}},
    ("PUT", "/v1/calls/{call_id}/assignee"): {"json": {"user": "inspector"}},
    ("POST", "/v1/calls/{call_id}/findings"): {"json": {"category": "threat", "utterance": 0}},
    ("POST", "/v1/findings/{finding_id}/review"): {"json": {"verdict": "upheld"}},
    ("POST", "/v1/rules/try"): {"json": {"text": "您好"}},
    ("POST", "/rules/try"): {"data": {"text": "您好"}},
    ("PUT", "/v1/rules/packs/{pack}/draft"): {"json": {"text": _DRAFT}},
    ("POST", "/v1/rules/packs/{pack}/publish"): {"json": {"digest": digest(_DRAFT)}},
    ("POST", "/rules/{pack}/publish"): {"data": {"digest": digest(_DRAFT)}},
    ("DELETE", "/v1/rules/packs/{pack}/draft"): {"params": {"replaces": digest(_DRAFT)}},
    ("POST", "/upload/sheet"): {
        "params": {"name": "a.csv"},
        "content": b"file",
        "headers": {"Content-Type": "text/csv"},
    },
    ("POST", "/views"): {"data": {"name": "我的"}},
    ("PUT", "/v1/session/password"): {"json": {"old": _PASSWORD, "new": _PASSWORD}},
    ("POST", "/v1/users"): {"json": {"name": "{new}", "role": "agent"}},
    ("PATCH", "/v1/users/{name}"): {"json": {"team": "C组"}},
    ("POST", "/v1/keys"): {"json": {"name": "{new}", "role": "dialer"}},
    ("POST", "/v1/purge"): {"json": {"dry_run": True}},
}


def _of_a_call(route: Route) -> bool:
    return any(name in route[1] for name in ("{call_id}", "{finding_id}", "{review_id}"))


@dataclass
class World:
    """A service with people of every role in team A, others elsewhere, and credentials that have ended."""

    service: Service
    client: TestClient
    bench: Bench
    keys: dict[str, str] = field(default_factory=dict)  #: by user; users are called as their roles are
    dead: dict[str, list[dict[str, str]]] = field(default_factory=dict)  #: by role: headers
    serial: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, who: str | None, route: Route, url: str, credentials: Mapping[str, str] | None = None) -> Any:
        """Send what the route wants, as `who` or with other credentials."""
        sent = dict(SENT.get(route, {}))
        if "{new}" in str(sent):
            sent = json.loads(json.dumps(sent).replace("{new}", f"new-{next(self.serial)}"))
        headers = sent.pop("headers", {}) | (self.key(who) if who else credentials or {})
        answer = self.client.request(route[0], url, headers=headers, **sent)
        self.client.cookies.clear()
        return answer

    def url(self, route: Route) -> str:
        """The address of a route, of things that are there and that nobody has used up."""
        path = route[1]
        call = self.call() if _of_a_call(route) else {}
        if path.endswith("/retry"):
            with self.service.database.transaction() as session:
                session.execute(text("UPDATE calls SET status = 'failed' WHERE id = :id"), {"id": call["call_id"]})
        if path.endswith(("/draft", "/compare", "/publish")):
            self._draft(kept=route[0] != "PUT")
        if "review_id" in path:
            adding = ("POST", "/v1/calls/{call_id}/findings")
            call["review_id"] = self.ask("inspector", adding, adding[1].format(**call)).json()["id"]
        names = {"kind": "day", "view_id": 1, "pack": "service-attitude", "name": self._name(path)}
        return path.format(**call, **names)

    def call(self) -> dict[str, int]:
        """A judged call of team A with a recording."""
        team = {"team": "A组", "agent_id": "A001"}
        said = [{"speaker": who, "text": words} for who, words in _SAID]
        body = {"call": team, "utterances": said}
        call_id: int = self.client.post("/v1/texts", json=body, headers=self.key("dialer")).json()["id"]
        jobs.run_step(jobs.judge, self.bench, call_id, 1)
        with self.service.database.transaction() as session:
            heard = "SELECT recording, recording_bytes, 'a.wav' FROM calls WHERE recording IS NOT NULL LIMIT 1"
            lend = f"UPDATE calls SET (recording, recording_bytes, recording_name) = ({heard}) WHERE id = :id"
            session.execute(text(lend), {"id": call_id})
        shown = self.client.get(f"/v1/calls/{call_id}", headers=self.key("supervisor")).json()
        return {"call_id": call_id, "finding_id": shown["findings"][0]["id"]}

    def key(self, who: str) -> dict[str, str]:
        """Their header."""
        return {"Authorization": f"Bearer {self.keys[who]}"}

    def _draft(self, *, kept: bool) -> None:
        with self.service.database.transaction() as session:
            session.execute(text("DELETE FROM pack_versions"))
        if kept:
            path = "/v1/rules/packs/{pack}/draft"
            self.ask("admin", ("PUT", path), path.format(pack="service-attitude")).raise_for_status()

    def _name(self, path: str) -> Any:
        if "/words/" in path:
            pack = self.client.get("/v1/rules/packs/service-attitude", headers=self.key("admin")).json()
            return next(name for rule in pack["rules"] for name in rule["lexicons"])
        if "/keys/" not in path:
            return "nobody"
        with self.service.database.transaction() as session:
            keys.add(session, name := f"key-{next(self.serial)}", users.named(session, "nobody"))
        return name


@pytest.fixture(scope="module")
def world(
    postgres: str, models: Path, tmp_path_factory: pytest.TempPathFactory, _serial: Iterator[int]
) -> Iterator[World]:
    """One for all routes: none takes anything away from another."""
    name, data = f"access_{next(_serial)}", tmp_path_factory.mktemp("access")
    engine = create_engine(make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE pristine"))
    url = make_url(postgres).set(database=name).render_as_string(hide_password=False)
    service = build_service(Settings(data=data, database_url=url, port=0))
    bench = Bench(service.database, service.recordings, service.judge, _deaf, 3600, service.references)
    with TestClient(create_app(service), raise_server_exceptions=False, follow_redirects=False) as client:
        world = World(service, client, bench)
        _people(world)
        world.ask("dialer", ("POST", "/v1/calls"), "/v1/calls")
        yield world
    service.database.close()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def _deaf() -> Any:
    raise AssertionError("nothing here is to be heard")


def _people(world: World) -> None:
    with world.service.database.transaction() as session:
        users.add(session, "nobody", "agent")
        for role in ROLES:
            for name, team, agent in ((role, "A组", "A001"), (f"{role} elsewhere", "B组", "B001")):
                user = users.add(session, name, role, team=team, agent_id=agent)
                users.set_password(session, user, _PASSWORD)
                world.keys[name] = keys.add(session, name, user)
    world.dead = {role: _dead(world, role) for role in ROLES}


def _dead(world: World, role: Role) -> list[dict[str, str]]:
    """Credentials of this role that have ended, each in another way."""
    with world.service.database.transaction() as session:
        user, gone = users.add(session, f"{role}-late", role), users.add(session, f"{role}-gone", role)
        secrets = {name: keys.add(session, f"{role}-{name}", user) for name in ("revoked", "expired")}
        secrets["gone"] = keys.add(session, f"{role}-gone", gone)
        tokens = [sessions.start(session, user) for _ in range(2)] + [sessions.start(session, gone)]
        keys.revoke(session, f"{role}-revoked")
        session.flush()
        ended = "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = :name"
        session.execute(text(ended), {"name": f"{role}-expired"})
        for token, column in zip(tokens, ("seen_at", "created_at"), strict=False):
            old = text(f"UPDATE sessions SET {column} = now() - interval '13 hours' WHERE digest = :digest")
            session.execute(old, {"digest": digest(token)})
        session.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": gone.id})
    by_key = [{"Authorization": f"Bearer {secret}"} for secret in secrets.values()]
    return [*by_key, *({"Cookie": f"{COOKIE}={token}"} for token in tokens)]


@pytest.fixture(autouse=True)
def _short_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LONGEST", 0)  # a stream that ends, for a client that reads to the end


def test_every_route_is_in_the_matrix(world: World) -> None:
    app: Any = world.client.app
    found = iter_route_contexts(app.routes)
    routes = {(method, str(route.path)) for route in found for method in route.methods or ["MOUNT"]}
    assert routes - {("HEAD", "/openapi.json")} == MATRIX.keys() | PAGES.keys() | OPEN


@pytest.mark.parametrize("route", [*MATRIX, *PAGES], ids=" ".join)
def test_exactly_these_roles_are_let_in(world: World, route: Route) -> None:
    allowed = (MATRIX | PAGES)[route]
    for role in ROLES:
        answer = world.ask(role, route, world.url(route))
        if role in allowed:
            assert 200 <= answer.status_code < 300, (role, answer.text)
        else:
            assert answer.status_code == 403, (role, answer.text)


@pytest.mark.parametrize("route", [route for route in [*MATRIX, *PAGES] if _of_a_call(route)], ids=" ".join)
def test_nobody_reaches_a_call_of_another_team(world: World, route: Route) -> None:
    url = world.url(route)
    for role in (MATRIX | PAGES)[route]:
        answer = world.ask(f"{role} elsewhere", route, url)
        assert answer.status_code == 404, (role, answer.text)


HEADERS = [None, "Bearer ", "Bearer tj_wrong", "Basic YTpi", "tj_wrong", "Bearer tj_\xff"]


@pytest.mark.parametrize("route", [*MATRIX, *PAGES], ids=" ".join)
def test_no_key_or_one_that_has_ended(world: World, route: Route) -> None:
    url = world.url(route)
    for header in HEADERS:
        headers = {"Authorization": header.encode("latin-1")} if header else {}
        # The key comes before everything else: a body that makes no sense is not even read.
        _refused(route, world.client.request(route[0], url, headers=headers, content=b"{"))  # type: ignore[arg-type]
    for ended in world.dead[min((MATRIX | PAGES)[route])]:
        _refused(route, world.ask(None, route, url, ended))


@pytest.mark.parametrize("route", [route for route in [*MATRIX, *PAGES] if route[0] != "GET"], ids=" ".join)
def test_nothing_is_changed_for_another_site(world: World, route: Route) -> None:
    """A browser sends the cookie by itself, whatever page asks it to; the token it does not."""
    who = min((MATRIX | PAGES)[route])
    with world.service.database.transaction() as session:
        tokens = [sessions.start(session, users.named(session, who)) for _ in range(2)]
    cookie = {"Cookie": f"{COOKIE}={tokens[0]}"}
    for csrf in ({}, {"X-CSRF-Token": csrf_token(tokens[1])}):
        answer = world.ask(None, route, world.url(route), cookie | csrf)
        assert answer.status_code == 403, answer.text
        assert "X-CSRF-Token" in answer.text
    mine = world.ask(None, route, world.url(route), cookie | {"X-CSRF-Token": csrf_token(tokens[0])})
    assert mine.is_success, mine.text


def _refused(route: Route, answer: Any) -> None:
    if route in PAGES:
        assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login")
    else:
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_what_is_open_tells_nothing_of_calls(world: World) -> None:
    world.call()
    for method, path in OPEN - {("MOUNT", "/static-offline-docs")}:
        answer = world.client.request(method, path.format(name="nothing.js"))
        assert answer.status_code < 500 or path == "/readyz", path
        assert not {"A001", "A组", "坐牢"} & set(answer.text.split('"')), path


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


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("sender", ["dialer", "inspector"])
def test_a_repeated_id_tells_nothing_of_another_senders_call(
    client: TestClient, auth: Auth, service: Service, sender: str, same: bool
) -> None:
    if sender == "inspector":
        service.settings.inspectors_see = "assigned"
    with service.database.transaction() as session:
        other = {"Authorization": f"Bearer {keys.add(session, 'other', users.add(session, 'other', 'dialer'))}"}
    body = {"call": {"external_id": "c-1"}, "utterances": [{"text": "您好"}]}
    audio = {"files": {"audio": ("a.wav", wav())}, "data": {"metadata": '{"external_id": "c-2"}'}}
    assert client.post("/v1/texts", headers=other, json=body).status_code == 202
    assert client.post("/v1/calls", headers=other, **audio).status_code == 202  # type: ignore[arg-type]
    if not same:
        body["utterances"], audio["files"] = [{"text": "再见"}], {"audio": ("a.wav", wav(seed=1))}
    answers = [
        client.post("/v1/texts", headers=auth[sender], json=body),
        client.post("/v1/calls", headers=auth[sender], **audio),  # type: ignore[arg-type]
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (409, "external_id_taken")
        assert "另一份" in answer.json()["detail"]
    assert client.post("/v1/calls", headers=auth["supervisor"], **audio).status_code == (200 if same else 409)  # type: ignore[arg-type]


def test_reach_is_decided_in_one_place() -> None:
    """Who may see which calls is read from a caller nowhere else.

    A session tells its user their own, and rules for every team are not published by somebody of one.
    """
    app = Path(__file__).parents[2] / "app"
    asks = re.compile(r"\bwho\.(team|agent_id|assigned_only)\b")
    found = {str(path.relative_to(app)) for path in app.rglob("*.py") if asks.search(path.read_text("utf-8"))}
    assert found <= {"store/reach.py", "api/session.py", "api/publishing.py"}
