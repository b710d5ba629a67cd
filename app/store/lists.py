"""Lists of calls: every filter, and pages that stay where they are while calls come in."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, cast, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
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
    started = _ORDERS["started_at"]
    equal = ("status", "flagged", "passed", "agent_id", "team", "channel", "external_id")
    named = {name: value for name in equal if (value := getattr(filters, name)) is not None}
    conditions: dict[ColumnElement[bool], bool] = {getattr(Call, name) == value: True for name, value in named.items()}
    conditions |= {
        Call.categories.contains(cast([filters.category], ARRAY(Text))): filters.category is not None,
        Call.rules.contains(cast([filters.rule], ARRAY(Text))): filters.rule is not None,
        started >= filters.since: filters.since is not None,
        started < filters.until: filters.until is not None,
        Call.score < filters.score_lt: filters.score_lt is not None,
        Call.score >= filters.score_gte: filters.score_gte is not None,
        _said(filters.q or ""): filters.q is not None,
    }
    return [condition for condition, wanted in conditions.items() if wanted]


def _said(words: str) -> ColumnElement[bool]:
    return exists().where(Transcript.call_id == Call.id, Transcript.text.icontains(words, autoescape=True))


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
