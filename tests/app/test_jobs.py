"""The durable steps: every call is judged once, whatever happens to its worker."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app import jobs, serving, worker
from app.errors import NotFound, Unavailable
from app.jobs import Bench
from app.pipeline import Judge
from app.sealing import NoKey, SealError
from app.service import Service
from app.store import calls
from app.tables import Call
from asr import AsrError
from rules import Fault, RuleError
from tests.app.sounds import wav
from tests.conftest import SAMPLES

Auth = dict[str, dict[str, str]]


def post_sample(client: TestClient, headers: dict[str, str], name: str = "threat") -> int:
    path = SAMPLES / f"{name}.wav"
    answer = client.post("/v1/calls", headers=headers, files={"audio": (path.name, path.read_bytes())})
    call_id: int = answer.raise_for_status().json()["id"]
    return call_id


def post_text(client: TestClient, headers: dict[str, str], words: str = "再不还钱我就找人上门让你全家不得安宁") -> int:
    body = {"utterances": [{"speaker": "agent", "text": words}]}
    call_id: int = client.post("/v1/texts", headers=headers, json=body).raise_for_status().json()["id"]
    return call_id


def look(client: TestClient, headers: dict[str, str], call_id: int) -> dict[str, Any]:
    detail: dict[str, Any] = client.get(f"/v1/calls/{call_id}", headers=headers).json()
    return detail


async def upkeep(bench: Bench) -> None:
    """What the periodic task does."""
    app = worker.worker_app(bench)
    async with app.open_async():
        await worker.upkeep(app, bench)


def count(service: Service, table: str) -> int:
    with service.database.transaction() as session:
        return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def test_a_recording_is_heard_and_judged(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> None:
    call_id = post_sample(client, auth["dialer"])
    work_off()
    detail = look(client, auth["supervisor"], call_id)
    assert (detail["status"], detail["flagged"], detail["score"]) == ("scored", True, 0)
    assert "threat" in detail["categories"]
    evidence = [
        e for f in detail["findings"] if f["category"] == "threat" and f["verdict"] == "failed" for e in f["evidence"]
    ]
    assert evidence
    assert all(0 <= e["start"] < e["end"] <= detail["duration"] for e in evidence)
    assert detail["scorecard"]["packs"]
    assert detail["transcript"]["engine"]
    read = auth["supervisor"]
    assert client.get(f"/v1/calls/{call_id}/transcript", headers=read).json() == detail["transcript"]
    (card,) = client.get(f"/v1/calls/{call_id}/scorecards", headers=read).json()
    assert card["body"] | {"packs": card["packs"]} == detail["scorecard"]


def test_a_text_is_judged(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> None:
    call_id = post_text(client, auth["dialer"])
    work_off()
    detail = look(client, auth["supervisor"], call_id)
    assert (detail["status"], detail["flagged"]) == ("scored", True)
    assert "threat" in detail["categories"]


@pytest.mark.parametrize(
    ("channel", "categories"), [("sms", ["false_legal"]), ("visit", ["false_legal"]), ("call", [])]
)
def test_a_message_is_the_agents_unless_it_says_otherwise(
    client: TestClient, auth: Auth, work_off: Callable[[], None], channel: str, categories: list[str]
) -> None:
    body = {"call": {"channel": channel}, "utterances": [{"text": "再不还钱就让你坐牢"}]}
    call_id = client.post("/v1/texts", headers=auth["dialer"], json=body).json()["id"]
    work_off()
    detail = look(client, auth["supervisor"], call_id)
    assert [name for name in detail["categories"] if name == "false_legal"] == categories
    assert detail["flagged"]


def test_a_hopeless_recording_fails_with_its_reason_and_can_be_retried(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]
) -> None:
    call_id = post_sample(client, auth["dialer"])
    with service.database.transaction() as session:
        sha256 = session.get_one(Call, call_id).recording or ""
    recording = service.settings.data / "recordings" / sha256[:2] / sha256
    whole = recording.read_bytes()
    recording.write_bytes(whole[:5000])
    work_off()
    detail = look(client, auth["supervisor"], call_id)
    assert (detail["status"], detail["error_code"], detail["flagged"]) == ("failed", "truncated", True)
    recording.write_bytes(whole)
    client.post(f"/v1/calls/{call_id}/retry", headers=auth["inspector"]).raise_for_status()
    work_off()
    assert look(client, auth["supervisor"], call_id)["status"] == "scored"


def test_a_result_of_an_older_attempt_is_not_written(
    client: TestClient, auth: Auth, service: Service, bench: Bench
) -> None:
    call_id = post_text(client, auth["dialer"])
    with service.database.transaction() as session:
        session.get_one(Call, call_id).attempt += 1
    jobs.judge(bench, call_id, attempt=1)
    assert count(service, "scorecards") == 0
    jobs.judge(bench, call_id, attempt=2)
    jobs.judge(bench, call_id, attempt=2)
    assert count(service, "scorecards") == 1


def test_a_worker_that_was_given_up_while_working_writes_nothing(
    client: TestClient, auth: Auth, service: Service, bench: Bench
) -> None:
    call_id = post_text(client, auth["dialer"])

    class Overtaken(Judge):
        def judge(self, *given: Any) -> Any:
            with service.database.transaction() as session:
                session.get_one(Call, call_id).attempt += 1
            return super().judge(*given)

    jobs.judge(replace(bench, judge=Overtaken()), call_id, attempt=1)
    assert count(service, "scorecards") == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("再不还钱就找你家人"), "程序内部错误（RuntimeError）"),  # what was said stays out of the reason
        (MemoryError(), "内存不足"),
        (OSError(13, "permission denied"), "读写失败"),
        (AsrError("backend_failed", "无法解读"), "无法解读"),
        (NotFound("录音 ab12 不在"), "录音 ab12 不在"),
        (SealError("录音 ab12 的加密文件已损坏或被改动"), "已损坏"),
    ],
)
def test_what_may_get_better_is_tried_three_times(
    client: TestClient, auth: Auth, service: Service, bench: Bench, error: Exception, reason: str
) -> None:
    call_id = post_text(client, auth["dialer"])

    def fails(*_: object) -> None:
        raise error

    for attempt in (1, 2, 3):
        assert look(client, auth["supervisor"], call_id)["status"] == "queued"
        jobs.run_step(fails, bench, call_id, attempt)
    detail = look(client, auth["supervisor"], call_id)
    assert (detail["status"], detail["error_code"]) == ("failed", "gave_up")
    assert reason in detail["error"]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("录音存储不可用", code="storage_unavailable"),
        NoKey("缺少录音密钥"),
        OSError(errno.EIO, "input/output error"),
        OSError(errno.ESTALE, "stale file handle"),
        OSError(errno.ENOSPC, "no space left"),
        OSError(errno.EAGAIN, "no more processes"),
        AsrError("backend_away", "没有应答"),
    ],
)
def test_what_is_no_fault_of_the_call_is_not_counted(
    client: TestClient, auth: Auth, service: Service, bench: Bench, error: Exception
) -> None:
    call_id = post_text(client, auth["dialer"])

    def fails(*_: object) -> None:
        raise error

    for attempt in range(1, calls.MAX_FAILURES + 2):
        jobs.run_step(fails, bench, call_id, attempt)
    with service.database.transaction() as session:
        call = session.get_one(Call, call_id)
        assert (call.status, call.failures, bool(call.error)) == ("queued", 0, True)


@pytest.mark.parametrize(
    "error", [AsrError("backend_away", "没有应答"), RuleError([Fault("a.yaml", "a", "find", "没有这个词库")])]
)
def test_what_is_away_or_broken_is_asked_again_ever_later_and_not_for_ever(
    client: TestClient, auth: Auth, service: Service, bench: Bench, error: Exception
) -> None:
    call_id = post_text(client, auth["dialer"])

    def fails(*_: object) -> None:
        raise error

    def fail_at(attempt: int) -> tuple[int, float]:
        with service.database.transaction() as session:
            session.get_one(Call, call_id).attempt = attempt
        jobs.run_step(fails, bench, call_id, attempt)
        waits = (
            "SELECT extract(epoch FROM scheduled_at - now())::float FROM procrastinate_jobs ORDER BY id DESC LIMIT 1"
        )
        with service.database.transaction() as session:
            return session.get_one(Call, call_id).failures, session.scalar(text(waits)) or 0.0

    for attempt, failures, seconds in ((3, 0, 180), (199, 0, 3600), (200, 1, 10)):
        counted, waiting = fail_at(attempt)
        assert (counted, round(waiting, -1)) == (failures, seconds)


def test_what_cannot_get_better_is_tried_once(client: TestClient, auth: Auth, bench: Bench) -> None:
    call_id = post_text(client, auth["dialer"])

    def fails(*_: object) -> None:
        raise AsrError("corrupt", "a.wav: 损坏")

    jobs.run_step(fails, bench, call_id, 1)
    assert look(client, auth["supervisor"], call_id)["error"] == "a.wav: 损坏"


def test_a_recording_is_told_by_the_name_it_came_under(client: TestClient, auth: Auth, bench: Bench) -> None:
    empty = {"audio": ("空录音.wav", wav(0))}
    call_id = client.post("/v1/calls", headers=auth["inspector"], files=empty).json()["id"]
    jobs.run_step(jobs.transcribe, bench, call_id, 1)
    failed = look(client, auth["supervisor"], call_id)
    assert (failed["error_code"], failed["error"].split("：")[0]) == ("empty", "空录音.wav")


def test_a_call_without_a_job_is_taken_over_and_given_up_in_the_end(
    client: TestClient, auth: Auth, service: Service, bench: Bench
) -> None:
    call_id = post_text(client, auth["dialer"])
    for _ in range(calls.MAX_FAILURES):
        with service.database.transaction() as session:
            session.execute(text("DELETE FROM procrastinate_jobs"))
        jobs.take_over(bench)
    detail = look(client, auth["supervisor"], call_id)
    assert (detail["status"], detail["error_code"], detail["flagged"]) == ("failed", "gave_up", True)


def test_a_call_that_waits_its_turn_is_left_alone(
    client: TestClient, auth: Auth, service: Service, bench: Bench
) -> None:
    post_text(client, auth["dialer"])
    jobs.take_over(bench)
    assert count(service, "procrastinate_jobs") == 1


def test_killing_a_worker_loses_nothing(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None], bench: Bench
) -> None:
    call_id = post_sample(client, auth["dialer"])
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker"], env=serving.worker_environment(service.settings)
    )
    try:
        deadline = time.monotonic() + 60
        while look(client, auth["supervisor"], call_id)["status"] != "transcribing" and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert look(client, auth["supervisor"], call_id)["status"] == "transcribing"
    asyncio.run(upkeep(bench))
    assert look(client, auth["supervisor"], call_id)["status"] == "transcribing"  # its heartbeat is still fresh
    with service.database.transaction() as session:
        session.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'"))
    asyncio.run(upkeep(bench))
    with service.database.transaction() as session:
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
    work_off()
    assert look(client, auth["supervisor"], call_id)["status"] == "scored"
    assert count(service, "transcripts") == count(service, "scorecards") == 1


def test_a_transcription_that_takes_too_long_ends_its_process(client: TestClient, auth: Auth, service: Service) -> None:
    call_id = post_text(client, auth["dialer"])
    hang = f"""
import time
from app.jobs import deadline
from app.service import build_bench
from app.settings import Settings
with deadline(build_bench(Settings()), {call_id}, 1, seconds=0.5):
    time.sleep(60)
"""
    environment = serving.worker_environment(service.settings)
    ended = subprocess.run([sys.executable, "-c", hang], env=environment, timeout=50)
    assert ended.returncode == 1
    assert "时限" in look(client, auth["supervisor"], call_id)["error"]


def test_judging_has_a_time_limit_too(
    client: TestClient, auth: Auth, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def noting(_: Bench, __: int, ___: int, seconds: float) -> AbstractContextManager[None]:
        limits.append(seconds)
        return nullcontext()

    monkeypatch.setattr(jobs, "deadline", noting)
    for words in ("您好", "您好" * 5000):
        jobs.judge(bench, post_text(client, auth["dialer"], words), attempt=1)
    short, long = limits
    assert short < 200
    assert long - short == pytest.approx(10, abs=0.1)


def test_two_retries_at_once_start_one_job(client: TestClient, auth: Auth, service: Service, bench: Bench) -> None:
    call_id = post_text(client, auth["dialer"])
    with service.database.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        session.execute(text("UPDATE calls SET status = 'failed'"))
    with ThreadPoolExecutor(4) as pool:
        retry = f"/v1/calls/{call_id}/retry"
        answers = list(pool.map(lambda _: client.post(retry, headers=auth["inspector"]).status_code, range(4)))
    assert sorted(answers) == [202, 409, 409, 409]
    assert count(service, "procrastinate_jobs") == 1


def test_uploads_by_hand_come_before_the_dialer(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]
) -> None:
    post_text(client, auth["dialer"], "您好")
    post_text(client, auth["inspector"], "您好")
    work_off()
    joined = "scorecards JOIN calls ON calls.id = call_id JOIN users ON users.id = posted_by"
    with service.database.transaction() as session:
        order = session.scalars(text(f"SELECT role FROM {joined} ORDER BY scorecards.id")).all()
    assert order == ["inspector", "dialer"]


def test_what_is_heard_is_judged_before_the_next_is_heard(client: TestClient, auth: Auth, service: Service) -> None:
    post_sample(client, auth["dialer"])
    post_text(client, auth["dialer"])  # needs no hearing
    with service.database.transaction() as session:
        order = session.scalars(text("SELECT task_name FROM procrastinate_jobs ORDER BY priority DESC, id")).all()
    assert order == ["judge", "transcribe"]


def test_a_recording_with_no_speech_is_flagged_not_passed(
    client: TestClient, auth: Auth, work_off: Callable[[], None]
) -> None:
    files = {"audio": ("silence.wav", wav(3))}
    call_id = client.post("/v1/calls", headers=auth["dialer"], files=files).json()["id"]
    work_off()
    detail = look(client, auth["supervisor"], call_id)
    assert detail["transcript"]["utterances"] == []
    assert (detail["status"], detail["score"], detail["passed"], detail["flagged"]) == ("scored", None, False, True)
