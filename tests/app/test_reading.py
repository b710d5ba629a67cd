"""Reading calls: lists with filters and pages, details, audio, retries, health."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from starlette.testclient import TestClient

from app.api import health
from app.security import Principal
from app.service import Service
from app.store import lists
from app.tables import Call, Transcript
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def scored(number: int, **more: Any) -> dict[str, Any]:
    """A row of a call that is finished, received `number` minutes after noon."""
    return {
        "external_id": f"c{number}",
        "content": "",
        "template": "t",
        "facts": {},
        "channel": "call",
        "status": "scored",
        "received_at": NOON + timedelta(minutes=number),
        "score": 100.0,
        "passed": True,
        "flagged": False,
        "categories": [],
        "rules": [],
        "started_at": None,
        "agent_id": None,
        "team": None,
    } | more


def store(service: Service, *rows: dict[str, Any]) -> None:
    with service.database.transaction() as session:
        session.execute(insert(Call), list(rows))


BAD: dict[str, Any] = {"score": 50.0, "passed": False, "flagged": True, "categories": ["threat"], "rules": ["t.x"]}
CALLS = (
    scored(1, agent_id="8001", team="a", facts={"overdue_days": 181}, **BAD),
    scored(2, agent_id="8001", channel="sms", categories=["closing"], facts={"overdue_days": 30}),
    scored(3, agent_id="8002", team="b", score=92.0, started_at=NOON - timedelta(days=1), facts={"overdue_days": 0}),
    scored(4, score=None, passed=False, flagged=True, status="failed"),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "4213"),
        ("sort=-received_at", "4321"),
        ("status=failed", "4"),
        ("flagged=true", "41"),
        ("flagged=false", "23"),
        ("passed=false", "41"),
        ("category=threat", "1"),
        ("category=abuse", ""),
        ("kind=violation", "1"),
        ("kind=step", "2"),
        ("kind=signal", ""),
        ("stage=M0", "3"),
        ("stage=M1", "2"),
        ("stage=M2", ""),
        ("stage=M7", "1"),
        ("stage=unknown", "4"),
        ("weekday=0", "421"),  # the second of March was a Monday
        ("weekday=6&hour=20", "3"),  # noon is eight in the evening in Shanghai
        ("hour=12", ""),
        ("rule=t.x", "1"),
        ("agent_id=8001", "21"),
        ("agent_id=8001&flagged=true", "1"),
        ("team=b", "3"),
        ("channel=sms", "2"),
        ("external_id=c2", "2"),
        ("score_lt=92", "1"),
        ("score_gte=92", "23"),
        ("score_gte=-5", "213"),
        ("score_lt=-5", ""),
        ("sort=score&score_lt=95", "13"),
        ("from=2026-03-02T12:02:00Z", "42"),
        ("to=2026-03-02T12:02:00Z", "13"),
        ("from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", "3"),
        ("q=还钱", "1"),
        ("q=%25", ""),
        ("q=%27%3B drop table calls", ""),
        ("sort=received_at", "1234"),
        ("sort=score", "4132"),
        ("sort=-score", "2314"),
        ("sort=started_at", "3124"),
    ],
)
def test_filters_and_orders(client: TestClient, auth: Auth, service: Service, query: str, found: str) -> None:
    store(service, *CALLS)
    with service.database.transaction() as session:
        call_id = session.scalar(text("SELECT id FROM calls WHERE external_id = 'c1'"))
        body = {"utterances": [{"speaker": "agent", "text": "再不还钱，就上门", "start": None}]}
        session.add(Transcript(call_id=call_id, engine="given", body=body, said="再不还钱就上门", marks=[]))
    answer = client.get(f"/v1/calls?{query}", headers=auth["supervisor"])
    assert answer.status_code == 200, answer.text
    assert "".join(call["external_id"][1] for call in answer.json()["calls"]) == found
    for after, told in ((0, bool(found)), (2**40, False)):  # whether what came since belongs in the list
        fresh = client.get(f"/calls/fresh?{query}&after={after}", headers=auth["supervisor"])
        assert (fresh.status_code, fresh.json()) == (200, told)


def test_days_are_those_of_shanghai(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, scored(1, started_at=datetime(2026, 3, 1, 19, tzinfo=UTC)))  # three in the morning of the 2nd
    for day, found in (("2026-03-01T00:00:00", 0), ("2026-03-02T00:00:00", 1)):
        query = {"from": day, "to": day.replace("T00:00:00", "T23:59:59")}
        assert len(client.get("/v1/calls", params=query, headers=auth["supervisor"]).json()["calls"]) == found


def test_the_list_of_flagged_calls_uses_its_index(service: Service) -> None:
    with service.database.transaction() as session:
        flagged = lists.statement(lists.Query(flagged=True), Principal(1, "somebody", "supervisor"))
        literal = flagged.compile(session.connection(), compile_kwargs={"literal_binds": True})
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(session.scalars(text(f"EXPLAIN {literal}")))
    assert "calls_flagged" in plan


@pytest.mark.parametrize(
    "query",
    [
        "status=fialed",
        "flaged=true",
        "q=a%00b",
        "agent_id=%00",
        "limit=0",
        "limit=9999",
        "sort=colour",
        "category=colour",
        "flagged=perhaps",
        "from=noon",
        "q=",
        "from=2026-03-02&to=2026-03-01",
    ],
)
def test_bad_queries(client: TestClient, auth: Auth, query: str) -> None:
    answer = client.get(f"/v1/calls?{query}", headers=auth["supervisor"])
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert query.split("=")[0] in answer.json()["detail"]


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        pytest.param("no-such-rule", 422, id="misspelt"),
        pytest.param("false-legal.jail", 200, id="in a pack, and no call fails it"),
        pytest.param("retired", 200, id="in no pack, and a call failed it"),
    ],
)
def test_a_rule_is_one_that_there_is_or_was(
    client: TestClient, auth: Auth, service: Service, rule: str, status: int
) -> None:
    store(service, scored(1, rules=["retired"], channel="sms"))
    answer = client.get(f"/v1/calls?rule={rule}&channel=call", headers=auth["supervisor"])
    assert answer.status_code == status
    assert answer.json().get("code") == ("unknown_rule" if status == 422 else None)
    exported = client.get(f"/v1/calls/export.csv?rule={rule}&channel=call", headers=auth["supervisor"])
    assert exported.status_code == status


@pytest.mark.parametrize("cursor", ["x", "e30=", "WzEsMiwzXQ==", "🙂", "WyItc2NvcmUiLCAxLCAxXQ==", "W1tbW1tb" * 4000])
def test_bad_cursors(client: TestClient, auth: Auth, cursor: str) -> None:
    answer = client.get("/v1/calls", params={"cursor": cursor}, headers=auth["supervisor"])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("sort", ["-received_at", "received_at", "score", "-score", "started_at", "-started_at"])
def test_pages_neither_lose_nor_repeat(client: TestClient, auth: Auth, service: Service, sort: str) -> None:
    # Three scores, so pages break inside runs of equal values; every seventh call has none.
    store(service, *(scored(n, score=None if n % 7 == 0 else float(n % 3), external_id=f"c{n}") for n in range(50)))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"sort": sort, "limit": "7"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/calls", params=params, headers=auth["supervisor"]).json()
        seen += [call["external_id"] for call in page["calls"]]
        if len(seen) == 14:  # calls go on coming in while somebody pages
            store(service, scored(1000), scored(-1000))
        if not (cursor := page["next"]):
            break
    assert len(seen) == len(set(seen))
    assert {f"c{n}" for n in range(50)} <= set(seen)


def test_unknown_addresses(client: TestClient, auth: Auth) -> None:
    for answer, told in (
        (client.get("/nope", headers=auth["inspector"]), (404, "not_found", "没有这个地址")),
        (client.patch("/v1/calls", headers=auth["inspector"]), (405, "method_not_allowed", "这个地址不接受这种请求")),
    ):
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == told


def test_unknown_call(client: TestClient, auth: Auth) -> None:
    for path in ("/v1/calls/99", "/v1/calls/99/audio"):
        answer = client.get(path, headers=auth["inspector"])
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.get("/v1/calls/99999999999999999999", headers=auth["inspector"]).status_code == 422


SOUND = wav()
SIZE = len(SOUND)


@pytest.mark.parametrize(
    ("header", "status", "part"),
    [
        (None, 200, SOUND),
        ("bytes=0-99", 206, SOUND[:100]),
        ("bytes=100-", 206, SOUND[100:]),
        ("bytes=-50", 206, SOUND[-50:]),
        (f"bytes={SIZE - 1}-{SIZE + 99}", 206, SOUND[-1:]),
        (f"bytes=0-{SIZE - 1}", 206, SOUND),
        (f"bytes=-{SIZE * 2}", 206, SOUND),
        ("bytes=0-0,5-6", 200, SOUND),
        ("seconds=1-2", 200, SOUND),
        (f"bytes={SIZE}-", 416, None),
        ("bytes=9-3", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=0-" + "9" * 5000, 200, SOUND),
    ],
)
def test_audio_ranges(client: TestClient, auth: Auth, header: str | None, status: int, part: bytes | None) -> None:
    files = {"audio": ("a.wav", SOUND)}
    call_id = client.post("/v1/calls", headers=auth["inspector"], files=files).json()["id"]
    headers = auth["inspector"] | ({"Range": header} if header else {})
    answer = client.get(f"/v1/calls/{call_id}/audio", headers=headers)
    assert answer.status_code == status
    if part is not None:
        assert answer.content == part
        assert answer.headers["content-type"] == "audio/wav"
    if status == 206:
        start = SOUND.index(part or b"") if len(part or b"") > 60 else SIZE - len(part or b"")
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(part or b'') - 1}/{SIZE}"


@pytest.mark.parametrize("name", ["evil.html", "evil.svg", "evil", "evil.wav.js"])
def test_audio_is_never_served_as_a_page(client: TestClient, auth: Auth, name: str) -> None:
    files = {"audio": (name, SOUND, "text/html")}
    call_id = client.post("/v1/calls", headers=auth["inspector"], files=files).json()["id"]
    answer = client.get(f"/v1/calls/{call_id}/audio", headers=auth["inspector"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_lost_recording_is_said_to_be_lost(client: TestClient, auth: Auth, service: Service) -> None:
    call_id = client.post("/v1/calls", headers=auth["inspector"], files={"audio": ("a.wav", SOUND)}).json()["id"]
    for path in (service.settings.data / "recordings").rglob("*"):
        if path.is_file():
            path.write_bytes(SOUND[:9])
    answer = client.get(f"/v1/calls/{call_id}/audio", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (500, "recording_missing")


def test_a_text_has_no_audio(client: TestClient, auth: Auth) -> None:
    body = {"utterances": [{"speaker": "agent", "text": "您好"}]}
    call_id = client.post("/v1/texts", headers=auth["inspector"], json=body).json()["id"]
    answer = client.get(f"/v1/calls/{call_id}/audio", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")


def test_only_failed_calls_can_be_retried(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, *CALLS)
    ids = {
        call["external_id"]: call["id"] for call in client.get("/v1/calls", headers=auth["inspector"]).json()["calls"]
    }
    refused = client.post(f"/v1/calls/{ids['c1']}/retry", headers=auth["inspector"])
    assert (refused.status_code, refused.json()["code"]) == (409, "not_failed")
    retried = client.post(f"/v1/calls/{ids['c4']}/retry", headers=auth["inspector"])
    assert (retried.status_code, retried.json()["status"]) == (202, "queued")


def test_health(client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_FRESH", 0)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    service.settings.max_disk_share = 1e-9
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["room"]) == (503, "disk_full")


def test_many_who_ask_at_once_get_what_one_look_found(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = itertools.count(1)

    def look(_: Service) -> dict[str, str]:
        time.sleep(0.3)
        return {"queues": f"look {next(looks)}"}

    monkeypatch.setattr(health, "_look", look)
    monkeypatch.setattr(health, "_FRESH", 60)  # on a busy core the last of them comes late
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: client.get("/readyz"), range(50)))
    assert {(answer.status_code, answer.json()["checks"]["queues"]) for answer in answers} == {(503, "look 1")}
    monkeypatch.setattr(health, "_FRESH", 0)
    client.app.state.readiness._until = 0  # type: ignore[attr-defined]
    assert client.get("/readyz").json()["checks"]["queues"] == "look 2"


def test_not_ready_without_its_schema(client: TestClient, service: Service) -> None:
    service.database.downgrade("base")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "schema is not current")


def test_documentation_needs_no_internet(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "听鉴" in page
    assert "//" not in page.replace("//<", "").split("<script", 1)[1].split("src=", 1)[1].split(">", 1)[0]
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_errors_are_problem_details(client: TestClient) -> None:
    answer = client.get("/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "at", "language", "status", "told"),
    [
        ("GET", "/nothing", "zh", 404, "没有这个页面"),
        ("GET", "/v1/nothing", "en", 404, "There is no such page"),
        ("GET", "/v1/cdr", "zh", 405, "这个地址不接受这种请求"),
        ("GET", "/v1/cdr", "en", 405, "This address does not take such a request"),
    ],
)
def test_a_browser_is_told_of_an_unknown_address_by_a_page(
    client: TestClient, method: str, at: str, language: str, status: int, told: str
) -> None:
    reader = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Cookie": f"tingjian_language={language}"}
    answer = client.request(method, at, headers=reader)
    assert answer.status_code == status
    assert told in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("kind", "pieces", "status", "told"),
    [
        ("application/x-www-form-urlencoded", 20, 413, "请求体超过 1024 KiB 的上限"),
        ("multipart/form-data; boundary=", 1, 400, "Invalid multipart data"),
    ],
)
def test_a_browser_is_told_of_a_bad_body_by_a_page(
    client: TestClient, kind: str, pieces: int, status: int, told: str
) -> None:
    body = (b"--" + b"x" * 65536 for _ in range(pieces))  # a body in pieces does not tell its length
    answer = client.post("/login", content=body, headers={"Accept": "text/html", "Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert told in answer.text
