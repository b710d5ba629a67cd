"""What calls are judged by: every pack and its rules, for reading."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api import packs as packs_api
from app.api.access import ServiceDep, SessionDep, Trier
from app.errors import NotFound
from app.schemas import CALL_ZONE
from app.security import Principal
from app.store import hits
from app.store.statistics import Period
from app.web.charts import SMALL
from app.web.pages import PageRoute, page, texts
from rules.places import Places

router = APIRouter(route_class=PageRoute)

#: Days that the numbers beside rules are of.
_DAYS = 30


@router.get("/rules")
def rules_page(request: Request, service: ServiceDep, session: SessionDep, who: Trier) -> Response:
    """Every pack with its rules, and how they did."""
    return page(request, "rules.html", {"packs": packs_api.list_packs(service, who), **_numbers(session, who)}, who)


@router.get("/rules/{pack}")
def pack_page(pack: str, request: Request, service: ServiceDep, session: SessionDep, who: Trier) -> Response:
    """One pack: each rule with its basis, examples and text."""
    detail = packs_api.get_pack(pack, service, who)
    shown = {"pack": detail, "written": Places(detail.text).rules(), **_numbers(session, who)}
    return page(request, "pack.html", shown, who)


@router.get("/rules/{pack}/words/{name}")
def lexicon_page(pack: str, name: str, request: Request, service: ServiceDep, who: Trier) -> Response:
    """The phrases of one lexicon that a pack looks for."""
    service.judge.book.text(pack)
    for rule in service.judge.book.pack(pack).rules:
        for lexicon in rule.lexicons():
            if lexicon.name == name:
                return page(request, "lexicon.html", {"pack": pack, "lexicon": lexicon}, who)
    raise NotFound(texts()["rules"]["no_lexicon"].format(name=name))


def _numbers(session: Session, who: Principal) -> Mapping[str, Any]:
    """How rules did of late, for those who may see statistics."""
    if not who.may("statistics"):
        return {"hits": None}
    today = datetime.now(CALL_ZONE).date()
    period = Period(today - timedelta(days=_DAYS - 1), today, who.team)
    counted = {"hits": hits.by_rule(session, period), "scored": hits.scored(session, period)}
    return {**counted, "first": period.first, "nothing": hits.Hits(""), "small": SMALL}
