"""The durable steps of a call, on Procrastinate: transcribe, judge, and taking over what a dead worker left.

The call's row is the truth; a job carries only the call's id and the attempt it belongs to. A step reads, works
outside any transaction, then writes everything in one, and only if the attempt is still the current one.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import procrastinate
from procrastinate.jobs import Status
from sqlalchemy.exc import OperationalError

from app import pipeline
from app.database import Database
from app.schemas import CallFacts
from app.storage import Recordings
from app.store import calls, queue
from asr import AsrError, Transcriber
from asr.errors import HOPELESS
from rules import RuleError
from scoring import TemplateError

log = logging.getLogger(__name__)

#: Seconds without a heartbeat after which a worker counts as dead.
STALLED_AFTER = 60

#: A transcription may take this many seconds, and this many more per second of recording.
_GRACE, _PACE = 120.0, 5.0

#: Seconds to write down why, before the process is ended.
_TO_NOTE = 5.0

QUEUES = ("transcribe", "judge")
_UPKEEP = "upkeep"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker works with."""

    database: Database
    recordings: Recordings
    judge: pipeline.Judge
    transcriber: Callable[[], Transcriber]  #: loads the model on first use: a worker that only judges needs none
    max_seconds: float  #: of recording, at most


def transcribe(bench: Bench, call_id: int, attempt: int) -> None:
    """Hear the recording; store the transcript and queue the judging in one transaction."""
    with bench.database.transaction() as session:
        call = calls.claim(session, call_id, attempt, "transcribing")
    if call is None or call.recording is None:
        return
    transcriber = bench.transcriber()
    channel = CallFacts.model_validate(call.facts).agent_channel
    # Not every container says how long it is (AMR, AAC and MP3 streams): then it may be as long as is allowed.
    seconds = bench.max_seconds if call.duration is None else call.duration
    with deadline(bench, call_id, attempt, _GRACE + _PACE * seconds):
        transcript = transcriber.transcribe(bench.recordings.path(call.recording), agent_channel=channel)
    with bench.database.transaction() as session:
        if call := calls.claim(session, call_id, attempt):
            calls.add_transcript(session, call, pipeline.transcript_row(transcript), transcript.duration)


def judge(bench: Bench, call_id: int, attempt: int) -> None:
    """Judge the transcript and store findings and scorecard in one transaction."""
    with bench.database.transaction() as session:
        call = calls.claim(session, call_id, attempt, "judging")
        row = calls.transcript_of(session, call_id)
    if call is None or row is None:
        return
    facts = CallFacts.model_validate(call.facts).known()
    judgement = bench.judge.judge(pipeline.read_transcript(row.body), facts, call.template)
    with bench.database.transaction() as session:
        if call := calls.claim(session, call_id, attempt):
            card, findings = pipeline.judgement_rows(judgement)
            calls.add_scorecard(session, call, {"transcript_id": row.id, **card}, findings)


def run_step(step: Callable[[Bench, int, int], None], bench: Bench, call_id: int, attempt: int) -> None:
    """Run one step; what cannot get better fails the call with its reason, anything else is tried again."""
    try:
        step(bench, call_id, attempt)
    except OperationalError:
        # The database is away, so nothing can be noted there now; the call is taken over once it is back.
        raise
    except Exception as error:
        code = _hopeless(error)
        if code is None:
            log.exception("%s of call %d failed on attempt %d", step.__name__, call_id, attempt)
        with bench.database.transaction() as session:
            if call := calls.claim(session, call_id, attempt):
                if code:
                    calls.fail(call, str(error), code)
                else:
                    calls.again(session, call, str(error) or type(error).__name__)


def _hopeless(error: Exception) -> str | None:
    """The code of a failure that no other try will better; None for any other."""
    if isinstance(error, (RuleError, TemplateError)):
        return "bad_template"
    return error.code if isinstance(error, AsrError) and error.code in HOPELESS else None


def take_over(bench: Bench) -> None:
    """Queue again every unfinished call that no living job stands for, counting the attempt that was lost."""
    with bench.database.transaction() as session:
        for call_id, attempt in queue.abandoned(session):
            if call := calls.claim(session, call_id, attempt):
                log.warning("taking over call %d: attempt %d ended without a result", call_id, attempt)
                calls.again(session, call, call.error or "处理进程中断")


@contextmanager
def deadline(bench: Bench, call_id: int, attempt: int, seconds: float) -> Iterator[None]:
    """End the process when the block takes longer: native code does not listen to anything less."""

    def note() -> None:
        with bench.database.transaction() as session:
            if call := calls.claim(session, call_id, attempt):
                call.error = f"转写超过 {seconds:.0f} 秒时限"

    # Two timers: noting why must not be able to keep the process alive when the database is away.
    timers = threading.Timer(seconds, note), threading.Timer(seconds + _TO_NOTE, os._exit, [1])
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


def worker_app(bench: Bench) -> procrastinate.App:
    """The queue with our steps on it."""
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=bench.database.url, min_size=1, max_size=4)
    )

    @app.task(name="transcribe", queue="transcribe")
    def _transcribe(call_id: int, attempt: int) -> None:
        run_step(transcribe, bench, call_id, attempt)

    @app.task(name="judge", queue="judge")
    def _judge(call_id: int, attempt: int) -> None:
        run_step(judge, bench, call_id, attempt)

    @app.periodic(cron="* * * * * */20")
    @app.task(name="take_over", queue=_UPKEEP, priority=100, queueing_lock="take_over", pass_context=False)
    async def _take_over(timestamp: int) -> None:  # noqa: ARG001 - every periodic task is told its time
        await upkeep(app, bench)

    return app


async def upkeep(app: procrastinate.App, bench: Bench) -> None:
    """End the jobs of dead workers, then take their calls over. `app` must be open."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        assert job.id is not None
        await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
    await asyncio.to_thread(take_over, bench)


async def work(bench: Bench, queues: Sequence[str] = QUEUES) -> None:
    """Work on `queues`, one call at a time, until told to stop; the call in hand is finished first."""
    app = worker_app(bench)
    async with app.open_async():
        await app.run_worker_async(
            queues=[*queues, _UPKEEP],
            concurrency=1,
            stalled_worker_timeout=STALLED_AFTER,
            delete_jobs="successful",
        )
