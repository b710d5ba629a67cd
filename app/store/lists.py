"""Lists of calls: every filter, and pages that stay where they are while calls come in."""

import base64
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, FiniteFloat, TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    any_,
    cast,
    extract,
    false,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased
from sqlalchemy.types import Text

from app.errors import AppError
from app.kinds import ALL
from app.masking import check_names
from app.schemas import CALL_ZONE, Channel, Label, Span
from app.security import Principal
from app.store import search
from app.store.reach import within
from app.tables import STAGE, Call
from rules import Category

#: Calls that a search reads before it asks the index, and how many it rather reads than asks.
_NEAR, _FEW = 400, 2_000

#: It reads those when the nearest let expect so many times what is wanted: chance seldom leaves too few then.
_MARGIN = 1.4

#: Stretches of time that the index is asked for, one after the other; four times longer each but the first.
_REACHES = (timedelta(hours=6), timedelta(days=2), timedelta(days=8), timedelta(days=32))

#: A longer period is not marked day by day.
_PERIOD = timedelta(days=400)

Sort = Literal["-received_at", "received_at", "-started_at", "started_at", "-score", "score"]

#: How long the debt is overdue, see STAGE.
Stage = Literal["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7", "unknown"]

#: What a list is ordered by.
_ORDERS: dict[str, ColumnElement[Any]] = {
    "received_at": Call.received_at.expression,
    "started_at": Call.happened_at.expression,
    "score": Call.rank.expression,
}


class Query(Span):
    """What calls to list, in what order, from where on. Every filter given must hold.

    A call is of when it started, or of when it was received if that is not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["queued", "transcribing", "judging", "scored", "failed"] | None = None
    flagged: bool | None = None
    passed: bool | None = None
    category: Category | None = None  #: of a failed finding
    kind: Literal["violation", "step", "signal"] | None = None  #: of a failed finding
    rule: Label | None = None  #: that failed
    agent_id: Label | None = None
    team: Label | None = None
    channel: Channel | None = None
    external_id: Label | None = None
    stage: Stage | None = None
    weekday: Annotated[int, Field(ge=0, le=6)] | None = None  #: 0: Monday
    hour: Annotated[int, Field(ge=0, le=23)] | None = None  #: of the day
    score_lt: FiniteFloat | None = None
    score_gte: FiniteFloat | None = None
    reviewed: bool | None = None  #: a person gave a verdict
    q: Label | None = None  #: words that were said; several, apart by spaces, must all be there

    # By when a call took place, as `from` and `to` are: a period is then one stretch of an index.
    sort: Sort = "-started_at"
    cursor: str | None = None  #: `next` of the page before
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def _holds(column: InstrumentedAttribute[list[str] | None], value: str) -> ColumnElement[bool]:
    return column.contains(cast([value], ARRAY(Text)))


def _in_stage(stage: Stage) -> ColumnElement[bool]:
    months: ColumnElement[int] = literal_column(STAGE, Integer)
    return months == (8 if stage == "unknown" else int(stage[1]))


def _clock(part: str) -> ColumnElement[int]:
    return extract(part, func.timezone(CALL_ZONE.key, Call.happened_at))


#: What each filter means, given its value.
_MEANINGS: dict[str, Callable[[Any], ColumnElement[Any]]] = {
    "status": lambda value: Call.status == value,
    # Not `IS true`: PostgreSQL does not match that with the partial index on `flagged`.
    "flagged": lambda value: Call.flagged.expression if value else ~Call.flagged,
    "passed": lambda value: Call.passed.expression if value else ~Call.passed,
    "category": lambda value: _holds(Call.categories, value),
    "kind": lambda value: Call.categories.overlap(cast(ALL[value], ARRAY(Text))),
    "rule": lambda value: _holds(Call.rules, value),
    "agent_id": lambda value: Call.agent_id == value,
    "team": lambda value: Call.team == value,
    "channel": lambda value: Call.channel == value,
    "external_id": lambda value: Call.external_id == value,
    "since": lambda value: Call.happened_at >= value,
    "until": lambda value: Call.happened_at < value,
    "stage": _in_stage,
    "weekday": lambda value: _clock("isodow") == value + 1,
    "hour": lambda value: _clock("hour") == value,
    # By rank, which is what the index holds; a call without a score has rank -1 and is in neither.
    "score_lt": lambda value: and_(Call.rank >= 0, Call.rank < value),
    "score_gte": lambda value: Call.rank >= max(value, 0),
    "reviewed": lambda value: Call.reviewed_at.is_not(None) if value else Call.reviewed_at.is_(None),
}


def page(session: Session, query: Query, who: Principal) -> tuple[Sequence[Call], str | None]:
    """One page of the calls within reach of `who`, and the cursor of the next one, None at the end."""
    found = _searched if query.q else _listed
    rows = found(session, query, statement(query, who))
    more = _encode(rows[query.limit - 1], query.sort) if len(rows) > query.limit else None
    return [row[0] for row in rows[: query.limit]], more


def ever_failed(session: Session, rule: str) -> bool:
    """Whether any call, within whoever's reach, failed a rule of that id, which may be gone since."""
    return session.scalar(select(Call.id).where(_holds(Call.rules, rule)).limit(1)) is not None


def hits(session: Session, query: Query, found: Sequence[Call]) -> dict[int, dict[str, Any]]:
    """For each call that a search found, where its first word was said: see `search.hits`."""
    words = search.words_of(query.q or "")
    return search.hits(session, [call.id for call in found], words[0]) if words else {}


def statement(query: Query, who: Principal) -> Select[Call, Any]:
    """The calls from the cursor on that pass every filter but `q`, each with the value it is ordered by.

    Raises:
        Unprocessable: see `check_names`.
    """
    order = _ORDERS[query.sort.removeprefix("-")]
    wanted = select(Call, order.label("place")).where(_reached(query, who), *_conditions(query))
    if query.cursor:
        here, mark = tuple_(order, Call.id), tuple_(*_decode(query.cursor, query.sort))
        wanted = wanted.where(here < mark if query.sort.startswith("-") else here > mark)
    return wanted.order_by(*_ordered(query, order, Call.id))


def _reached(query: Query, who: Principal) -> ColumnElement[bool]:
    check_names(who, query.external_id, query.agent_id, query.team)
    return within(who)


def _ordered(query: Query, *columns: Any) -> list[ColumnElement[Any]]:
    return [column.desc() if query.sort.startswith("-") else column.asc() for column in columns]


def _listed(session: Session, query: Query, calls: Select[Call, Any]) -> Sequence[Any]:
    return session.execute(calls.limit(query.limit + 1)).all()


def _searched(session: Session, query: Query, calls: Select[Call, Any]) -> Sequence[Any]:
    """The first calls in which every word of the search was said.

    The nearest calls are simply read: enough for a common word, of which the index would name a large part of all
    calls. So are some more if those let expect enough, or all of a few. Else the index is asked, for a stretch of time
    that widens until the page is full: it knows no order, so it must never be asked for far more calls than are wanted.
    """
    words = search.words_of(query.q or "")
    if not words:
        return []
    found = _read(session, query, calls, words, _NEAR)
    end = _place(session, calls, _NEAR)
    if len(found) > query.limit or end is None:
        return found
    few = _place(session, calls, _FEW) is None
    if few or len(found) * _FEW > _MARGIN * query.limit * _NEAR:
        found = _read(session, query, calls, words, _FEW)
        if few or len(found) > query.limit:
            return found
    for marks in _stretches(query, _place(session, calls, 0), end, len(found)):
        named = search.as_array(session, search.looked_up(words, marks))
        found = _listed(session, query, calls.where(Call.id == any_(named)))
        if len(found) > query.limit:
            break
    return found


def _read(session: Session, query: Query, calls: Select[Call, Any], words: list[str], reach: int) -> Sequence[Any]:
    near = calls.limit(reach).subquery()
    read = select(aliased(Call, near), near.c.place).where(search.read(near.c.id, words))
    return session.execute(read.order_by(*_ordered(query, near.c.place, near.c.id)).limit(query.limit + 1)).all()


def _place(session: Session, calls: Select[Call, Any], number: int) -> Any:
    """What the call after the first `number` stands at in the list's order, None if there are no more."""
    place = calls.selected_columns["place"]
    return session.scalar(calls.with_only_columns(place).offset(number).limit(1))


def _stretches(query: Query, begin: Any, end: Any, found: int) -> Iterator[list[list[str]]]:
    """Marks of ever longer stretches of time from where the page begins, at last of all there is.

    The first is one that lets expect a whole page, when between `begin` and `end` there were `found` calls of it.
    """
    columns = (name for name in ("agent_id", "team", "channel") if getattr(query, name))
    always = [[search.mark(name, getattr(query, name))] for name in columns]
    if query.sort.endswith("started_at"):
        needed = abs(begin - end) * query.limit / max(found, 1)
        for reach in (one for one in _REACHES if one >= needed):
            ends = (begin - reach, begin) if query.sort.startswith("-") else (begin, begin + reach)
            yield [*always, search.marks_between(*ends)]
    if query.since and query.until and timedelta(0) < query.until - query.since < _PERIOD:
        always.append(search.marks_between(query.since, query.until))
    yield always


def matching(query: Query) -> list[ColumnElement[bool]]:
    """The conditions on all calls that pass every filter, words that were said too."""
    if query.q is None:
        return _conditions(query)
    words = search.words_of(query.q)
    return [*_conditions(query), search.among(Call.id.expression, search.looked_up(words)) if words else false()]


def everything(session: Session, query: Query, who: Principal) -> Iterator[Call]:
    """Every call within reach of `who` that passes every filter, in the order of the list, a few at a time."""
    order = _ORDERS[query.sort.removeprefix("-")]
    wanted = select(Call).where(_reached(query, who), *matching(query)).order_by(*_ordered(query, order, Call.id))
    for call in session.scalars(wanted, execution_options={"yield_per": 500}):
        session.expunge(call)
        yield call


def _conditions(query: Query) -> list[ColumnElement[Any]]:
    given = ((means, getattr(query, name)) for name, means in _MEANINGS.items())
    return [means(value) for means, value in given if value is not None]


#: The order a cursor belongs to, the value it stands at, the call it stands at.
_CURSOR: TypeAdapter[tuple[str, FiniteFloat | AwareDatetime, int]] = TypeAdapter(
    tuple[str, FiniteFloat | AwareDatetime, Annotated[int, Field(ge=0, lt=2**63)]]
)


def count(session: Session, query: Query, who: Principal, at_most: int) -> int:
    """How many calls pass every filter but `q`, counted up to `at_most`."""
    some = statement(query, who).with_only_columns(Call.id).order_by(None).limit(at_most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def newest(session: Session) -> int:
    """The number of the call that came last, 0 if there is none."""
    return session.scalar(select(func.max(Call.id))) or 0


def has_since(session: Session, query: Query, who: Principal, call_id: int) -> bool:
    """Whether any call that came after that one passes every filter. They are few: what was said in them is read."""
    words = search.words_of(query.q or "")
    if query.q and not words:
        return False
    said = [search.read(Call.id.expression, words)] if words else []
    wanted = select(Call.id).where(Call.id > call_id, _reached(query, who), *_conditions(query), *said)
    return session.scalar(wanted.limit(1)) is not None


def following(session: Session, query: Query, who: Principal, call: Call) -> int | None:
    """The call after `call` in a list, whether or not `call` still passes the filters itself; None at the end."""
    place = session.scalar(select(_ORDERS[query.sort.removeprefix("-")]).where(Call.id == call.id))
    from_here = query.model_copy(update={"cursor": _encode((call, place), query.sort), "limit": 1})
    found, _ = page(session, from_here, who)
    return found[0].id if found else None


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


def is_longer(session: Session, query: Query, who: Principal, rows: int) -> bool:
    """Whether more calls than `rows` pass every filter."""
    wanted = select(Call.id).where(_reached(query, who), *matching(query)).offset(rows).limit(1)
    return session.scalar(wanted) is not None
