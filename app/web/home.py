"""The first page: what needs me now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.access import Anyone, SessionDep
from app.api.schemas import listed
from app.masking import masked, masked_id
from app.security import Principal
from app.store import lists, progress, reach, statistics
from app.store.statistics import Cut
from app.web.charts import MEASURES, SMALL
from app.web.pages import PageRoute, page
from app.web.statistics import last_days, latest_period, worst_first

router = APIRouter(route_class=PageRoute)

#: Lists that somebody has to work off, by name in the catalogue of texts.
QUEUES: Mapping[str, Mapping[str, Any]] = {
    "review": {"flagged": True, "reviewed": False, "status": "scored"},
    "failed": {"status": "failed"},
}

#: What is left of them to somebody whose own calls they are.
_OWN = ("review",)

_SHOWN = 8
_WORST = 5
_BY = next(measure for measure in MEASURES if measure.name == "violations")  #: what collectors are the worst by
_MOST = 1000  #: more are not counted: a thousand is more than anybody does today


@router.get("/")
def home(request: Request, session: SessionDep, who: Anyone) -> Response:
    """What waits for the one who looks, by role."""
    if not who.may("read"):
        return page(request, "home_plain.html", {}, who)
    queues = [_queue(session, who, name) for name in (QUEUES if who.may("review") else _OWN)]
    under_way = {"waiting": progress.waiting(session, who), "working": len(progress.working(session, who))}
    week = _week(session, who) if who.may("statistics") else None
    return page(request, "home.html", {"queues": queues, "most": _MOST, "small": SMALL, **under_way, "week": week}, who)


def _week(session: Session, who: Principal) -> Mapping[str, Any]:
    """How the last seven days were, against the targets, and whose calls were the worst."""
    period = replace(last_days(7), team=reach.team_of(who))
    total, agents = statistics.cuts(session, period, Cut("day"), Cut("agent"))
    bad = [agent for agent in agents if agent.key and agent.violations]
    worst = [replace(agent, key=masked_id(agent.key)) for agent in worst_first(bad, _BY.name)[:_WORST]]
    latest = None if total else latest_period(session, period.team)
    found = {"period": period, "total": next(iter(total), None), "worst": worst, "latest": latest}
    return found | {"measures": MEASURES, "by": _BY}


def _queue(session: Session, who: Principal, name: str) -> dict[str, object]:
    query = lists.Query(**QUEUES[name], limit=_SHOWN)
    found, _ = lists.page(session, query, who)
    address = "&".join(f"{field}={str(value).lower()}" for field, value in QUEUES[name].items())
    calls = [listed(call, None, masked) for call in found]
    text = name if who.may("review") else "own"
    return {
        "name": name,
        "text": text,
        "address": address,
        "count": lists.count(session, query, who, _MOST),
        "calls": calls,
    }
