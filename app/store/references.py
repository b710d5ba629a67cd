"""Where the recordings of calls that were posted by reference are to be fetched."""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.tables import Call, RecordingUrl


def add(session: Session, call: Call, url: str) -> None:
    """Keep where the call's recording is."""
    session.add(RecordingUrl(call_id=call.id, url=url))


def replace(session: Session, call: Call, url: str) -> bool:
    """Keep another address of the call's recording, while it is still to be fetched; whether it is another one."""
    change = update(RecordingUrl).where(RecordingUrl.call_id == call.id, RecordingUrl.url != url).values(url=url)
    return session.scalar(change.returning(RecordingUrl.call_id)) is not None


def of(session: Session, call_id: int) -> str | None:
    """Where the call's recording is to be fetched; None when it is here."""
    row = session.get(RecordingUrl, call_id)
    return row.url if row else None


def done(session: Session, call_id: int) -> None:
    """Forget the address: it may hold a signature, and the recording is here."""
    session.execute(delete(RecordingUrl).where(RecordingUrl.call_id == call_id))
