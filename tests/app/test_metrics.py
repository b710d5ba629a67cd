"""What Prometheus is told, and whether the service is ready."""

import re
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.api import health
from app.service import Service
from app.store import tallies
from tests.app.test_jobs import Auth, post_sample, post_text


def scrape(client: TestClient) -> dict[tuple[str, ...], float]:
    page = client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


def test_calls_are_counted_once_with_how_long_they_took(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]
) -> None:
    post_sample(client, auth["dialer"])
    post_text(client, auth["dialer"])
    before = scrape(client)
    assert before["tingjian_calls", "queued"] == 2
    assert before["tingjian_queue_depth", "transcribe"] == before["tingjian_queue_depth", "judge"] == 1
    assert before["tingjian_queue_oldest_seconds", "judge"] > 0
    assert before["tingjian_workers",] == 0
    work_off()
    found = scrape(client)
    assert found["tingjian_calls", "queued"] == found["tingjian_queue_depth", "judge"] == 0
    assert found["tingjian_calls_finished_total", "scored"] == 2
    assert found["tingjian_stage_seconds_count", "transcribe"] == 1
    assert found["tingjian_stage_seconds_count", "judge"] == 2
    assert found["tingjian_findings_failed_total", "threat"] >= 2
    (duration,) = [value for name, value in found.items() if name == ("tingjian_audio_seconds_total", "transcribe")]
    assert found["tingjian_real_time_factor_sum", "transcribe"] == pytest.approx(
        found["tingjian_stage_seconds_sum", "transcribe"] / duration
    )
    buckets = [value for name, value in found.items() if {"tingjian_stage_seconds_bucket", "judge"} <= set(name)]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 2
    assert found["tingjian_http_request_seconds_count", "POST", "/v1/calls", "202"] == 1


def test_a_path_makes_no_series(client: TestClient, auth: Auth) -> None:
    for path in ("/v1/calls/17", "/v1/calls/18", "/nothing", "/nothing/else"):
        client.get(path, headers=auth["supervisor"])
    client.request("BREW", "/healthz")
    page = client.get("/metrics").text
    routes = set(re.findall(r'route="([^"]*)"', page))
    assert routes == {"/v1/calls/{call_id}", "unknown", "/healthz"}
    assert 'method="OTHER"' in page


def test_metrics_can_be_kept_to_who_has_the_token(client: TestClient, service: Service) -> None:
    service.settings.metrics_token = SecretStr("of-prometheus")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer of-prometheus"}).status_code == 200


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.001, "0.01"), (0.01, "0.01"), (0.011, "0.025"), (3600, "3600"), (3601, "+Inf")]
)
def test_buckets_hold_what_is_not_above_their_limit(seconds: float, bucket: str) -> None:
    assert tallies.step("judge", seconds)["seconds", f"judge {bucket}"] == 1


@pytest.mark.parametrize(
    ("state", "ready"),
    [
        ("SELECT 1", True),  # just come in
        ("UPDATE procrastinate_events SET at = now() - interval '2 minutes'", False),
        ("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'", True),  # waits for its next try
        ("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 hour'", False),
        (
            "WITH worker AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id), "
            "busy AS (UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM worker) "
            "WHERE id = (SELECT min(id) FROM procrastinate_jobs)) "
            "UPDATE procrastinate_events SET at = now() - interval '2 minutes'",
            True,  # late, but somebody is at it
        ),
        (
            "WITH worker AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes') "
            "RETURNING id), busy AS (UPDATE procrastinate_jobs SET status = 'doing', "
            "worker_id = (SELECT id FROM worker) WHERE id = (SELECT min(id) FROM procrastinate_jobs)) "
            "UPDATE procrastinate_events SET at = now() - interval '2 minutes'",
            False,  # it is dead
        ),
    ],
)
def test_ready_means_that_what_is_due_is_taken(
    client: TestClient, auth: Auth, service: Service, state: str, ready: bool
) -> None:
    for words in ("您好", "再见"):
        post_text(client, auth["dialer"], words)
    with service.database.transaction() as session:
        session.execute(text(state))
    answer = client.get("/readyz")
    assert answer.status_code == (200 if ready else 503)
    assert (answer.json()["checks"]["queues"] == "ok") is ready


def enqueue(session: Session, queue: str, priority: int, due: float, taken: float | None = None) -> None:
    """A job that came due so many minutes ago and was taken, by a worker that lives, so many minutes ago."""
    job = session.scalar(
        text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority) VALUES (:queue, :queue, :priority) "
            "RETURNING id"
        ),
        {"queue": queue, "priority": priority},
    )
    if taken is not None:
        worker = session.scalar(text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"))
        take = text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker WHERE id = :job")
        session.execute(take, {"worker": worker, "job": job})
    happened = text(
        "UPDATE procrastinate_events SET at = now() - make_interval(mins => CASE type WHEN 'deferred' "
        "THEN :due ELSE :taken END) WHERE job_id = :job"
    )
    session.execute(happened, {"due": due, "taken": taken, "job": job})


#: What is queued, each as queue, priority, minutes since it came due and since it was taken -> queues left alone.
TURNS: tuple[tuple[list[tuple[str, int, int, int | None]], set[str]], ...] = (
    ([("transcribe", 0, 9, 1), ("fetch", 0, 8, None)], set()),  # in its turn: that came first
    ([("fetch", 0, 8, None), ("transcribe", 10, 2, 1)], set()),  # that goes first
    ([("transcribe", 0, 9, 5), ("judge", 1, 4, None)], set()),  # was in hand already
    ([("judge", -100, 99, None), ("transcribe", 0, 9, 1)], set()),  # judging again waits for everything
    ([("fetch", 0, 9, None), ("fetch", 0, 2, 1)], set()),
    ([("transcribe", 0, 9, 1), ("judge", 1, 8, None)], {"judge"}),  # who takes this passes that over
    ([("fetch", 0, 9, None), ("transcribe", 0, 8, 1)], {"fetch"}),
    ([("judge", -100, 99, None), ("judge", 1, 8, None), ("transcribe", 0, 9, 1)], {"judge"}),
    ([("judge", 1, 8, None), ("fetch", 0, 8, None), ("transcribe", 0, 0, None)], {"fetch", "judge"}),
)


def test_who_is_busy_comes_to_the_rest_in_its_turn(service: Service) -> None:
    for enqueued, found in TURNS:
        with service.database.transaction() as session:
            for one in enqueued:
                enqueue(session, *one)
            assert {queue for queue, _ in tallies.unattended(session, 60)} == found, enqueued
            session.rollback()


def test_between_two_jobs_a_worker_is_not_idle(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([{("judge", 1), ("fetch", 2)}, {("judge", 3), ("fetch", 2)}])
    monkeypatch.setattr(health, "_unattended", lambda _: next(found))
    assert client.get("/readyz").json()["checks"]["queues"] == "nobody takes fetch"
