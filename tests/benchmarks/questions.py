"""What is asked of a million calls: every filter, every search, every dashboard, by everybody who may ask.

Agent 1 makes a fifth of all calls, agent 250 one in a thousand.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.security import Principal
from app.store import calls, dials, lists, neighbours, progress, queue, statistics, tallies
from app.store.statistics import Period
from app.web.home import QUEUES
from tests.benchmarks.million import LAST_DAY

WHOLE = Principal(user_id=0, name="whole", role="supervisor")

_WEEK = {"from": LAST_DAY - timedelta(days=40), "to": LAST_DAY - timedelta(days=33)}
_DAY = {"from": LAST_DAY - timedelta(days=50), "to": LAST_DAY - timedelta(days=49)}

#: Name -> the parameters of GET /v1/calls.
LISTS: Mapping[str, Mapping[str, Any]] = {
    "no filter": {},
    "status=scored": {"status": "scored"},
    "status=failed": {"status": "failed"},
    "status=queued": {"status": "queued"},
    "flagged=true": {"flagged": True},
    "flagged=false": {"flagged": False},
    "passed=true": {"passed": True},
    "passed=false": {"passed": False},
    "reviewed=true": {"reviewed": True},
    "reviewed=false, flagged=true": {"reviewed": False, "flagged": True},
    "category, common": {"category": "empathy"},
    "category, rare": {"category": "induce"},
    "category, one in a hundred": {"category": "identity_check"},
    "rule": {"rule": "threat.1"},
    "agent, busy": {"agent_id": "A0001"},
    "agent, seldom": {"agent_id": "A0250"},
    "team": {"team": "team-3"},
    "channel=visit": {"channel": "visit"},
    "kind=violation": {"kind": "violation"},
    "kind=signal": {"kind": "signal"},
    "stage": {"stage": "M2"},
    "stage, nowhere": {"stage": "M0"},
    "stage, unknown, nowhere": {"stage": "unknown"},
    "an hour of a weekday": {"weekday": 2, "hour": 10},
    "an hour, rare": {"hour": 22},
    "an hour, nowhere": {"hour": 3},
    "external_id": {"external_id": "cc-77777"},
    "a week": _WEEK,
    "score_lt=60": {"score_lt": 60},
    "score_gte=99": {"score_gte": 99},
    "sort=-received_at": {"sort": "-received_at"},
    "sort=score": {"sort": "score"},
    "sort=-score": {"sort": "-score"},
    "sort=score, score_lt=60": {"sort": "score", "score_lt": 60},
    "flagged, team, a week": {"flagged": True, "team": "team-3", **_WEEK},
    "flagged, team, a week, by score": {"flagged": True, "team": "team-3", "sort": "score", **_WEEK},
    "category, agent": {"category": "identity_check", "agent_id": "A0017"},
    "rare category, agent, a day": {"category": "induce", "agent_id": "A0001", **_DAY},
    "category, team, a day": {"category": "closing", "team": "team-3", **_DAY},
    "score_lt, team, a week": {"score_lt": 80, "team": "team-5", **_WEEK},
    "agent, by score": {"agent_id": "A0017", "sort": "score"},
    "q, in most calls": {"q": "逾期"},
    "q, one in ten": {"q": "依法起诉"},
    "q, one in a hundred": {"q": "坐牢"},
    "q, four in a thousand": {"q": "外访人员"},
    "q, one in a thousand": {"q": "信访部门"},
    "q, two in ten thousand": {"q": "跳楼"},
    "q, ten in a million": {"q": "貔貅"},
    "q, nowhere": {"q": "龘龘"},
    "q, one character": {"q": "貔"},
    "q, a phrase of common pairs": {"q": "我已经向信访部门反映"},
    "q, flagged": {"q": "坐牢", "flagged": True},
    "q rare, flagged": {"q": "跳楼", "flagged": True},
    "q, agent": {"q": "外访人员", "agent_id": "A0017"},
    "q, team, a week": {"q": "坐牢", "team": "team-3", **_WEEK},
    "q, by score": {"q": "坐牢", "sort": "score"},
    "two words": {"q": "坐牢 起诉"},
}

#: Those who see a part of the calls only; the million gives every flagged call to one of its inspectors, user 1 first.
REACH: tuple[Principal, ...] = (
    Principal(user_id=0, name="team", role="supervisor", team="team-3"),
    Principal(user_id=0, name="agent, busy", role="agent", agent_id="A0001"),
    Principal(user_id=0, name="agent, seldom", role="agent", agent_id="A0250"),
    Principal(user_id=1, name="inspector, assigned", role="inspector", assigned_only=True),
)

#: Of LISTS, what each of them is asked for.
_REACHED = (
    "no filter", "flagged=true", "flagged=false", "passed=false", "status=failed", "reviewed=false, flagged=true",
    "category, common", "category, rare", "channel=visit", "a week", "score_lt=60", "sort=-received_at", "sort=score",
    "q, in most calls", "q, one in a hundred", "q, ten in a million", "q, nowhere",
)  # fmt: skip

#: Who asks, and what for.
ASKED: tuple[tuple[str, Principal, Mapping[str, Any]], ...] = (
    *((name, WHOLE, parameters) for name, parameters in LISTS.items()),
    *((f"{who.name}: {name}", who, LISTS[name]) for who in REACH for name in _REACHED),
)

_TODAY = (LAST_DAY - timedelta(days=1)).date()
_MONTH = Period(_TODAY - timedelta(days=29), _TODAY)
_QUARTER = Period(_TODAY - timedelta(days=89), _TODAY)
_TEAM = Period(_TODAY - timedelta(days=29), _TODAY, team="team-3")


def _home(who: Principal) -> Callable[[Session], object]:
    def ask(session: Session) -> object:
        queries = [lists.Query.model_validate({**given, "limit": 8}) for given in QUEUES.values()]
        found = [(lists.page(session, query, who), lists.count(session, query, who, 1000)) for query in queries]
        return found, progress.waiting(session, who), progress.working(session, who)

    return ask


def _same_day(session: Session) -> object:
    (call,), _ = lists.page(session, lists.Query.model_validate({"to": _WEEK["to"], "limit": 1}), WHOLE)
    return neighbours.same_day(session, call, WHOLE)


def _metrics(session: Session) -> object:
    return tallies.everything(session), tallies.states(session), tallies.queues(session), tallies.workers(session)


#: What pages and programs ask beside lists. The first question about days that are over counts them; it is not timed.
DASHBOARDS: Mapping[str, Callable[[Session], object]] = {
    "home": _home(WHOLE),
    **{f"home: {who.name}": _home(who) for who in REACH},
    "by day, a month": lambda session: statistics.by(session, "day", _MONTH, each_day=True),
    "by agent, a month": lambda session: statistics.by(session, "agent", _MONTH),
    "by category, a month": lambda session: statistics.by(session, "category", _MONTH),
    "by category, a month, a team": lambda session: statistics.by(session, "category", _TEAM),
    "by category, a quarter": lambda session: statistics.by(session, "category", _QUARTER),
    "by stage, a quarter": lambda session: statistics.by(session, "stage", _QUARTER),
    "by agent and day, a month": lambda session: statistics.by(session, "agent", _MONTH, each_day=True),
    "heat map, a quarter": lambda session: statistics.heat(statistics.by(session, "hour", _QUARTER, each_day=True)),
    "same debtor, same day": _same_day,
    "metrics": _metrics,
    "room in the queue": lambda session: calls.waiting(session, 100_000),
}

#: What runs in the background or once a day, and has no budget.
CHORES: Mapping[str, Callable[[Session], object]] = {
    "abandoned calls": queue.abandoned,
    "reconciliation, a day": lambda session: dials.reconcile(session, _DAY["from"], _DAY["to"], WHOLE),
}
