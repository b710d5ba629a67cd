"""Putting steps on the queue, inside the caller's transaction: a call and its job exist together or not at all."""

from datetime import datetime
from typing import Literal

import procrastinate
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.tables import Call

Step = Literal["fetch", "transcribe", "judge"]

#: The priority of what may wait for everything else.
_LAST = -100

#: Only defers, on connections handed to it; the worker has its own, see app.jobs.
_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def defer(session: Session, step: Step, call: Call, delay: int = 0) -> None:
    """Queue `step` of `call` under its current attempt, to start after `delay` seconds."""
    job = _app.configure_task(
        step,
        queue=step,
        priority=call.priority,
        schedule_in={"seconds": delay} if delay else None,
        connection=session.connection().connection.driver_connection,
    )
    job.defer(call_id=call.id, attempt=call.attempt)


def defer_rescoring(session: Session, pack: str, since: datetime, after: int = 0) -> None:
    """Queue the next piece of judging again by a pack, behind every call that waits to be judged at all."""
    job = _app.configure_task(
        "rescore", queue="judge", priority=_LAST, connection=session.connection().connection.driver_connection
    )
    job.defer(pack=pack, since=since.isoformat(), after=after)


#: Unfinished calls whose current attempt no job stands for: their worker died, or their job was lost. It counts
#: against the call unless the database started since: then it ended the worker.
_ABANDONED = text("""
    SELECT id, attempt, updated_at > pg_postmaster_start_time() AS counts FROM calls
    WHERE status NOT IN ('scored', 'failed') AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS job
        WHERE job.status IN ('todo', 'doing') AND job.task_name IN ('fetch', 'transcribe', 'judge')
          AND (job.args->>'call_id')::bigint = calls.id AND (job.args->>'attempt')::bigint = calls.attempt
    )
""")


def abandoned(session: Session) -> list[tuple[int, int, bool]]:
    """Calls that wait for nothing, as (call id, attempt, whether the lost attempt counts)."""
    return [(row.id, row.attempt, row.counts) for row in session.execute(_ABANDONED)]


def leave(session: Session, worker_id: int) -> None:
    """Strike a worker that is about to end off the list, without waiting for it to be missed."""
    session.execute(text("SELECT procrastinate_unregister_worker_v1(:worker)"), {"worker": worker_id})
