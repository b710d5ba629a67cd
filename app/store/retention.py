"""Calls that are to be deleted: old enough or of a debtor who asks, finished, and not held."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from app.store.calls import FINAL
from app.tables import Call, Waveform


def older_than(moment: datetime) -> ColumnElement[bool]:
    """Calls that began, or came in, before `moment`."""
    return Call.happened_at < moment


def of_debtor(debtor_id: str) -> ColumnElement[bool]:
    """Calls with this debtor."""
    return Call.facts.op("->>")("debtor_id") == debtor_id


def due(session: Session, wanted: ColumnElement[bool]) -> Sequence[Call]:
    """The calls to delete among the `wanted`, oldest first."""
    free = and_(wanted, Call.hold.is_(None), Call.status.in_(FINAL))
    return session.scalars(select(Call).where(free).order_by(Call.id)).all()


def held(session: Session, wanted: ColumnElement[bool]) -> int:
    """How many of the `wanted` are not to be deleted, because they are held or unfinished."""
    kept = and_(wanted, or_(Call.hold.is_not(None), Call.status.not_in(FINAL)))
    return session.scalar(select(func.count()).select_from(Call).where(kept)) or 0


def remove(session: Session, call_id: int) -> str | None:
    """Delete a call with all that belongs to it, unless it is held by now.

    Returns its recording if no other call has it: then it is to be removed too.

    Raises:
        LookupError: it is held, or gone.
    """
    gone = delete(Call).where(Call.id == call_id, Call.hold.is_(None)).returning(Call.id, Call.recording)
    row = session.execute(gone).one_or_none()
    if row is None:
        raise LookupError(call_id)
    if session.scalar(select(Call.id).where(Call.recording == row.recording).limit(1)):
        return None
    session.execute(delete(Waveform).where(Waveform.recording == row.recording))
    recording: str | None = row.recording
    return recording
