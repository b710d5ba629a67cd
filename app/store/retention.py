"""Calls that are to be deleted: old enough or of a debtor who asks, finished, and not held."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, or_, select, union
from sqlalchemy.orm import Session

from app.store.calls import FINAL
from app.tables import Call, Dial

#: Written out and not bound: a plan made for every name would not know that the index is about this one.
_debtor: ColumnElement[str] = literal_column("calls.facts ->> 'debtor_id'")


def older_than(moment: datetime) -> ColumnElement[bool]:
    """Calls that began, or came in, before `moment`."""
    return Call.happened_at < moment


def of_debtor(debtor_id: str) -> ColumnElement[bool]:
    """Calls with this debtor, by what was posted with them or, where that names nobody, by the dialer's records."""
    told = select(Call.id).where(_debtor == debtor_id)
    dialled = select(Call.id).join(Dial, Dial.external_id == Call.external_id)
    dialled = dialled.where(Dial.debtor_id == debtor_id, _debtor.is_(None))
    # Together and not with OR: each finds its index.
    return Call.id.in_(union(told.correlate(None), dialled.correlate(None)))


_FREE = and_(Call.hold.is_(None), Call.status.in_(FINAL))


def due(session: Session, wanted: ColumnElement[bool], limit: int) -> Sequence[Call]:
    """The first calls to delete among the `wanted`, oldest first."""
    oldest = select(Call).where(wanted, _FREE).order_by(Call.happened_at, Call.id)
    return session.scalars(oldest.limit(limit)).all()


def count_due(session: Session, wanted: ColumnElement[bool]) -> int:
    """How many of the `wanted` are to be deleted."""
    return session.scalar(select(func.count()).select_from(Call).where(wanted, _FREE)) or 0


def held(session: Session, wanted: ColumnElement[bool]) -> int:
    """How many of the `wanted` are not to be deleted, because they are held or unfinished."""
    kept = and_(wanted, or_(Call.hold.is_not(None), Call.status.not_in(FINAL)))
    return session.scalar(select(func.count()).select_from(Call).where(kept)) or 0


def remove(session: Session, call_id: int) -> bool:
    """Delete a call with all that belongs to it but its recording; not if it is held, worked on or gone by now."""
    gone = delete(Call).where(Call.id == call_id, _FREE).returning(Call.id)
    return session.scalar(gone) is not None
