"""Lists of calls: every filter, and pages that stay where they are while calls come in."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter
from sqlalchemy import ColumnElement, Select, cast, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import Text

from app.errors import AppError
from app.schemas import Channel, Label, Moment
from app.security import Principal
from app.store.reach import within
from app.tables import Call, Transcript

Sort = Literal["-received_at", "received_at", "-started_at", "started_at", "-score", "score"]

#: What a list is ordered by; a missing value has a place too, so that paging never loses a row.
_ORDERS: dict[str, ColumnElement[Any]] = {
    "received_at": Call.received_at.expression,
    "started_at": func.coalesce(Call.started_at, Call.received_at),
    "score": func.coalesce(Call.score, -1.0),
}


class Query(BaseModel):
    """What calls to list, in what order, from where on. Every filter given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["queued", "transcribing", "judging", "scored", "failed"] | None = None
    flagged: bool | None = None
    passed: bool | None = None
    category: Label | None = None  #: of a failed finding
    rule: Label | None = None  #: that failed
    agent_id: Label | None = None
    team: Label | None = None
    channel: Channel | None = None
    external_id: Label | None = None
    since: Moment | None = Field(None, alias="from")  #: when the call started, or was received if that is not known
    until: Moment | None = Field(None, alias="to")
    score_lt: float | None = None
    score_gte: float | None = None
    q: Label | None = None  #: words that were said

    sort: Sort = "-received_at"
    cursor: str | None = None  #: `next` of the page before
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def _said(words: str) -> ColumnElement[bool]:
    return exists().where(Transcript.call_id == Call.id, Transcript.text.icontains(words, autoescape=True))


def _holds(column: InstrumentedAttribute[list[str] | None], value: str) -> ColumnElement[bool]:
    return column.contains(cast([value], ARRAY(Text)))


#: What each filter means, given its value.
_MEANINGS: dict[str, Callable[[Any], ColumnElement[Any]]] = {
    "status": lambda value: Call.status == value,
    # Not `IS true`: PostgreSQL does not match that with the partial index on `flagged`.
    "flagged": lambda value: Call.flagged.expression if value else ~Call.flagged,
    "passed": lambda value: Call.passed.expression if value else ~Call.passed,
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


def page(session: Session, query: Query, who: Principal) -> tuple[Sequence[Call], str | None]:
    """One page of the calls within reach of `who`, and the cursor of the next one, None at the end."""
    rows = session.execute(statement(query, who)).all()
    more = _encode(rows[query.limit - 1], query.sort) if len(rows) > query.limit else None
    return [row[0] for row in rows[: query.limit]], more


def statement(query: Query, who: Principal) -> Select[Call, Any]:
    """The calls of one page and the first one of the next, each with the value it is ordered by."""
    order, descending = _ORDERS[query.sort.removeprefix("-")], query.sort.startswith("-")
    wanted = select(Call, order).where(within(who), *_conditions(query))
    if query.cursor:
        here, mark = tuple_(order, Call.id), tuple_(*_decode(query.cursor, query.sort))
        wanted = wanted.where(here < mark if descending else here > mark)
    columns = [column.desc() if descending else column.asc() for column in (order, Call.id)]
    return wanted.order_by(*columns).limit(query.limit + 1)


def _conditions(query: Query) -> list[ColumnElement[Any]]:
    given = ((means, getattr(query, name)) for name, means in _MEANINGS.items())
    return [means(value) for means, value in given if value is not None]


#: The order a cursor belongs to, the value it stands at, the call it stands at.
_CURSOR: TypeAdapter[tuple[str, FiniteFloat | AwareDatetime, int]] = TypeAdapter(
    tuple[str, FiniteFloat | AwareDatetime, Annotated[int, Field(ge=0, lt=2**63)]]
)


def _encode(row: Any, sort: Sort) -> str:
    return base64.urlsafe_b64encode(_CURSOR.dump_json((sort, row[1], row[0].id))).decode()


def _decode(cursor: str, sort: Sort) -> tuple[float | datetime, int]:
    try:
        made_for, value, call_id = _CURSOR.validate_json(base64.urlsafe_b64decode(cursor))
    except ValueError:
        made_for, value = "", 0.0
    if made_for != sort or isinstance(value, float) != sort.endswith("score"):
        raise AppError("cursor 无效，或属于另一种排序", code="bad_cursor")
    return value, call_id
