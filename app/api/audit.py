"""The audit log, for those who answer for it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from app.api.access import Auditor, SessionDep
from app.store import audit

router = APIRouter(prefix="/v1/audit", tags=["管理"])


class EntryOut(BaseModel):
    """One entry."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str
    action: str
    call_id: int | None
    address: str | None
    detail: dict[str, Any]
    hash: str


@router.get("")
def list_audit(session: SessionDep, _: Auditor, query: Annotated[audit.Query, Query()]) -> list[EntryOut]:
    """Entries that pass every filter given, newest first; `before` the last one's number for the next page."""
    return [EntryOut.model_validate(entry) for entry in audit.page(session, query)]
