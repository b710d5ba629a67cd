"""Putting steps on the queue, inside the caller's transaction: a call and its job exist together or not at all."""

from dataclasses import asdict, dataclass
from typing import Literal

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import JobDeferrer
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
        # What is heard is judged before the next call is heard: of a long queue the first results come at once.
        priority=call.priority + (step == "judge"),
        schedule_in={"seconds": delay} if delay else None,
        connection=session.connection().connection.driver_connection,
    )
    job.defer(call_id=call.id, attempt=call.attempt)


@dataclass(frozen=True, slots=True)
class Renewal:
    """How far judging again by a published pack is."""

    pack: str
    since: str  #: the moment of the oldest calls, ISO 8601, always of the same zone
    after: int = 0  #: this pass is through with calls up to this id
    again: bool = True  #: another pass when this one is through
    failures: int = 0  #: in a row


#: What waits already for the same pack does for both.
_JOINED = text("""
    UPDATE procrastinate_jobs SET args = args || jsonb_build_object(
        'since', least(args->>'since', :since),
        'after', least((args->>'after')::bigint, :after),
        'again', true
    ) WHERE queueing_lock = :lock AND status = 'todo' RETURNING id
""")


def defer_renewal(session: Session, renewal: Renewal, delay: int = 0) -> None:
    """Queue the next piece of judging again by a pack, behind every call that waits to be judged at all.

    Of one pack no two pieces wait, nor are two worked on at once: two publishings are one chain, from the older day on.
    """
    lock = f"renewal.{renewal.pack}"
    job = _app.configure_task(
        "rescore",
        queue="judge",
        priority=_LAST,
        lock=lock,
        queueing_lock=lock,
        schedule_in={"seconds": delay} if delay else None,
        connection=session.connection().connection.driver_connection,
    )
    asked = {"since": renewal.since, "after": renewal.after, "lock": lock}
    while not (_deferred(session, job, renewal) or session.execute(_JOINED, asked).first()):
        pass  # what waited was taken by a worker in between


def _deferred(session: Session, job: JobDeferrer, renewal: Renewal) -> bool:
    try:
        with session.connection().begin_nested():  # of the connection: a session sets its mark only when it is used
            job.defer(**asdict(renewal))
    except AlreadyEnqueued:
        return False
    return True


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
