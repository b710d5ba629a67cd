"""Call detail records: kept, compared with the calls that came in, and counted for contact limits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from app.schemas import CALL_ZONE
from app.security import Principal
from app.store.reach import team_of, within
from app.tables import Call, Dial

#: Rows in one statement.
_AT_ONCE = 1000

#: A dialer's clock and a recorder's may differ by this much.
CLOCKS = timedelta(minutes=2)

#: Lists in an answer end here; the numbers beside them do not.
MOST = 1000


def keep(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Store dials, or correct those that are known by their keys; how many are new."""
    new, rows = 0, sorted(rows, key=lambda row: str(row["key"]))  # in one order: two imports never wait for each other
    for start in range(0, len(rows), _AT_ONCE):
        made = insert(Dial).values(rows[start : start + _AT_ONCE])
        # What a file does not say stays as an earlier one said it.
        changed = {
            name: func.coalesce(made.excluded[name], Dial.__table__.c[name]) for name in rows[0] if name != "key"
        }
        # xmax is 0 in a row that was inserted and not updated.
        put = made.on_conflict_do_update(index_elements=["key"], set_=changed)
        fresh: ReturningInsert[bool] = put.returning(literal_column("xmax = 0"))
        new += sum(session.scalars(fresh))
    return new


#: Each call of the time asked about with the dial it belongs to: the one of its id; failing that the nearest in time
#: among those of its agent and debtor, so that a redial a minute later is not taken for the same one twice.
_MATCHED = text("""
    CREATE TEMPORARY TABLE matched ON COMMIT DROP AS
    WITH wanted AS (SELECT * FROM dials WHERE started_at >= :start - :clocks AND started_at < :until + :clocks),
    named AS (SELECT calls.id AS call_id, dials.id AS dial_id FROM dials JOIN calls USING (external_id)
              WHERE dials.started_at >= :start AND dials.started_at < :until),
    near AS (
        SELECT DISTINCT ON (calls.id) calls.id AS call_id, wanted.id AS dial_id
        FROM calls JOIN wanted ON wanted.agent_id = calls.agent_id AND wanted.debtor_id = calls.facts->>'debtor_id'
         AND calls.started_at BETWEEN wanted.started_at - :clocks AND wanted.started_at + :clocks
        WHERE calls.happened_at >= :start - 2 * :clocks AND calls.happened_at < :until + 2 * :clocks
          AND NOT EXISTS (SELECT FROM dials AS own WHERE own.external_id = calls.external_id)
        ORDER BY calls.id, abs(extract(epoch FROM calls.started_at - wanted.started_at))
    )
    SELECT * FROM named UNION SELECT * FROM near
""")

_DIALS = """
    FROM dials LEFT JOIN (SELECT dial_id, count(*) AS calls, array_agg(call_id ORDER BY call_id) AS ids
                          FROM matched GROUP BY dial_id) AS found ON found.dial_id = dials.id
    WHERE started_at >= :start AND started_at < :until AND answered AND (CAST(:team AS text) IS NULL OR team = :team)
"""
_COUNTS = text(f"SELECT count(*), count(calls), count(*) FILTER (WHERE calls > 1) {_DIALS}")
_MISSING = f"SELECT external_id, agent_id, team, started_at, seconds {_DIALS} AND calls IS NULL"
_DOUBLE = f"SELECT external_id, agent_id, started_at, ids AS calls {_DIALS} AND calls > 1"


def reconcile(session: Session, start: datetime, until: datetime, who: Principal) -> dict[str, Any]:
    """The answered dials of a time, within reach of `who`, against the calls that came in.

    Returns numbers (`expected`, `received`, `missing`, `duplicate`, `unexpected`) and, up to MOST each, lists of what
    is missing, what came twice, and the ids of calls that no dial accounts for.
    """
    asked = {"start": start, "until": until, "clocks": CLOCKS, "team": team_of(who)}
    session.execute(_MATCHED, asked)
    expected, received, double = session.execute(_COUNTS, asked).one()
    unexpected = _unexpected(session, start, until, who)
    return {
        "expected": expected,
        "received": received,
        "missing": expected - received,
        "duplicate": double,
        "unexpected": unexpected[0],
        "missing_calls": _listed(session, _MISSING, asked),
        "duplicate_calls": _listed(session, _DOUBLE, asked),
        "unexpected_calls": unexpected[1],
    }


def _listed(session: Session, query: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    found = session.execute(text(f"{query} ORDER BY started_at, dials.id LIMIT {MOST}"), asked)
    return [dict(row) for row in found.mappings()]


def _unexpected(session: Session, start: datetime, until: datetime, who: Principal) -> tuple[int, list[int]]:
    unknown = (
        select(Call.id)
        .where(within(who), Call.channel == "call", Call.happened_at >= start, Call.happened_at < until)
        .where(text("NOT EXISTS (SELECT FROM matched WHERE matched.call_id = calls.id)"))
        # Its dial may lie before the time asked about: at midnight, or when the call came in a day later.
        .where(~exists().where(Dial.external_id == Call.external_id))
    )
    number = session.scalar(select(func.count()).select_from(unknown.subquery())) or 0
    return number, list(session.scalars(unknown.order_by(Call.id).limit(MOST)))


def contacts(session: Session, call: Call) -> dict[str, int]:
    """How often the call's debtor was contacted that day until this contact, it included, as rules read it.

    Empty when its own dial is not known: then earlier ones may be missing too, and nothing was counted.
    """
    own = _own(session, call)
    if own is None:
        return {}
    day = own.started_at.astimezone(CALL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    same = (Dial.debtor_id == own.debtor_id, Dial.started_at >= day, Dial.started_at <= own.started_at)
    ours = Dial.direction.is_distinct_from("inbound")
    counts = select(func.count().filter(Dial.answered), func.count().filter(~Dial.answered)).where(*same, ours)
    answered, unanswered = session.execute(counts).one()
    return {"effective_calls_today": answered, "dials_today": unanswered}


def forget(session: Session, debtor_id: str | None, before: datetime) -> int:
    """Delete the dials of one debtor or, without one, those before a moment; how many.

    Those of a call that is still there stay, as nothing else may tell whose it is; so do a held call's debtor's.
    """
    unwanted = Dial.started_at < before if debtor_id is None else Dial.debtor_id == debtor_id
    there = exists().where(Call.external_id == Dial.external_id)
    held = exists().where(Call.hold.is_not(None), Call.facts.op("->>")("debtor_id") == Dial.debtor_id)
    gone = session.execute(delete(Dial).where(unwanted, ~there, ~held).returning(Dial.id))
    return len(gone.all())


def contacts_of(session: Session, call_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """`contacts` of each of these calls that has any."""
    if not session.scalar(select(exists(select(Dial.id)))):  # most who judge history again never import any
        return {}
    found = session.scalars(select(Call).where(Call.id.in_(call_ids)))
    return {call.id: counted for call in found if (counted := contacts(session, call))}


def _own(session: Session, call: Call) -> Dial | None:
    """The dial that the call is, by its id or by debtor and time."""
    named = select(Dial).where(Dial.external_id == call.external_id, Dial.debtor_id.is_not(None))
    if call.external_id and (dial := session.scalars(named.limit(1)).one_or_none()):
        return dial
    debtor = call.facts.get("debtor_id")
    if debtor is None or call.started_at is None:
        return None
    apart = func.abs(func.extract("epoch", Dial.started_at - call.started_at))
    around = Dial.started_at.between(call.started_at - CLOCKS, call.started_at + CLOCKS)
    return session.scalars(select(Dial).where(Dial.debtor_id == debtor, around).order_by(apart).limit(1)).one_or_none()
