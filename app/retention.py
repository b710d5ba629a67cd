"""Deleting calls for good: rows, recordings, and an entry in the audit log for each."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement

from app.masking import masked_id
from app.service import Service
from app.settings import Settings
from app.store import audit, dials, recordings, retention
from app.tables import Call

#: Calls looked up at a time.
_AT_ONCE = 200


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


def purged(service: Service, actor: str, what: ColumnElement[bool]) -> Iterator[int]:
    """Delete calls one by one, yielding each one's number; what is held by now stays. Stopped, it can be run again.

    The row goes before the recording: a crash in between leaves a file without a call, which `tingjian verify` finds.
    """
    while due := _some_due(service, what):
        for call in due:
            name = call.external_id and masked_id(call.external_id)  # nothing is ever taken out of the log again
            detail = {"external_id": name, "content": call.content, "recording": call.recording}
            # One at a time: whoever is asking something waits for an entry in the audit log no longer than that.
            with service.database.transaction() as session:
                removed = retention.remove(session, call.id)
                if removed:
                    audit.record(session, actor, "purge", call_id=call.id, detail=detail)
            if removed:
                if call.recording:
                    delete_unused(service, call.recording)
                yield call.id


def _some_due(service: Service, what: ColumnElement[bool]) -> Sequence[Call]:
    with service.database.transaction() as session:
        return retention.due(session, what, _AT_ONCE)


def delete_unused(service: Service, recording: str) -> bool:
    """Delete a recording unless a call has it by now; whether it was deleted."""
    with service.database.transaction() as session:
        if not recordings.let_go(session, recording):
            return False
        # Inside: a call that comes to have it meanwhile waits, and then finds it gone.
        service.recordings.delete(recording)
        return True
