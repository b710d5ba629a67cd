"""Calls as they come along, told to whoever listens."""

import asyncio
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.api import events
from app.feed import _MOST, Mailbox
from app.service import Service
from app.store import calls, keys, users
from tests.app.test_jobs import Auth, post_sample, post_text

Events = queue.Queue[tuple[str, dict[str, Any]]]


@contextmanager
def listening(served: str, headers: dict[str, str]) -> Iterator[Events]:
    """What is heard, in a thread of its own."""
    heard: Events = queue.Queue()

    def listen(answer: httpx2.Response) -> None:
        kind = ""
        try:
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    heard.put((kind, json.loads(line.removeprefix("data: "))))
                elif line.startswith(":"):
                    heard.put(("beat", {}))
        except httpx2.HTTPError:
            pass

    with httpx2.Client(trust_env=False, timeout=30) as client:
        request = client.build_request("GET", f"http://{served}/v1/events", headers=headers)
        answer = client.send(request, stream=True)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        thread = threading.Thread(target=listen, args=[answer], daemon=True)
        thread.start()
        yield heard
        answer.close()
    thread.join(10)


def wait_for(heard: Events, wanted: Callable[[str, dict[str, Any]], bool], seconds: float = 30) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while True:
        kind, data = heard.get(timeout=max(end - time.monotonic(), 0.01))
        if wanted(kind, data):
            return data


def test_states_are_told_as_they_change(
    served: str, client: TestClient, auth: Auth, work_off: Callable[[], None]
) -> None:
    waiting = post_text(client, auth["dialer"])
    with listening(served, auth["supervisor"]) as heard:
        snapshot = wait_for(heard, lambda kind, _: kind == "snapshot")
        assert snapshot == {"queued": 1, "calls": []}
        call_id = post_sample(client, auth["dialer"])
        told = wait_for(heard, lambda kind, data: kind == "call" and data["id"] == call_id)
        assert (told["status"], told["progress"], told["score"]) == ("queued", None, None)
        work_off()
        done = wait_for(heard, lambda _, data: data.get("id") == call_id and data["status"] == "scored")
        assert (done["flagged"], done["score"]) == (True, 0)
    assert waiting


def test_progress_is_kept_and_told(served: str, client: TestClient, auth: Auth, service: Service) -> None:
    call_id = post_sample(client, auth["dialer"])
    with service.database.transaction() as session:
        assert calls.claim(session, call_id, 1, "transcribing")
    with listening(served, auth["inspector"]) as heard:
        snapshot = wait_for(heard, lambda kind, _: kind == "snapshot")
        assert [call["status"] for call in snapshot["calls"]] == ["transcribing"]
        with service.database.transaction() as session:
            calls.note_progress(session, call_id, attempt=1, share=0.4)
            calls.note_progress(session, call_id, attempt=7, share=0.9)  # of an attempt that was given up
        assert wait_for(heard, lambda kind, _: kind == "call")["progress"] == 0.4
    assert client.get(f"/v1/calls/{call_id}", headers=auth["dialer"]).json()["progress"] == 0.4


def test_nobody_is_told_of_calls_out_of_reach(served: str, client: TestClient, auth: Auth, service: Service) -> None:
    with service.database.transaction() as session:
        north = keys.add(session, "north", users.add(session, "north", "inspector", team="north"))
    with listening(served, {"Authorization": f"Bearer {north}"}) as heard:
        wait_for(heard, lambda kind, _: kind == "snapshot")
        for team in ("south", "north"):
            body = {"call": {"team": team}, "utterances": [{"text": "您好"}]}
            client.post("/v1/texts", headers=auth["dialer"], json=body).raise_for_status()
        told = wait_for(heard, lambda kind, _: kind == "call")
        own = client.get(f"/v1/calls/{told['id']}", headers=auth["supervisor"]).json()
        assert own["team"] == "north"
    for role, status in [("dialer", 403), ("admin", 403)]:
        assert client.get("/v1/events", headers=auth[role]).status_code == status
    assert client.get("/v1/events").status_code == 401


@pytest.mark.parametrize("end", ["UPDATE api_keys SET revoked_at = now()", "UPDATE users SET role = 'dialer'"])
def test_who_may_no_longer_listen_is_told_nothing_more(
    served: str, client: TestClient, auth: Auth, service: Service, end: str
) -> None:
    with listening(served, auth["inspector"]) as heard:
        wait_for(heard, lambda kind, _: kind == "snapshot")
        with service.database.transaction() as session:
            session.execute(text(f"{end} WHERE name = 'inspector'"))
        post_text(client, auth["dialer"])
        kind, _ = heard.get(timeout=30)
        assert kind == "end"


def test_a_reader_outlives_the_databases_connections(
    served: str, client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.feed._PAUSE", 0.1)
    monkeypatch.setattr(events, "_BEAT", 0.3)
    with listening(served, auth["supervisor"]) as heard:
        wait_for(heard, lambda kind, _: kind == "snapshot")
        wait_for(heard, lambda kind, _: kind == "beat")
        with service.database.engine.connect() as connection:
            listeners = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            assert connection.execute(text(f"SELECT count(pg_terminate_backend(pid)) FROM ({listeners}) AS l")).scalar()
        wait_for(heard, lambda kind, _: kind == "snapshot")
        with service.database.transaction() as session:
            session.execute(text("NOTIFY tingjian_calls, 'by hand'"))
        wait_for(heard, lambda kind, _: kind == "snapshot")
        call_id = post_text(client, auth["dialer"])
        wait_for(heard, lambda kind, data: kind == "call" and data["id"] == call_id)


def test_listening_ends_with_the_last_reader(
    served: str, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_BEAT", 0.3)  # a reader who went away is found out when told something
    listeners = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    with listening(served, auth["supervisor"]) as one, listening(served, auth["supervisor"]) as two:
        for heard in (one, two):
            wait_for(heard, lambda kind, _: kind == "snapshot")
        with service.database.engine.connect() as connection:
            assert connection.execute(listeners).scalar() == 1
    end = time.monotonic() + 40
    # PostgreSQL shows a transaction the same activity however often it looks: each look is one of its own.
    while True:
        with service.database.engine.connect() as connection:
            if not connection.execute(listeners).scalar():
                break
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_slow_reader_starts_afresh_and_holds_little() -> None:
    async def read() -> list[set[int] | None]:
        mailbox = Mailbox()
        for call_id in (7, 8, 7):
            mailbox.put(call_id)
        taken = [await mailbox.take(1)]
        for call_id in range(_MOST + 5):
            mailbox.put(call_id)
        assert len(mailbox._changed) <= _MOST
        return [*taken, await mailbox.take(1), await mailbox.take(0.01)]

    assert asyncio.run(read()) == [{7, 8}, None, set()]
