"""How often each rule is broken, and how often people found that it was not."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.store import statistics
from app.store.statistics import Cut, Period


@dataclass(frozen=True, slots=True)
class Hits:
    """One rule over the calls of a period. A rule that expects a step is broken where the step is missing."""

    rule: str
    calls: int = 0  #: that break it, as reviewed: the list of calls shows as many
    reviewed: int = 0  #: of what the machine called broken, as often as people looked at it
    overturned: int = 0  #: of those, as often as they found that it was not
    missed: int = 0  #: calls that break it, and the machine did not say so

    @property
    def overturn_rate(self) -> float | None:
        """Share of false alarms among what people looked at, 0 to 1; None: nobody did."""
        return round(self.overturned / self.reviewed, 4) if self.reviewed else None


#: Of several verdicts on one rule of one call the last counts, as in scoring.
_RULED = text("""
    SELECT rule,
        count(*) FILTER (WHERE broken AND ruling <> 'missed') AS reviewed,
        count(*) FILTER (WHERE broken AND ruling = 'overturned') AS overturned,
        count(*) FILTER (WHERE ruling = 'missed' OR NOT broken AND ruling = 'overturned') AS missed
    FROM (
        SELECT DISTINCT ON (reviews.call_id, rule, ruling = 'missed')
            rule, ruling, finding->>'verdict' = 'failed' AS broken
        FROM reviews JOIN calls ON calls.id = reviews.call_id
        WHERE withdrawn_at IS NULL
            AND happened_at >= cast(:first AS timestamp) AT TIME ZONE 'Asia/Shanghai'
            AND happened_at < (cast(:last AS timestamp) + interval '1 day') AT TIME ZONE 'Asia/Shanghai'
            AND (cast(:team AS text) IS NULL OR team = :team)
        ORDER BY reviews.call_id, rule, ruling = 'missed', reviews.id DESC
    ) AS standing GROUP BY rule
""")


def by_rule(session: Session, period: Period) -> tuple[int, dict[str, Hits]]:
    """How many calls were judged, and the numbers of every rule that was broken or looked at."""
    total, rules = statistics.cuts(session, period, Cut("day"), Cut("rule"))
    broken = {group.key: group.calls for group in rules}
    asked = {"first": period.first, "last": period.last, "team": period.team}
    ruled = {row.rule: (row.reviewed, row.overturned, row.missed) for row in session.execute(_RULED, asked)}
    named = broken.keys() | ruled.keys()
    found = {rule: Hits(rule, broken.get(rule, 0), *ruled.get(rule, (0, 0, 0))) for rule in named}
    return sum(group.scored for group in total), found
