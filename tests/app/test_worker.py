"""A worker process told to stop, killed, or cut off from its database: no call is lost, none pays for it."""

import errno
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app import jobs, serving
from app.database import is_outage
from app.jobs import Bench
from app.service import Service
from app.store import scorecards
from app.tables import Call
from tests.app.test_jobs import Auth, count, post_sample, post_text

#: A worker whose judge takes as long as it is told.
SLOW_WORKER = """
import asyncio, sys, time
from dataclasses import replace
from app import worker
from app.pipeline import Judge
from app.service import build_bench
from app.settings import Settings
settings = Settings()
bench = build_bench(settings)
class Slow(Judge):
    def judge(self, *given):
        time.sleep(float(sys.argv[1]))
        return super().judge(*given)
worker._BEAT = 0.5
asyncio.run(worker.work(replace(bench, judge=Slow()), ["judge"], settings.patience))
"""


@contextmanager
def slow_worker(service: Service, seconds: float, patience: float) -> Iterator[subprocess.Popen[bytes]]:
    environment = serving.worker_environment(service.settings) | {"TINGJIAN_PATIENCE": str(patience)}
    with subprocess.Popen([sys.executable, "-c", SLOW_WORKER, str(seconds)], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def row(service: Service, call_id: int) -> Call:
    with service.database.transaction() as session:
        return session.get_one(Call, call_id)


def wait_for(condition: Callable[[], Any], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def has_status(service: Service, call_id: int, status: str) -> Callable[[], bool]:
    return lambda: row(service, call_id).status == status


def test_told_to_stop_it_finishes_the_call_in_hand(client: TestClient, auth: Auth, service: Service) -> None:
    call_id = post_text(client, auth["dialer"])
    with slow_worker(service, seconds=2, patience=30) as process:
        wait_for(has_status(service, call_id, "judging"))
        process.terminate()
        assert process.wait(30) == 0
    call = row(service, call_id)
    assert (call.status, call.attempt, call.failures) == ("scored", 1, 0)
    assert count(service, "procrastinate_workers") == 0


@pytest.mark.parametrize(("patience", "signals"), [(0.5, 1), (60, 2)])
def test_out_of_patience_or_told_twice_it_hands_the_call_back(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None], patience: float, signals: int
) -> None:
    call_id = post_text(client, auth["dialer"])
    with slow_worker(service, seconds=60, patience=patience) as process:
        wait_for(has_status(service, call_id, "judging"))
        for _ in range(signals):
            process.terminate()
            time.sleep(0.3)
        assert process.wait(20) == 0
    call = row(service, call_id)
    assert (call.status, call.attempt, call.failures, call.error) == ("queued", 2, 0, None)
    assert count(service, "procrastinate_workers") == 0
    work_off()
    assert row(service, call_id).status == "scored"
    assert count(service, "scorecards") == 1


def test_its_heart_beats_while_it_finishes(client: TestClient, auth: Auth, service: Service) -> None:
    call_id = post_text(client, auth["dialer"])
    with slow_worker(service, seconds=5, patience=60) as process:
        wait_for(has_status(service, call_id, "judging"))
        process.terminate()
        with service.database.transaction() as session:
            session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"))
        fresh = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 s'"
        with service.database.engine.connect() as connection:
            wait_for(lambda: connection.execute(text(fresh)).scalar() or process.poll() is not None, 30)
        assert process.wait(30) == 0
    assert row(service, call_id).status == "scored"


def test_struck_off_while_it_was_held_up_it_enrols_anew(client: TestClient, auth: Auth, service: Service) -> None:
    with slow_worker(service, seconds=0, patience=60) as process:
        wait_for(lambda: count(service, "procrastinate_workers"))
        with service.database.transaction() as session:
            session.execute(text("DELETE FROM procrastinate_workers"))
        call_id = post_text(client, auth["dialer"])
        wait_for(has_status(service, call_id, "scored"))
        process.terminate()
        assert process.wait(30) == 0
    assert count(service, "procrastinate_workers") == 0


def test_a_database_that_goes_away_costs_a_call_nothing(
    client: TestClient, auth: Auth, service: Service, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is cut when the result is written and not committed yet."""
    call_id, add, cut = post_text(client, auth["dialer"]), scorecards.add, list[int]()

    def add_and_cut(session: Session, *rest: Any) -> None:
        add(session, *rest)
        if not cut:
            cut.append(session.scalar(text("SELECT pg_backend_pid()")) or 0)
            with service.database.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": cut[0]})

    monkeypatch.setattr(scorecards, "add", add_and_cut)
    jobs.run_step(jobs.judge, bench, call_id, 1)
    call = row(service, call_id)
    assert cut
    assert (call.status, call.failures, call.attempt) == ("scored", 0, 1)
    assert count(service, "scorecards") == 1


class Twice(Bench):
    """Writes everything twice, as when a commit's answer is lost with the connection."""

    def steadily(self, read_or_write: Callable[[Session], Any]) -> Any:
        Bench.steadily(self, read_or_write)  # not super(): a class with slots is made anew by its decorator
        return Bench.steadily(self, read_or_write)


def test_what_is_written_twice_is_kept_once(client: TestClient, auth: Auth, service: Service, bench: Bench) -> None:
    call_id = post_sample(client, auth["dialer"])
    twice = Twice(**{field.name: getattr(bench, field.name) for field in fields(bench)})
    jobs.run_step(jobs.transcribe, twice, call_id, 1)
    jobs.run_step(jobs.judge, twice, call_id, 1)
    assert count(service, "transcripts") == count(service, "scorecards") == 1


@pytest.mark.parametrize(
    ("ended_by", "failures"),
    [("the database", 0), ("its worker", 1)],
)
def test_a_lost_attempt_counts_unless_the_database_restarted(
    client: TestClient, auth: Auth, service: Service, bench: Bench, ended_by: str, failures: int
) -> None:
    call_id = post_text(client, auth["dialer"])
    with service.database.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        if ended_by == "the database":
            session.execute(text("UPDATE calls SET updated_at = pg_postmaster_start_time() - interval '1 s'"))
    jobs.take_over(bench)
    call = row(service, call_id)
    assert (call.status, call.attempt, call.failures) == ("queued", 2, failures)


def test_a_full_disk_is_no_fault_of_the_call(client: TestClient, auth: Auth, service: Service, bench: Bench) -> None:
    call_id = post_text(client, auth["dialer"])

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for attempt in range(1, 6):
        jobs.run_step(fails, bench, call_id, attempt)
    call = row(service, call_id)
    assert (call.status, call.failures) == ("queued", 0)


@pytest.mark.parametrize(
    ("state", "passes"),
    [
        ("53100", True),  # the database's disk is full
        ("57P01", True),  # shut down
        ("08006", True),  # connection lost
        ("40001", True),  # another transaction came first
        ("57014", False),  # cancelled, for it took too long: it would the next time too
        ("54000", False),  # a row or an index entry that is too large
        ("23505", False),
        ("22P05", False),
    ],
)
def test_what_passes_by_itself_is_told_from_what_does_not(service: Service, state: str, passes: bool) -> None:
    fails = text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
    with pytest.raises(DBAPIError) as caught, service.database.transaction() as session:
        session.execute(fails)
    assert is_outage(caught.value) is passes
