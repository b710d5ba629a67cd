"""Deleting calls for good: rows, recordings, and an entry in the audit log for each."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement

from app.service import Service
from app.settings import Settings
from app.store import audit, dials, retention
from app.tables import Call


def wanted(settings: Settings, debtor_id: str | None) -> ColumnElement[bool]:
    """Everything of one debtor or, without one, everything older than calls are kept."""
    if debtor_id:
        return retention.of_debtor(debtor_id)
    return retention.older_than(datetime.now(UTC) - timedelta(days=settings.retention_days))


def forget_dials(service: Service, actor: str, debtor_id: str | None) -> None:
    """Delete the call detail records of what `wanted` means, so that no number stays behind its calls."""
    before = datetime.now(UTC) - timedelta(days=service.settings.retention_days)
    with service.database.transaction() as session:
        if gone := dials.forget(session, debtor_id, before):
            audit.record(session, actor, "purge_dials", detail={"dials": gone})


def purged(service: Service, actor: str, due: Sequence[Call]) -> Iterator[int]:
    """Delete calls one by one, yielding each one's number; what is held by now stays.

    The row goes before the recording: a crash in between leaves a file without a call, which `tingjian verify` finds.
    """
    for call in due:
        detail = {"external_id": call.external_id, "content": call.content, "recording": call.recording}
        try:
            with service.database.transaction() as session:
                recording = retention.remove(session, call.id)
                audit.record(session, actor, "purge", call_id=call.id, detail=detail)
        except LookupError:
            continue
        if recording:
            service.recordings.delete(recording)
        yield call.id
