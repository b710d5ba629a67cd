"""Call detail records, and what they say of recordings that did not come."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from app import cdr
from app.api.access import DialKeeper, ServiceDep, SessionDep, Statistician
from app.api.calls import Unmask
from app.api.uploads import read_body
from app.errors import Unprocessable
from app.masking import masked, masked_id, shown
from app.schemas import Moment
from app.store import dials
from app.turns import Turns

router = APIRouter(prefix="/v1", tags=["对账"])

#: About 300 000 rows; larger files are imported by the `tingjian` command, or in parts.
_MAX_CDR = 32 * 1024 * 1024
#: As many take 17 seconds of a core and 300 MB.
_IMPORTING = Turns(1, "正在导入另一份话单，请稍后重试", again=20)
_LONGEST = timedelta(days=31)
_BODY = {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}


class Imported(BaseModel):
    """How many rows were new, and how many were known and are now as this file says."""

    new: int
    known: int


class Reconciliation(BaseModel):
    """Answered dials against the calls that came in; lists end at 1 000, the numbers do not."""

    expected: int
    received: int
    missing: int
    duplicate: int
    unexpected: int
    missing_calls: list[dict[str, Any]]
    duplicate_calls: list[dict[str, Any]]
    unexpected_calls: list[int]


@router.post("/cdr", openapi_extra={"requestBody": _BODY})
async def post_cdr(request: Request, who: DialKeeper, service: ServiceDep) -> Imported:  # noqa: ARG001
    """Import call detail records as CSV: all rows, or none when one has a fault."""
    content = await read_body(request, _MAX_CDR)

    def take() -> tuple[int, int]:
        with _IMPORTING, service.database.transaction() as session:
            return cdr.take(session, content, "CSV")

    new, known = await run_in_threadpool(take)
    return Imported(new=new, known=known)


@router.get("/reconciliation")
def get_reconciliation(
    session: SessionDep,
    who: Statistician,
    since: Annotated[Moment, Query(alias="from")],
    until: Annotated[Moment, Query(alias="to")],
    unmask: Unmask = False,
) -> Reconciliation:
    """Which calls the dialer connected, and which of their recordings came: not at all, once, or twice."""
    if not timedelta(0) < until - since <= _LONGEST:
        raise Unprocessable(f"from 须早于 to，且相距不超过 {_LONGEST.days} 天", code="bad_range")
    show = shown(who, unmask=unmask)
    found = dials.reconcile(session, since, until, who)
    if show is masked:
        found |= {name: [_masked(row) for row in found[name]] for name in ("missing_calls", "duplicate_calls")}
    return Reconciliation.model_validate(found)


def _masked(row: dict[str, Any]) -> dict[str, Any]:
    return {name: masked_id(value) if isinstance(value, str) else value for name, value in row.items()}
