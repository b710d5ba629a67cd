"""Recordings and the calls that have them: none is deleted while a call that has it is being stored.

A recording is kept by its SHA-256, so a call may come to have one that another call is just losing.
"""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.tables import Call, Waveform

#: Tells these locks from others; a number of our choice.
_LOCKS = 0x72656373


def share(session: Session, recording: str) -> None:
    """Have `let_go` of this recording wait until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock_shared(_LOCKS, func.hashtext(recording))))


def let_go(session: Session, recording: str) -> bool:
    """Whether no call has the recording, nor will have until the transaction ends; its waveform goes at once."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCKS, func.hashtext(recording))))
    if is_used(session, recording):
        return False
    session.execute(delete(Waveform).where(Waveform.recording == recording))
    return True


def is_used(session: Session, recording: str) -> bool:
    """Whether a call has the recording."""
    return session.scalar(select(Call.id).where(Call.recording == recording).limit(1)) is not None


def every(session: Session) -> Sequence[str]:
    """The recordings that calls have."""
    named = select(Call.recording).where(Call.recording.is_not(None)).distinct()
    return [name for name in session.scalars(named) if name]
