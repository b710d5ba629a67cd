"""Deleting a debtor's data on request, or what is past its time."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.access import Manager, ServiceDep
from app.retention import forget_dials, purged, wanted
from app.schemas import Label
from app.store import retention

router = APIRouter(prefix="/v1/purge", tags=["管理"])


class Purge(BaseModel):
    """What to delete."""

    model_config = ConfigDict(extra="forbid")

    debtor_id: Label | None = None  #: all calls of this debtor; None: all past the retention time
    dry_run: bool = True


class Purged(BaseModel):
    """What was, or would be, deleted."""

    calls: int
    held: int  #: not deleted because they are held, or not finished


@router.post("")
def purge(wish: Purge, service: ServiceDep, who: Manager) -> Purged:
    """Count what would be deleted or, with `dry_run: false`, delete it: calls, transcripts, verdicts and recordings."""
    what = wanted(service.settings, wish.debtor_id)
    with service.database.transaction() as session:
        due, held = retention.count_due(session, what), retention.held(session, what)
    gone = due if wish.dry_run else sum(1 for _ in purged(service, who.name, what))
    if not wish.dry_run:
        forget_dials(service, who.name, wish.debtor_id)
    return Purged(calls=gone, held=held)
