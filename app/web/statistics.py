"""The supervisor's numbers: how many calls, how good, what went wrong, by whom and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.api.access import SessionDep, Statistician
from app.api.statistics import Asked
from app.errors import AppError
from app.kinds import kind
from app.store import statistics
from app.store.statistics import Numbers, Period
from app.web.pages import PageRoute, page, texts

router = APIRouter(route_class=PageRoute)

#: Below this many calls a share says little: of 30 calls one is more than three in a hundred.
SMALL = 30

#: Agents that are named; the rest are in the list of calls.
_AGENTS = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart; lengths in percent of the busiest day."""

    day: date
    calls: int
    flagged: int
    height: float
    flagged_height: float


@router.get("/statistics")
def statistics_page(request: Request, session: SessionDep, who: Statistician) -> Response:
    """The numbers of a period, each leading to the calls behind it."""
    period = _asked(request)
    if who.team:
        period = replace(period, team=who.team)
    span = {"from": period.first.isoformat(), "to": period.last.isoformat()} | _team(period)
    shown = {"period": period, "span": urlencode(span), "small": SMALL, "fixed_team": who.team}
    return page(request, "statistics.html", {**shown, **_numbers(session, period)}, who)


def _asked(request: Request) -> Period:
    try:
        given = {name: value for name, value in request.query_params.items() if value}
        return Asked.model_validate(given).period()
    except ValidationError as error:
        faults = "；".join(fault["msg"] for fault in error.errors())
        raise AppError(texts()["calls"]["bad_filter"].format(faults=faults), code="bad_filter") from error


def _team(period: Period) -> dict[str, str]:
    return {"team": period.team} if period.team else {}


def _numbers(session: Session, period: Period) -> Mapping[str, Any]:
    days = statistics.by(session, "day", period, each_day=True)
    categories = statistics.by(session, "category", period)
    return {
        "total": next(iter(statistics.by(session, "day", period)), None),
        "bars": _bars(period, days),
        "violations": [found for found in categories if kind(found.key) == "violation"],
        "steps": [found for found in categories if kind(found.key) == "step"],
        "signals": [found for found in categories if kind(found.key) == "signal"],
        "agents": statistics.by(session, "agent", period)[:_AGENTS],
        "stages": sorted(statistics.by(session, "stage", period), key=lambda stage: stage.key),
        "heat": _heat(statistics.heat(session, period)),
    }


def _bars(period: Period, days: Sequence[Numbers]) -> list[Bar]:
    """Every day of the period: one without calls is a gap to be seen."""
    counted = {day.day: (day.calls, day.flagged) for day in days}
    most = max((calls for calls, _ in counted.values()), default=0) or 1
    length = (period.last - period.first).days + 1
    return [
        Bar(day, calls, flagged, 100 * calls / most, 100 * flagged / most)
        for day in (period.first + timedelta(days=number) for number in range(length))
        for calls, flagged in [counted.get(day, (0, 0))]
    ]


def _heat(cells: Sequence[tuple[int, int, int, int]]) -> Mapping[tuple[int, int], tuple[int, int, int]]:
    """For each weekday and hour: calls, flagged calls, and how deep it is coloured, 0 to 5."""
    most = max((flagged for *_, flagged in cells), default=0) or 1
    return {(weekday, hour): (calls, flagged, -(-5 * flagged // most)) for weekday, hour, calls, flagged in cells}
