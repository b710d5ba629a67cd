"""Numbers over many calls: how many, how good, by whom and when.

Days that are over are counted once, in advance, and counted again when one of their calls changes (a trigger notes the
day, see the migration); today and yesterday, and what changed since, are counted when asked. All days and hours are
those of Asia/Shanghai.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.kinds import ALL
from app.schemas import CALL_ZONE
from app.tables import STAGE, Call

#: What calls are grouped by: the whole day, the team, the agent, the hour of the day, a category or rule that failed,
#: the stage of the debt (M0: not overdue, M1: up to 30 days, …, M7: over 180), the channel.
Kind = Literal["day", "team", "agent", "hour", "category", "rule", "stage", "channel"]

_COUNTS = ("calls", "scored", "passed", "flagged", "reviewed", "failed", "compliant", "complete", "violations")
_NUMBERS = (*_COUNTS, "score", "with_score", "seconds")
_COLUMNS = ", ".join(("kind", "day", "team", "key", *_NUMBERS))

#: One row for every day and group. Categories and rules come several to a call.
_COUNTED = f"""
    SELECT (happened_at AT TIME ZONE 'Asia/Shanghai')::date AS day, kind, coalesce(team, '') AS team, key,
        count(*) AS calls,
        count(*) FILTER (WHERE status = 'scored') AS scored,
        count(*) FILTER (WHERE status = 'scored' AND passed) AS passed,
        count(*) FILTER (WHERE flagged) AS flagged,
        count(*) FILTER (WHERE reviewed_at IS NOT NULL) AS reviewed,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        count(*) FILTER (WHERE status = 'scored' AND found.violations = 0) AS compliant,
        count(*) FILTER (WHERE status = 'scored' AND found.missed = 0) AS complete,
        coalesce(sum(found.violations) FILTER (WHERE status = 'scored'), 0) AS violations,
        coalesce(sum(calls.score) FILTER (WHERE status = 'scored'), 0) AS score,
        count(calls.score) FILTER (WHERE status = 'scored') AS with_score,
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
    WHERE happened_at >= :begins AND happened_at < :ends AND (cast(:only AS text[]) IS NULL OR kind = ANY(:only))
    GROUP BY 1, kind, coalesce(team, ''), key
"""  # noqa: S608 - our own expression only

#: The same groups, counted in advance where a day is over, put together in every way that is asked for.
_GROUPED = text(f"""
    SELECT number, CASE WHEN daily THEN day END AS day, CASE WHEN by_team THEN team ELSE key END AS key,
        {", ".join(f"sum({name})::float" for name in _NUMBERS)}
    FROM (
        SELECT {_COLUMNS} FROM day_totals WHERE kind = ANY(:only) AND day BETWEEN :first AND :last
        UNION ALL SELECT {_COLUMNS} FROM ({_COUNTED}) AS fresh
    ) AS totals
    JOIN unnest(cast(:kinds AS text[]), cast(:by_team AS boolean[]), cast(:daily AS boolean[]))
        WITH ORDINALITY AS cuts (counted, by_team, daily, number) ON counted = kind
    WHERE cast(:team AS text) IS NULL OR team = :team
    GROUP BY number, 2, 3
    LIMIT cast(:most AS bigint)
""")  # noqa: S608 - our own names only

#: What the first statement counts apart.
_KINDS = {"violations": list(ALL["violation"]), "steps": list(ALL["step"])}

#: How many days back are never counted in advance: calls of today and yesterday change all the time, unnoted.
_FRESH = 2


@dataclass(frozen=True, slots=True)
class Period:
    """Days that are asked about, both included, and the only team, None for all."""

    first: date
    last: date
    team: str | None = None

    def before(self) -> "Period":
        """As many days right before it."""
        length = self.last - self.first + timedelta(days=1)
        return Period(self.first - length, self.last - length, self.team)


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


@dataclass(frozen=True, slots=True)
class Cut:
    """A way of grouping the calls of a period."""

    kind: Kind
    each_day: bool = False  #: in order of day and group; else the largest group first


def by(
    session: Session, kind: Kind, period: Period, *, each_day: bool = False, most: int | None = None
) -> list[Numbers]:
    """The calls of the period by group: see `cuts`."""
    return cuts(session, period, Cut(kind, each_day), most=most)[0]


def cuts(session: Session, period: Period, *asked: Cut, most: int | None = None) -> list[list[Numbers]]:
    """The calls of the period grouped in each of these ways, in one pass: a page asks for many of them.

    Of more than `most` groups, which ones come is chance.
    """
    refresh(session, period)
    # Every total bears the team of its calls: a team's numbers are those of its whole days.
    kinds = ["day" if cut.kind == "team" else cut.kind for cut in asked]
    ways = {"by_team": [cut.kind == "team" for cut in asked], "daily": [cut.each_day for cut in asked]}
    limits = {"first": period.first, "last": period.last, "team": period.team, "most": most}
    span = limits | _span(*_live(period))
    found: list[list[Numbers]] = [[] for _ in asked]
    for number, *row in session.execute(_GROUPED, {"kinds": kinds, "only": kinds, **ways, **span, **_KINDS}):
        found[number - 1].append(_numbers(row))
    return [sorted(groups, key=_days if cut.each_day else _size) for cut, groups in zip(asked, found, strict=True)]


def _days(group: Numbers) -> tuple[date, str]:
    return group.day or date.min, group.key


def _size(group: Numbers) -> tuple[int, str]:
    return -group.calls, group.key


def heat(hours: Iterable[Numbers]) -> list[tuple[int, int, int, int]]:
    """From the hours of each day: weekday (0: Monday), hour, calls and flagged calls, where there were calls."""
    cells: dict[tuple[int, int], list[int]] = {}
    for numbers in hours:
        assert numbers.day is not None
        cell = cells.setdefault((numbers.day.weekday(), int(numbers.key)), [0, 0])
        cell[0] += numbers.calls
        cell[1] += numbers.flagged
    return [(weekday, hour, *counts) for (weekday, hour), counts in sorted(cells.items())]  # type: ignore[misc]


def last_day(session: Session, team: str | None) -> date | None:
    """The day of the newest call of a team, None for all; None: there is no call."""
    newest = select(func.max(Call.happened_at))
    moment = session.scalar(newest.where(Call.team == team) if team else newest)
    return moment.astimezone(CALL_ZONE).date() if moment else None


def refresh(session: Session, period: Period) -> None:
    """Count those days of the period that are over and not counted, or changed since."""
    if not _to_count(session, period):
        return
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('tingjian.day_totals'))"))
    for day in _to_count(session, period):  # by now somebody else may have counted them
        # First the marks, then the counting, each with a view of its own: a change that is committed in between, or
        # later, leaves a mark that is still there.
        session.execute(text("DELETE FROM stale_days WHERE day = :day"), {"day": day})
        session.execute(text("DELETE FROM day_totals WHERE day = :day"), {"day": day})
        count = f"INSERT INTO day_totals ({_COLUMNS}) SELECT {_COLUMNS} FROM ({_COUNTED}) AS counted"  # noqa: S608
        session.execute(text(count), {**_span(day, day), **_KINDS, "only": None})


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


def _live(period: Period) -> tuple[date, date]:
    """The first and last day of the period to be counted when asked; tomorrow too: clocks of dialers may be wrong."""
    first = _first_live()
    return max(first, period.first), min(first + timedelta(days=_FRESH), period.last)


def _span(first: date, last: date) -> dict[str, Any]:
    begins, ends = (datetime.combine(day, time.min, CALL_ZONE) for day in (first, last + timedelta(days=1)))
    return {"begins": begins, "ends": ends}


def _numbers(row: Sequence[Any]) -> Numbers:
    # By place, as they were asked for: by name it takes twice as long, and there may be ten thousand.
    day, key, *sums = row
    calls, scored, passed, flagged, reviewed, failed, compliant, complete, violations = map(int, sums[: len(_COUNTS)])
    score, with_score, seconds = sums[len(_COUNTS) :]
    return Numbers(
        day, key, calls, scored, passed, flagged, reviewed, failed, compliant, complete, violations,
        average=round(score / with_score, 2) if with_score else None,
        pass_rate=round(passed / scored, 4) if scored else None,
        seconds=round(seconds, 1),
    )  # fmt: skip
