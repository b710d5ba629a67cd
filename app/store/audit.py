"""The audit log: who did what to which call, in a chain of hashes that shows when somebody changed the past."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.schemas import Label, Span
from app.tables import AuditEntry

#: What the first entry follows.
GENESIS = "0" * 64

_LOCK = 0x746A6175


class Query(Span):
    """What entries to list, newest first. Every filter given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    actor: Label | None = None
    action: Label | None = None
    call_id: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    before: Annotated[int, Field(ge=1, lt=2**63)] | None = (
        None  #: entries older than the one with this number: the next page
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


#: What each filter means, given its value.
_MEANINGS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "actor": lambda value: AuditEntry.actor == value,
    "action": lambda value: AuditEntry.action == value,
    "call_id": lambda value: AuditEntry.call_id == value,
    "since": lambda value: AuditEntry.at >= value,
    "until": lambda value: AuditEntry.at < value,
    "before": lambda value: AuditEntry.id < value,
}


def record(
    session: Session,
    actor: str,
    action: str,
    *,
    call_id: int | None = None,
    address: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append an entry; it is kept only if the transaction is."""
    # One at a time, until the transaction ends: every entry follows the one before it.
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    entry = AuditEntry(
        at=datetime.now(UTC), actor=actor, action=action, call_id=call_id, address=address, detail=dict(detail or {})
    )
    entry.previous = head(session)
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()


def head(session: Session) -> str:
    """The hash of the newest entry. Kept elsewhere, it shows if the whole chain was replaced."""
    return session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or GENESIS


def page(session: Session, query: Query) -> Sequence[AuditEntry]:
    """One page of entries."""
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(query.limit)
    given = ((means, getattr(query, name)) for name, means in _MEANINGS.items())
    conditions = [means(value) for means, value in given if value is not None]
    return session.scalars(wanted.where(*conditions)).all()


def verify(session: Session) -> Iterator[tuple[AuditEntry, bool]]:
    """Every entry, oldest first, and whether it is what was written and follows the one before it."""
    previous = GENESIS
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)):
        yield entry, entry.previous == previous and entry.hash == _hash(entry)
        previous = entry.hash


def _hash(entry: AuditEntry) -> str:
    at = entry.at.astimezone(UTC).isoformat()
    said = [entry.previous, at, entry.actor, entry.action, entry.call_id, entry.address, entry.detail]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
