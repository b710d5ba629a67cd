"""Lists of calls: every filter, and pages that stay where they are while calls come in."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, cast, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import Text

from app.errors import AppError
from app.tables import Call, Transcript

Sort = Literal["-received_at", "received_at", "-started_at", "started_at", "-score", "score"]

#: What a list is ordered by; a missing value has a place too, so that paging never loses a row.
_ORDERS: dict[str, ColumnElement[Any]] = {
    "received_at": Call.received_at.expression,
    "started_at": func.coalesce(Call.started_at, Call.received_at),
    "score": func.coalesce(Call.score, -1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What calls to list; None means any."""

    status: str | None = None
    flagged: bool | None = None
    passed: bool | None = None
    category: str | None = None
    rule: str | None = None
    agent_id: str | None = None
    team: str | None = None
    channel: str | None = None
    external_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    score_lt: float | None = None
    score_gte: float | None = None
    q: str | None = None


def _said(words: str) -> ColumnElement[bool]:
    return exists().where(Transcript.call_id == Call.id, Transcript.text.icontains(words, autoescape=True))


def _holds(column: InstrumentedAttribute[list[str] | None], value: str) -> ColumnElement[bool]:
    return column.contains(cast([value], ARRAY(Text)))


#: What each filter means, given its value.
_MEANINGS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "status": lambda value: Call.status == value,
    "flagged": lambda value: Call.flagged.is_(value),
    "passed": lambda value: Call.passed.is_(value),
    "category": lambda value: _holds(Call.categories, value),
    "rule": lambda value: _holds(Call.rules, value),
    "agent_id": lambda value: Call.agent_id == value,
    "team": lambda value: Call.team == value,
    "channel": lambda value: Call.channel == value,
    "external_id": lambda value: Call.external_id == value,
    "since": lambda value: _ORDERS["started_at"] >= value,
    "until": lambda value: _ORDERS["started_at"] < value,
    "score_lt": lambda value: Call.score < value,
    "score_gte": lambda value: Call.score >= value,
    "q": _said,
}


def page(
    session: Session, filters: Filters, sort: Sort, cursor: str | None, limit: int
) -> tuple[Sequence[Call], str | None]:
    """One page of calls and the cursor of the next one, None at the end."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    order = _ORDERS[name]
    query: Select[tuple[Call, Any]] = select(Call, order).where(*_conditions(filters))
    if cursor:
        here, mark = tuple_(order, Call.id), tuple_(*_decode(cursor, sort))
        query = query.where(here < mark if descending else here > mark)
    columns = [column.desc() if descending else column.asc() for column in (order, Call.id)]
    rows = session.execute(query.order_by(*columns).limit(limit + 1)).all()
    more = _encode(rows[limit - 1], sort) if len(rows) > limit else None
    return [row[0] for row in rows[:limit]], more


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    given = ((means, getattr(filters, name)) for name, means in _MEANINGS.items())
    return [means(value) for means, value in given if value is not None]


def _encode(row: Any, sort: Sort) -> str:
    value = row[1].isoformat() if isinstance(row[1], datetime) else row[1]
    return base64.urlsafe_b64encode(json.dumps([sort, value, row[0].id]).encode()).decode()


def _decode(cursor: str, sort: Sort) -> tuple[Any, int]:
    try:
        made_for, value, call_id = json.loads(base64.urlsafe_b64decode(cursor))
        if made_for == sort:
            return (float(value) if sort.endswith("score") else datetime.fromisoformat(value)), int(call_id)
    except (ValueError, TypeError, binascii.Error):
        pass
    raise AppError("cursor 无效，或属于另一种排序", code="bad_cursor")
