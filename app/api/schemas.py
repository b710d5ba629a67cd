"""What the API answers with."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.tables import Call, Finding, Scorecard, Transcript


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CallState(_Out):
    """How far a call has come: all that a dialer needs."""

    id: int
    external_id: str | None
    status: str
    progress: float | None  #: share transcribed so far, 0 to 1; null when nothing is being transcribed
    received_at: datetime
    error: str | None
    error_code: str | None


class CallProgress(_Out):
    """How far a call has come and, when it is judged, with what result."""

    id: int
    external_id: str | None
    status: str
    progress: float | None  #: share transcribed so far, 0 to 1
    error_code: str | None
    flagged: bool | None
    score: float | None
    updated_at: datetime


class CallOut(CallState):
    """A call with its latest result, as in lists."""

    template: str
    channel: str
    started_at: datetime | None
    agent_id: str | None
    team: str | None
    duration: float | None
    score: float | None
    grade: str | None
    passed: bool | None
    flagged: bool | None
    attention: list[str] | None
    categories: list[str] | None
    rules: list[str] | None


class CallPage(BaseModel):
    """One page of a list; `next` is the cursor of the following one."""

    calls: list[CallOut]
    next: str | None


class FindingOut(_Out):
    """One rule's verdict with its evidence."""

    id: int
    rule: str
    category: str
    title: str
    severity: str
    expect: str
    verdict: str
    message: str
    evidence: list[dict[str, Any]]


class ScorecardOut(_Out):
    """One scorecard and what it can be reproduced from."""

    id: int
    created_at: datetime
    transcript_id: int
    template: str
    version: int
    packs: dict[str, str]
    body: dict[str, Any]
    promises: list[dict[str, Any]]


class CallDetail(CallOut):
    """Everything about a call but its audio; transcript, findings and scorecard as `inspect --json` prints them."""

    facts: dict[str, Any]
    recording: str | None
    recording_name: str | None
    recording_bytes: int | None
    transcript: dict[str, Any] | None = None
    findings: list[FindingOut] = []
    promises: list[dict[str, Any]] = []
    scorecard: dict[str, Any] | None = None


def detail(
    call: Call,
    transcript: Transcript | None,
    result: tuple[Scorecard, list[Finding]] | None,
    show: Callable[[Any], Any],
) -> CallDetail:
    """The detail of one call from its rows, its texts as `show` shows them."""
    out = CallDetail.model_validate(call)
    out.facts, out.recording_name = show(out.facts), show(out.recording_name)
    out.transcript = show(transcript.body) if transcript else None
    if result:
        card, findings = result
        out.scorecard, out.promises = show(card.body) | {"packs": card.packs}, show(card.promises)
        out.findings = [_finding(finding, show) for finding in findings]
    return out


def _finding(finding: Finding, show: Callable[[Any], Any]) -> FindingOut:
    out = FindingOut.model_validate(finding)
    out.message, out.evidence = show(out.message), show(out.evidence)
    return out


def scorecard(card: Scorecard, show: Callable[[Any], Any]) -> ScorecardOut:
    """One scorecard from its row, its texts as `show` shows them."""
    out = ScorecardOut.model_validate(card)
    out.body, out.promises = show(out.body), show(out.promises)
    return out
