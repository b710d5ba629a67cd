"""What Prometheus is told, and whether the service is ready."""

import re
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text
from starlette.testclient import TestClient

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
