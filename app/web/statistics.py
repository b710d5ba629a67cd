"""The supervisor's numbers: how many calls, how good, what went wrong, by whom and when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.api.access import SessionDep, Statistician
from app.api.statistics import Asked
from app.errors import AppError
from app.kinds import kind
from app.masking import masked_id
from app.schemas import CALL_ZONE
from app.store import reach, statistics
from app.store.statistics import Kind, Numbers, Period
from app.web.charts import MEASURES, SMALL, bars, trend
from app.web.pages import PageRoute, page, texts

router = APIRouter(route_class=PageRoute)

#: Teams and agents that are named; the rest are in the list of calls.
_NAMED = 20

#: Periods at hand: the last so many days.
_PERIODS = (7, 30, 90)


@router.get("/statistics")
def statistics_page(request: Request, session: SessionDep, who: Statistician) -> Response:
    """The numbers of a period, each leading to the calls behind it."""
    period = _asked(request)
    period = replace(period, team=reach.team_of(who, period.team))
    team = {"team": period.team} if period.team else {}
    span = {"from": period.first.isoformat(), "to": period.last.isoformat()} | team
    shown = {"period": period, "span": urlencode(span), "team": urlencode(team), "fixed_team": reach.team_of(who)}
    told = {"measures": MEASURES, "small": SMALL, "periods": _periods()}
    return page(request, "statistics.html", {**shown, **told, **_numbers(session, period)}, who)


def _asked(request: Request) -> Period:
    try:
        given = {name: value for name, value in request.query_params.items() if value}
        return Asked.model_validate(given).period()
    except ValidationError as error:
        faults = "；".join(fault["msg"] for fault in error.errors())
        raise AppError(texts()["calls"]["bad_filter"].format(faults=faults), code="bad_filter") from error


def _periods() -> list[tuple[int, Period]]:
    today = datetime.now(CALL_ZONE).date()
    return [(days, Period(today - timedelta(days=days - 1), today)) for days in _PERIODS]


def _numbers(session: Session, period: Period) -> Mapping[str, Any]:
    days = statistics.by(session, "day", period, each_day=True)
    categories = statistics.by(session, "category", period)
    found = {
        name: [group for group in categories if kind(group.key) == name] for name in ("violation", "step", "signal")
    }
    return {
        "total": next(iter(statistics.by(session, "day", period)), None),
        "trends": [trend(measure, period, days) for measure in MEASURES],
        "bars": bars(period, days),
        "found": found,
        "teams": _named(session, "team", period),
        "agents": _named(session, "agent", period),
        "stages": sorted(statistics.by(session, "stage", period), key=lambda stage: stage.key),
        "heat": _heat(statistics.heat(session, period)),
    }


def _named(session: Session, kind_of: Kind, period: Period) -> list[Numbers]:
    """The largest groups, whose names are senders' and shown as in lists."""
    groups = statistics.by(session, kind_of, period)[:_NAMED]
    return [replace(group, key=masked_id(group.key)) for group in groups]


def _heat(cells: Sequence[tuple[int, int, int, int]]) -> Mapping[tuple[int, int], tuple[int, int, int]]:
    """For each weekday and hour: calls, flagged calls, and how deep it is coloured, 0 to 5."""
    most = max((flagged for *_, flagged in cells), default=0) or 1
    return {(weekday, hour): (calls, flagged, -(-5 * flagged // most)) for weekday, hour, calls, flagged in cells}
