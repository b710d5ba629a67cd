"""The supervisor's numbers: how many calls, how good, what went wrong, by whom and when."""

from collections.abc import Callable, Mapping, Sequence
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
from app.store.statistics import Cut, Numbers, Period
from app.web.charts import MEASURES, SMALL, bars, trend
from app.web.pages import PageRoute, in_words, page, texts

router = APIRouter(route_class=PageRoute)

#: Teams and agents that are named; the rest are in the list of calls.
_NAMED = 20

#: Periods at hand: the last so many days.
_PERIODS = (7, 30, 90)

#: Column -> how bad a group is by it; what cannot be told is not bad.
_BADNESS: Mapping[str, Callable[[Numbers], float]] = {
    **{measure.name: measure.badness for measure in MEASURES},
    "pass_rate": lambda numbers: 0 if numbers.pass_rate is None else 1 - numbers.pass_rate,
    "flagged": lambda numbers: numbers.flagged,
    "average": lambda numbers: 0 if numbers.average is None else 100 - numbers.average,
}


@router.get("/statistics")
def statistics_page(request: Request, session: SessionDep, who: Statistician) -> Response:
    """The numbers of a period, each leading to the calls behind it."""
    period = _asked(request)
    period = replace(period, team=reach.team_of(who, period.team))
    team = {"team": period.team} if period.team else {}
    span = {"from": period.first.isoformat(), "to": period.last.isoformat()} | team
    shown = {"period": period, "span": urlencode(span), "team": urlencode(team), "fixed_team": reach.team_of(who)}
    worst = request.query_params.get("worst")
    order = worst if worst in _BADNESS else None
    told = {"measures": MEASURES, "small": SMALL, "periods": [(days, last_days(days)) for days in _PERIODS]}
    return page(request, "statistics.html", {**shown, **told, **_numbers(session, period, order), "order": order}, who)


def last_days(days: int) -> Period:
    """The last so many days, today too."""
    today = datetime.now(CALL_ZONE).date()
    return Period(today - timedelta(days=days - 1), today)


def latest_period(session: Session, team: str | None) -> Period | None:
    """The thirty days to the newest call, for whoever finds none where he looks."""
    last = statistics.last_day(session, team)
    return Period(last - timedelta(days=29), last) if last else None


def worst_first(groups: Sequence[Numbers], column: str) -> list[Numbers]:
    """The groups by how bad they are in one column.

    Those of few calls come after the others, and by how much is bad in all: a share of theirs says little.
    """

    def place(group: Numbers) -> tuple[bool, float]:
        few, bad = group.scored < SMALL, _BADNESS[column](group)
        return few, -bad * group.scored if few else -bad

    return sorted(groups, key=place)


def _asked(request: Request) -> Period:
    try:
        given = {name: value for name, value in request.query_params.items() if value and name != "worst"}
        return Asked.model_validate(given).period()
    except ValidationError as error:
        words = texts()["calls"]
        faults = in_words(error, {"first": words["from"], "last": words["to"], "team": words["team"]})
        raise AppError(words["bad_filter"].format(faults=faults), code="bad_filter") from error


#: What the page shows, in the order in which `_numbers` takes it.
_CUTS = (
    Cut("day"), Cut("day", each_day=True), Cut("category"), Cut("team"), Cut("agent"), Cut("stage"),
    Cut("hour", each_day=True),
)  # fmt: skip


def _numbers(session: Session, period: Period, order: str | None) -> Mapping[str, Any]:
    total, days, categories, teams, agents, stages, hours = statistics.cuts(session, period, *_CUTS)
    if not total:
        return {"total": None, "latest": latest_period(session, period.team)}
    found = {
        name: [group for group in categories if kind(group.key) == name] for name in ("violation", "step", "signal")
    }
    return {
        "total": total[0],
        "before": next(iter(statistics.by(session, "day", period.before())), None),
        "trends": [trend(measure, period, days) for measure in MEASURES],
        "bars": bars(period, days),
        "found": found,
        "teams": _named(teams, order),
        "agents": _named(agents, order),
        "stages": sorted(stages, key=lambda stage: stage.key),
        "heat": _heat(statistics.heat(hours)),
    }


def _named(groups: Sequence[Numbers], order: str | None) -> list[Numbers]:
    """The largest groups, or the worst, whose names are senders' and shown as in lists."""
    ordered = worst_first(groups, order) if order else groups
    return [replace(group, key=masked_id(group.key)) for group in ordered[:_NAMED]]


def _heat(cells: Sequence[tuple[int, int, int, int]]) -> Mapping[tuple[int, int], tuple[int, int, int]]:
    """For each weekday and hour: calls, flagged calls, and how deep it is coloured, 0 to 5."""
    most = max((flagged for *_, flagged in cells), default=0) or 1
    return {(weekday, hour): (calls, flagged, -(-5 * flagged // most)) for weekday, hour, calls, flagged in cells}
