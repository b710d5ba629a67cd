"""A worker process: takes steps from the queue one at a time, and stops without losing the one in hand."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Status
from procrastinate.worker import Worker
from psycopg.errors import ForeignKeyViolation

from app import jobs
from app.fetching import fetch
from app.jobs import Bench
from app.renewal import go_on, set_back
from app.store import calls, queue
from app.store.queue import Renewal

log = structlog.stdlib.get_logger(__name__)

#: Seconds without a heartbeat after which a worker counts as dead, and between two of them.
STALLED_AFTER = 60
_BEAT = 10

QUEUES = ("fetch", "transcribe", "judge")
_UPKEEP = "upkeep"
_UPKEEP_CRON = "* * * * * */10"  #: with seconds: somebody looks every ten


def worker_app(bench: Bench) -> procrastinate.App:
    """The queue with our steps on it."""
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=bench.database.url, min_size=1, max_size=4)
    )

    @app.task(name="fetch", queue="fetch")
    def _fetch(call_id: int, attempt: int) -> None:
        jobs.run_step(fetch, bench, call_id, attempt)

    @app.task(name="transcribe", queue="transcribe")
    def _transcribe(call_id: int, attempt: int) -> None:
        jobs.run_step(jobs.transcribe, bench, call_id, attempt)

    @app.task(name="judge", queue="judge")
    def _judge(call_id: int, attempt: int) -> None:
        jobs.run_step(jobs.judge, bench, call_id, attempt)

    @app.task(name="rescore", queue="judge")
    def _rescore(**renewal: Any) -> None:
        go_on(bench, Renewal(**renewal))

    @app.periodic(cron=_UPKEEP_CRON)
    @app.task(name="take_over", queue=_UPKEEP, priority=100, queueing_lock="take_over", pass_context=False)
    async def _take_over(timestamp: int) -> None:  # noqa: ARG001 - every periodic task is told its time
        await upkeep(app, bench)

    return app


async def upkeep(app: procrastinate.App, bench: Bench) -> None:
    """End the jobs of dead workers, then take their calls over. `app` must be open."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        assert job.id is not None
        if job.task_name == "rescore":  # no call's row tells of it: this job is all that there is
            renewal = Renewal(**cast("dict[str, Any]", job.task_kwargs))
            await asyncio.to_thread(bench.steadily, partial(set_back, renewal=renewal))
        await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
    await asyncio.to_thread(jobs.take_over, bench)


class Hand:
    """What a worker has in hand, kept alive until it is done: Procrastinate stops its heartbeat when told to stop."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._worker_id: int | None = None
        self._step: dict[str, Any] = {}

    async def hold(self, run: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
        """Run one job (a Procrastinate worker middleware)."""
        self._worker_id, self._step = worker.worker_id, context.job.task_kwargs
        beating = asyncio.create_task(_beat(context.app, worker.worker_id))
        try:
            return await run()
        finally:
            self._step = {}
            beating.cancel()

    def give_up(self) -> None:
        """Hand the call in hand back and end the process at once: native code cannot be asked to stop."""
        handing = threading.Thread(target=self._hand_back, daemon=True)
        handing.start()
        handing.join(jobs.TO_NOTE)
        os._exit(0)

    def _hand_back(self) -> None:
        with self._bench.database.transaction() as session:
            if "call_id" in self._step and (call := calls.claim(session, **self._step)):
                log.warning("handing back", call_id=call.id, attempt=call.attempt)
                calls.hand_back(session, call)
            if self._worker_id is not None:
                queue.leave(session, self._worker_id)


async def _beat(app: procrastinate.App, worker_id: int | None) -> None:
    while worker_id is not None:
        await asyncio.sleep(_BEAT)
        with suppress(ConnectorException):  # the database is away: nobody can find us missing now
            await app.job_manager.update_heartbeat(worker_id)


async def work(bench: Bench, queues: Sequence[str], patience: float) -> None:
    """Work on `queues`, one call at a time, until told to stop by SIGTERM or SIGINT.

    The call in hand is then finished if that takes no longer than `patience` seconds; past them, or told again, it
    is handed back, and whoever takes it next starts its step afresh.
    """
    app, hand = worker_app(bench), Hand(bench)
    async with app.open_async():
        working = asyncio.create_task(_until_told(app, hand, queues))
        _heed_signals(working, hand, patience)
        with suppress(asyncio.CancelledError):
            await working


async def _until_told(app: procrastinate.App, hand: Hand, queues: Sequence[str]) -> None:
    """Work as one worker after the other: who was held up so long that others struck it off enrols anew."""
    while True:
        try:
            return await app.run_worker_async(
                queues=[*queues, _UPKEEP],
                concurrency=1,
                stalled_worker_timeout=STALLED_AFTER,
                delete_jobs="successful",
                install_signal_handlers=False,
                worker_middleware=[hand.hold],
            )
        except ConnectorException as error:
            told = (task := asyncio.current_task()) and task.cancelling()
            if told or not isinstance(error.__cause__, ForeignKeyViolation):
                raise
            log.warning("counted as dead, enrolling anew")
            await asyncio.sleep(1)


def _heed_signals(working: asyncio.Task[None], hand: Hand, patience: float) -> None:
    loop, told = asyncio.get_running_loop(), 0

    def stop() -> None:
        nonlocal told
        told += 1
        if told == 1:
            working.cancel()  # Procrastinate's word for: take nothing new, wait for what runs
            loop.call_later(patience, hand.give_up)
        else:
            hand.give_up()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
