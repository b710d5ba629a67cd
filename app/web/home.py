"""The first page: what needs me now."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.access import Anyone, SessionDep
from app.api.schemas import listed
from app.masking import masked
from app.security import Principal
from app.store import lists, progress
from app.web.pages import PageRoute, page

router = APIRouter(route_class=PageRoute)

#: Lists that somebody has to work off, by name in the catalogue of texts.
QUEUES: Mapping[str, Mapping[str, Any]] = {
    "review": {"flagged": True, "reviewed": False, "status": "scored"},
    "failed": {"status": "failed"},
}

_SHOWN = 8
_MOST = 1000  #: more are not counted: a thousand is more than anybody does today


@router.get("/")
def home(request: Request, session: SessionDep, who: Anyone) -> Response:
    """What waits for the one who looks, by role."""
    if not who.may("read"):
        return page(request, "home_plain.html", {}, who)
    queues = [_queue(session, who, name) for name in QUEUES]
    under_way = {"waiting": progress.waiting(session, who), "working": len(progress.working(session, who))}
    return page(request, "home.html", {"queues": queues, "most": _MOST, **under_way}, who)


def _queue(session: Session, who: Principal, name: str) -> dict[str, object]:
    query = lists.Query(**QUEUES[name], limit=_SHOWN)
    found, _ = lists.page(session, query, who)
    address = "&".join(f"{field}={str(value).lower()}" for field, value in QUEUES[name].items())
    calls = [listed(call, None, masked) for call in found]
    return {"name": name, "address": address, "count": lists.count(session, query, who, _MOST), "calls": calls}
