"""Counts that only grow, and the state of the queue: what monitoring asks for.

A count is kept in rows spread over shards, so that workers who count at the same moment seldom wait for each other; it
is written in the transaction of the result that it counts, so that it is neither lost nor counted twice.
"""

import bisect
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.tables import Tally
from rules import Finding

#: Upper limits of histogram buckets: seconds of a step, and seconds of work per second of recording.
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
FACTORS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0)

_SHARDS = 16

#: What to add: (name, label) -> amount.
Counts = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Queue:
    """How one queue stands."""

    depth: int  #: jobs that wait, those that are not due yet included
    oldest: float  #: seconds that the first of those that are due has been due


def step(stage: str, seconds: float, audio: float | None = None) -> Counts:
    """The counts of one finished step; `audio`: seconds of recording that it worked on."""
    counts: Counts = Counter({("seconds", _bucket(stage, seconds, SECONDS)): 1, ("seconds_sum", stage): seconds})
    if audio:
        factor = seconds / audio
        counts += Counter({("audio", stage): audio, ("rtf_sum", stage): factor})
        counts["rtf", _bucket(stage, factor, FACTORS)] = 1
    return counts


def judged(findings: Iterable[Finding]) -> Counts:
    """The counts of one judged call: that it is finished, and its failed findings by category."""
    failed = (("finding", finding.category) for finding in findings if finding.verdict == "failed")
    return Counter([("finished", "scored"), *failed])


def _bucket(stage: str, value: float, limits: tuple[float, ...]) -> str:
    at = bisect.bisect_left(limits, value)
    return f"{stage} {f'{limits[at]:g}' if at < len(limits) else '+Inf'}"


def add(session: Session, counts: Counts) -> None:
    """Add to the counts, at the end of the caller's transaction: the rows are locked until it commits."""
    shard = os.getpid() % _SHARDS
    # In one order everywhere, so that two who count at once never wait for each other in a ring.
    rows = [{"name": name, "label": label, "shard": shard, "value": n} for (name, label), n in sorted(counts.items())]
    more = insert(Tally).values(rows)
    session.execute(
        more.on_conflict_do_update(
            index_elements=["name", "label", "shard"], set_={"value": Tally.value + more.excluded.value}
        )
    )


def everything(session: Session) -> Mapping[str, Mapping[str, float]]:
    """Every count by name and label."""
    counts: dict[str, dict[str, float]] = defaultdict(dict)
    total = select(Tally.name, Tally.label, func.sum(Tally.value)).group_by(Tally.name, Tally.label)
    for name, label, value in session.execute(total):
        counts[name][label] = value
    return counts


#: Finished calls are not counted here: that would read the whole table. Unfinished ones have their own index.
_STATES = text("SELECT status, count(*) FROM calls WHERE status NOT IN ('scored', 'failed') GROUP BY status")


def states(session: Session) -> Mapping[str, float]:
    """How many unfinished calls there are, by status."""
    return {"queued": 0, "transcribing": 0, "judging": 0} | {row[0]: row[1] for row in session.execute(_STATES)}


_QUEUES = text("""
    SELECT queue_name, depth, extract(epoch FROM coalesce(greatest(
        now() - (SELECT at FROM procrastinate_events WHERE job_id = first_id AND type = 'deferred'),
        now() - first_due), interval '0'))::float AS oldest
    FROM (
        SELECT queue_name, count(*) AS depth,
               min(id) FILTER (WHERE scheduled_at IS NULL) AS first_id,
               min(scheduled_at) FILTER (WHERE scheduled_at <= now()) AS first_due
        FROM procrastinate_jobs WHERE status = 'todo' AND queue_name <> 'upkeep' GROUP BY queue_name
    ) AS waiting
""")


def queues(session: Session) -> Mapping[str, Queue]:
    """Every queue of calls."""
    found = {row.queue_name: Queue(row.depth, row.oldest) for row in session.execute(_QUEUES)}
    return {"transcribe": Queue(0, 0.0), "judge": Queue(0, 0.0)} | found


#: Of each queue what comes next if it has been due for long, unless somebody will come to it: a live worker
#: who has a job of the same queue in hand, one that goes before it, or one taken when it was not due yet. Which queues
#: a worker serves is kept nowhere: this is what shows it.
_UNATTENDED = text("""
    SELECT queue, late.id
    FROM unnest(ARRAY['fetch', 'transcribe', 'judge']) AS queue CROSS JOIN LATERAL (
        SELECT id, priority, scheduled_at FROM procrastinate_jobs
        WHERE status = 'todo' AND queue_name = queue AND coalesce(scheduled_at, now()) <= now()
        ORDER BY priority DESC, id LIMIT 1
    ) AS late CROSS JOIN LATERAL (
        SELECT coalesce(late.scheduled_at, max(at)) AS due FROM procrastinate_events
        WHERE job_id = late.id AND type = 'deferred'
    ) AS since
    WHERE due < now() - make_interval(secs => :patience) AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS taken JOIN procrastinate_workers AS worker ON worker.id = worker_id
        WHERE status = 'doing' AND queue_name <> 'upkeep' AND last_heartbeat > now() - interval '60 s' AND (
            queue_name = queue OR (taken.priority, -taken.id) > (late.priority, -late.id)
            OR due > (SELECT max(at) FROM procrastinate_events WHERE job_id = taken.id AND type = 'started')
        )
    )
""")


def unattended(session: Session, patience: float) -> set[tuple[str, int]]:
    """Queues that no worker will come to, each with the job that has been due for more than `patience` seconds."""
    return {(row.queue, row.id) for row in session.execute(_UNATTENDED, {"patience": patience})}


def workers(session: Session) -> int:
    """How many workers gave a sign of life in the last minute."""
    alive = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '60 s'"
    return session.scalar(text(alive)) or 0
