"""Numbers over many calls, counted in advance and on the spot alike."""

import html
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.api import statistics as api
from app.schemas import CALL_ZONE
from app.service import Service
from app.store import statistics
from tests.app.test_reading import scored, store

Auth = dict[str, dict[str, str]]

NOON = datetime.now(CALL_ZONE).replace(hour=12, minute=0, second=0, microsecond=0)
TODAY, OLD = NOON.date(), (NOON - timedelta(days=10)).date()


def call(number: int, days_ago: int = 10, hour: int = 12, **more: Any) -> dict[str, Any]:
    moment = (NOON - timedelta(days=days_ago)).replace(hour=hour)
    return scored(number, started_at=moment, received_at=moment, duration=60.0, reviewed_at=None) | more


BAD: dict[str, Any] = {
    "score": 50.0,
    "passed": False,
    "flagged": True,
    "categories": ["abuse", "closing", "complaint", "threat"],
    "rules": ["threat.x"],
}
CALLS = (
    call(1, agent_id="8001", team="a", facts={"overdue_days": 45}, **BAD),
    call(2, agent_id="8001", team="a", facts={"overdue_days": 45}),
    call(3, agent_id="8002", team="b", hour=23, facts={"overdue_days": 400}),
    # Judged once, and failed when it was to be judged again: what it had then stays with it.
    call(4, status="failed", score=100.0, passed=True, flagged=True, categories=None, rules=None),
    call(5, days_ago=0, agent_id="8001", team="a", facts={"overdue_days": 0}, **BAD),
    call(6, days_ago=40, agent_id="8001", team="a"),  # before the last thirty days
)


def ask(client: TestClient, auth: Auth, path: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/statistics/{path}", headers=auth["supervisor"])
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("day", {"": 4}),  # of the old day; today's is looked at below
        ("agent", {"8001": 3, "8002": 1, "": 1}),
        ("agent?team=a", {"8001": 3}),
        ("team", {"a": 3, "b": 1, "": 1}),
        ("team?team=a", {"a": 3}),
        ("hour", {"12": 4, "23": 1}),
        ("category", {"threat": 2, "abuse": 2, "closing": 2, "complaint": 2}),
        ("rule", {"threat.x": 2}),
        ("stage", {"M2": 2, "M7": 1, "M0": 1, "": 1}),
        ("channel", {"call": 5}),
        (f"agent?first={OLD}&last={OLD}", {"8001": 2, "8002": 1, "": 1}),
    ],
)
def test_counts(client: TestClient, auth: Auth, service: Service, path: str, found: dict[str, int]) -> None:
    store(service, *CALLS)
    for _ in range(2):  # the second time from what was counted the first time
        rows = ask(client, auth, path)
        assert {row["key"]: row["calls"] for row in rows if row["day"] in (None, str(OLD))} == found


def test_rates(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, *CALLS)
    old, today = ask(client, auth, "day")
    assert (old["day"], old["calls"], old["scored"], old["failed"], old["flagged"], old["passed"]) == (
        str(OLD), 4, 3, 1, 2, 2,
    )  # fmt: skip
    # What could not be judged is neither compliant nor complete; two kinds of violation, one step, one signal.
    assert (old["compliant"], old["complete"], old["violations"]) == (2, 2, 2)
    assert (old["average"], old["pass_rate"], old["seconds"]) == (83.33, 0.6667, 240.0)
    assert (today["day"], today["calls"], today["pass_rate"]) == (str(TODAY), 1, 0.0)


def test_a_change_of_an_old_call_is_seen(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, *CALLS)
    period = f"agent?first={OLD}&last={OLD}"
    assert ask(client, auth, period)[0]["flagged"] == 1
    with service.database.engine.begin() as connection:
        connection.execute(text("UPDATE calls SET flagged = true WHERE external_id = 'c2'"))
    assert ask(client, auth, period)[0]["flagged"] == 2
    with service.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM calls WHERE external_id = 'c2'"))
    assert {row["key"]: row["calls"] for row in ask(client, auth, period)} == {"8001": 1, "8002": 1, "": 1}
    store(service, call(7, agent_id="8009"))
    assert "8009" in {row["key"] for row in ask(client, auth, period)}
    with service.database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM stale_days WHERE day = :day"), {"day": OLD}) == 0


def test_who_waits_for_a_day_does_not_count_it_again(service: Service) -> None:
    store(service, *CALLS)
    period = statistics.Period(OLD, OLD)

    def counted(session: Session) -> object:
        statistics.refresh(session, period)
        return session.scalar(text("SELECT min(xmin::text) FROM day_totals"))  # which transaction wrote it

    def later() -> object:
        with service.database.transaction() as session:
            return counted(session)

    with ThreadPoolExecutor(1) as pool, service.database.transaction() as session:
        first = counted(session)
        second = pool.submit(later)
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not (second.done() or session.scalar(waiting)):
            time.sleep(0.01)
        session.commit()
        assert second.result() == first


def test_heat(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, *CALLS)
    cells = {(cell["weekday"], cell["hour"]): cell for cell in ask(client, auth, f"heat?first={OLD}&last={OLD}")}
    assert {place: (cell["calls"], cell["flagged"]) for place, cell in cells.items()} == {
        (OLD.weekday(), 12): (3, 2),
        (OLD.weekday(), 23): (1, 0),
    }


@pytest.mark.parametrize(
    "query",
    [
        "colour",
        "day?first=2026-02-30",
        "day?first=2026-02-02&last=2026-02-01",
        "day?last=0001-01-05",
        "day?first=9999-12-31&last=9999-12-31",
        "day?x=1",
    ],
)
def test_bad_questions(client: TestClient, auth: Auth, query: str) -> None:
    assert client.get(f"/v1/statistics/{query}", headers=auth["supervisor"]).status_code == 422


def test_more_than_an_answer_holds_is_refused(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(service, *CALLS)
    monkeypatch.setattr(api, "_MOST", 4)
    rows = [(row["day"], row["key"], row["calls"]) for row in ask(client, auth, "agent?each_day=true")]
    assert rows == [(str(OLD), "", 1), (str(OLD), "8001", 2), (str(OLD), "8002", 1), (str(TODAY), "8001", 1)]
    answer = client.get(
        f"/v1/statistics/agent?each_day=true&first={OLD - timedelta(days=30)}", headers=auth["supervisor"]
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_range")


def test_every_count_on_the_page_leads_to_as_many_calls(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, *CALLS)
    shown = client.get("/statistics", headers=auth["supervisor"]).text
    every = re.findall(r'<a href="(/calls\?[^"]+)"([^>]*)>(\d+)</a>', shown)
    rate = re.compile(r'title="\d+ / \d+"')
    links = {(address, count) for address, more, count in every if not rate.search(more)}
    filters = {name for address, _ in links for name in re.findall(r"(\w+)=", address)}
    assert filters == {
        "from", "to", "flagged", "reviewed", "status", "category", "team", "agent_id", "stage", "weekday", "hour",
        "sort",
    }  # fmt: skip
    for address, count in links:
        if "sort=" not in address:  # those are averages
            rows = client.get(html.unescape(address), headers=auth["supervisor"]).text.count("data-id=")
            assert rows == int(count), address
