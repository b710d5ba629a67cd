"""Where the recordings of calls that were posted by reference are to be fetched."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.tables import Call, RecordingUrl


def add(session: Session, call: Call, url: str) -> None:
    """Keep where the call's recording is."""
    session.add(RecordingUrl(call_id=call.id, url=url))


def of(session: Session, call_id: int) -> str | None:
    """Where the call's recording is to be fetched; None when it is here."""
    row = session.get(RecordingUrl, call_id)
    return row.url if row else None


def done(session: Session, call_id: int) -> None:
    """Forget the address: it may hold a signature, and the recording is here."""
    session.execute(delete(RecordingUrl).where(RecordingUrl.call_id == call_id))
