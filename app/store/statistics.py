"""Numbers over many calls: how many, how good, by whom and when.

Days that are over are counted once, in advance, and counted again when one of their calls changes (a trigger notes the
day, see the migration); today and yesterday, and what changed since, are counted when asked. All days and hours are
those of Asia/Shanghai.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.kinds import ALL
from app.schemas import CALL_ZONE
from app.tables import STAGE

#: What calls are grouped by: the whole day, the team, the agent, the hour of the day, a category or rule that failed,
#: the stage of the debt (M0: not overdue, M1: up to 30 days, …, M7: over 180), the channel.
Kind = Literal["day", "team", "agent", "hour", "category", "rule", "stage", "channel"]

_COUNTS = ("calls", "scored", "passed", "flagged", "reviewed", "failed", "compliant", "complete", "violations")
_NUMBERS = (*_COUNTS, "score", "with_score", "seconds")
_COLUMNS = ", ".join(("kind", "day", "team", "key", *_NUMBERS))

#: One row for every group of one day. Categories and rules come several to a call.
_COUNTED = f"""
    SELECT :day AS day, kind, coalesce(team, '') AS team, key,
        count(*) AS calls,
        count(*) FILTER (WHERE status = 'scored') AS scored,
        count(*) FILTER (WHERE passed) AS passed,
        count(*) FILTER (WHERE flagged) AS flagged,
        count(*) FILTER (WHERE reviewed_at IS NOT NULL) AS reviewed,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        count(*) FILTER (WHERE status = 'scored' AND found.violations = 0) AS compliant,
        count(*) FILTER (WHERE status = 'scored' AND found.missed = 0) AS complete,
        coalesce(sum(found.violations) FILTER (WHERE status = 'scored'), 0) AS violations,
        coalesce(sum(calls.score), 0) AS score,
        count(calls.score) AS with_score,
        coalesce(sum(duration), 0) AS seconds
    FROM calls CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE name = ANY(:violations)) AS violations,
               count(*) FILTER (WHERE name = ANY(:steps)) AS missed
        FROM unnest(categories) AS name
    ) AS found CROSS JOIN LATERAL (
        SELECT 'day' AS kind, '' AS key
        UNION ALL SELECT 'agent', coalesce(agent_id, '')
        UNION ALL SELECT 'hour', extract(hour FROM happened_at AT TIME ZONE 'Asia/Shanghai')::text
        UNION ALL SELECT 'channel', channel
        UNION ALL SELECT 'stage', coalesce('M' || nullif({STAGE}, 8), '')
        UNION ALL SELECT 'category', unnest(categories)
        UNION ALL SELECT 'rule', unnest(rules)
    ) AS groups
    WHERE happened_at >= :begins AND happened_at < :ends AND (cast(:only AS text) IS NULL OR kind = :only)
    GROUP BY kind, coalesce(team, ''), key
"""  # noqa: S608 - our own expression only

#: What the statement above counts apart.
_KINDS = {"violations": list(ALL["violation"]), "steps": list(ALL["step"])}

#: How many days back are never counted in advance: calls of today and yesterday change all the time, unnoted.
_FRESH = 2


@dataclass(frozen=True, slots=True)
class Period:
    """Days that are asked about, both included, and the only team, None for all."""

    first: date
    last: date
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """The calls of one group."""

    day: date | None  #: None: of the whole period
    key: str  #: which group of its kind; empty: of no agent, stage or the like
    calls: int
    scored: int
    passed: int
    flagged: int
    reviewed: int
    failed: int
    compliant: int  #: scored, and nothing found that must not be done
    complete: int  #: scored, and no step missed
    violations: int  #: kinds of them, summed over calls
    average: float | None  #: score
    pass_rate: float | None  #: of those that were scored, 0 to 1
    seconds: float  #: of recording


def by(session: Session, kind: Kind, period: Period, *, each_day: bool = False) -> list[Numbers]:
    """The calls of the period by group, the largest group first; `each_day`: by day and group, in order of both."""
    refresh(session, period)
    day = "day" if each_day else "NULL::date AS day"
    # Every total bears the team of its calls: a team's numbers are those of its whole days.
    counted, key = ("day", "team") if kind == "team" else (kind, "key")
    # PostgreSQL sums whole numbers as numeric, which Python reads as Decimal: ten times slower than a float.
    sums = ", ".join(f"sum({name})::float AS {name}" for name in _NUMBERS)
    order = "1, 2" if each_day else "calls DESC, 2"
    known = f"SELECT {_COLUMNS} FROM day_totals WHERE kind = :kind AND day BETWEEN :first AND :last"  # noqa: S608
    fresh = " ".join(f"UNION ALL ({_fresh(number)})" for number in range(len(_live(period))))
    statement = f"""
        SELECT {day}, {key} AS key, {sums} FROM ({known} {fresh}) AS totals
        WHERE cast(:team AS text) IS NULL OR team = :team GROUP BY 1, 2 ORDER BY {order}
    """  # noqa: S608 - our own names only
    asked = {"first": period.first, "last": period.last, "team": period.team}
    given = {"kind": counted, "only": counted, **asked, **_KINDS}
    for number, live in enumerate(_live(period)):
        given |= {f"{name}_{number}": value for name, value in _span(live).items()}
    return [_numbers(row) for row in session.execute(text(statement), given)]


def heat(session: Session, period: Period) -> list[tuple[int, int, int, int]]:
    """For each weekday (0: Monday) and hour with calls: weekday, hour, calls, flagged calls."""
    cells: dict[tuple[int, int], list[int]] = {}
    for numbers in by(session, "hour", period, each_day=True):
        assert numbers.day is not None
        cell = cells.setdefault((numbers.day.weekday(), int(numbers.key)), [0, 0])
        cell[0] += numbers.calls
        cell[1] += numbers.flagged
    return [(weekday, hour, *counts) for (weekday, hour), counts in sorted(cells.items())]  # type: ignore[misc]


def refresh(session: Session, period: Period) -> None:
    """Count those days of the period that are over and not counted, or changed since."""
    for day in _to_count(session, period):
        # First the marks, then the counting, each with a view of its own: a change that is committed in between, or
        # later, leaves a mark that is still there.
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('tingjian.day_totals'))"))
        session.execute(text("DELETE FROM stale_days WHERE day = :day"), {"day": day})
        session.execute(text("DELETE FROM day_totals WHERE day = :day"), {"day": day})
        count = f"INSERT INTO day_totals ({_COLUMNS}) SELECT {_COLUMNS} FROM ({_COUNTED}) AS counted"  # noqa: S608
        session.execute(text(count), {**_span(day), **_KINDS, "only": None})


def _to_count(session: Session, period: Period) -> Sequence[date]:
    asked = text("""
        SELECT asked::date FROM generate_series(cast(:first AS date), cast(:last AS date), '1 day') AS asked
        WHERE NOT EXISTS (SELECT FROM day_totals WHERE kind = 'day' AND day = asked::date)
              AND EXISTS (SELECT FROM calls WHERE happened_at >= asked::timestamp AT TIME ZONE 'Asia/Shanghai'
                          AND happened_at < (asked::timestamp + interval '1 day') AT TIME ZONE 'Asia/Shanghai')
           OR EXISTS (SELECT FROM stale_days WHERE day = asked::date)
    """)
    last = min(period.last, _first_live() - timedelta(days=1))
    return session.scalars(asked, {"first": period.first, "last": last}).all()


def _first_live() -> date:
    return datetime.now(CALL_ZONE).date() - timedelta(days=_FRESH - 1)


def _live(period: Period) -> list[date]:
    """The days of the period that are counted when asked: tomorrow's too, for dialers whose clock is wrong."""
    first = _first_live()
    days = (first + timedelta(days=number) for number in range(_FRESH + 1))
    return [day for day in days if period.first <= day <= period.last]


def _fresh(number: int) -> str:
    counted = _COUNTED.replace(":day", f"cast(:day_{number} AS date)")
    return f"SELECT {_COLUMNS} FROM ({counted}) AS fresh".replace(":begins", f":begins_{number}").replace(  # noqa: S608
        ":ends", f":ends_{number}"
    )


def _span(day: date) -> dict[str, Any]:
    begins = datetime(day.year, day.month, day.day, tzinfo=CALL_ZONE)
    return {"day": day, "begins": begins, "ends": begins + timedelta(days=1)}


def _numbers(row: Row[Any]) -> Numbers:
    # By place, as they were asked for: by name it takes twice as long, and there may be ten thousand.
    day, key, *sums = tuple(row)
    calls, scored, passed, flagged, reviewed, failed, compliant, complete, violations = map(int, sums[: len(_COUNTS)])
    score, with_score, seconds = sums[len(_COUNTS) :]
    return Numbers(
        day, key, calls, scored, passed, flagged, reviewed, failed, compliant, complete, violations,
        average=round(score / with_score, 2) if with_score else None,
        pass_rate=round(passed / scored, 4) if scored else None,
        seconds=round(seconds, 1),
    )  # fmt: skip
