"""One call: what was said, what is wrong with it, and what a person makes of that."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.api import calls as calls_api
from app.api.access import CallId, Reader, SessionDep
from app.api.schemas import CallDetail, FindingOut, listed
from app.kinds import ALL, kind
from app.masking import masked
from app.security import Principal
from app.store import calls, lists, neighbours, users
from app.web.calls import filters, query_of
from app.web.dialogue import dialogue
from app.web.home import QUEUES
from app.web.pages import PageRoute, page

router = APIRouter(route_class=PageRoute)

#: Facts that have a place of their own on the page.
_TOLD = frozenset({"external_id", "agent_id", "team", "started_at", "channel", "template"})


@router.get("/calls/{call_id}")
def call_page(call_id: CallId, request: Request, session: SessionDep, who: Reader, unmask: bool = False) -> Response:
    """Everything about a call; the rest of the address is the list that one came from."""
    detail = calls_api.get_call(call_id, session, who, unmask)
    assert isinstance(detail, CallDetail)
    row = calls.get(session, call_id, who)
    given = filters(request.query_params)
    following = lists.following(session, _queue(given), who, row)
    others = [listed(other, None, masked) for other in neighbours.same_day(session, row, who)]
    given_to = {
        "assignee": row.assigned_to,
        "reviewers": users.reviewers(session, row, who) if who.may("assign") else [],
    }
    way = {"back": urlencode(given), "following": following, "others": others} | given_to
    shown = {"call": detail, "unmask": unmask, "categories": ALL, **way, **_judged(detail, who)}
    return page(request, "call.html", shown, who)


def _queue(given: dict[str, str]) -> lists.Query:
    """The list to go on with: the one that one came from, or what waits for a review."""
    return query_of(given or {name: str(value).lower() for name, value in QUEUES["review"].items()})


def _judged(detail: CallDetail, who: Principal) -> Mapping[str, Any]:
    """What the page says of transcript and findings."""
    added = [review for review in detail.reviews if review.ruling == "missed" and not review.withdrawn_at]
    findings = [*detail.findings, *(_added(review.finding) for review in added)]
    heard = detail.transcript or {"utterances": [], "acoustics": None, "notes": []}
    acoustics = heard.get("acoustics") or {}
    pauses = [[pause["start"], pause["end"]] for pause in acoustics.get("silences", [])]
    return {
        "lines": dialogue(heard, findings),
        "groups": _groups(detail.findings),
        "added": added,
        "acoustics": acoustics,
        "pauses": json.dumps(pauses),
        "agent_channel": _agent_channel(heard["utterances"]),
        "notes": heard.get("notes", []),
        "card": detail.corrected or detail.scorecard,
        "facts": {name: value for name, value in detail.facts.items() if name not in _TOLD},
        "reviewing": who.may("review") and detail.status == "scored",
    }


def _added(finding: Mapping[str, Any]) -> FindingOut:
    return FindingOut(id=0, **finding)


def _groups(findings: Sequence[FindingOut]) -> Mapping[str, list[FindingOut]]:
    """The findings by what one does with them."""
    names = ("faults", "signals", "steps", "promises", "unjudged", "fine")
    groups: dict[str, list[FindingOut]] = {name: [] for name in names}
    for finding in findings:
        groups[_group(finding)].append(finding)
    return groups


def _group(finding: FindingOut) -> str:
    if kind(finding.category) == "step":
        return "steps"
    if kind(finding.category) == "promise":
        return "promises"  # shown by what was promised
    if finding.verdict == "skipped":
        return "unjudged"
    if kind(finding.category) == "signal":
        return "signals" if finding.verdict == "failed" else "fine"
    return "faults" if finding.verdict == "failed" else "fine"


def _agent_channel(utterances: Sequence[Mapping[str, Any]]) -> int:
    """The channel that the agent was heard on, 0 (left) unless the transcript says otherwise."""
    return next((said["voice"] for said in utterances if said["speaker"] == "agent" and said.get("voice")), 0)
