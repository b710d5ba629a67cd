"""What the API answers with."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

import rules
import scoring
from app.masking import masked, masked_id, masked_said
from app.pipeline import read_finding, read_transcript, to_json
from app.security import Principal
from app.store import scorecards
from app.tables import Call, Review, Scorecard, Transcript
from asr.transcript import Transcript as Said
from scoring import Ruling, concerns

#: How a JSON value is shown to whoever asked: see app.masking.
Show = Callable[[Any], Any]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


#: What a sender named something, and what a machine says of it: masked, unless somebody takes care to put it back.
_Named = Annotated[str | None, AfterValidator(lambda value: value and masked_id(value))]
_Said = Annotated[str | None, AfterValidator(masked)]


class CallState(_Out):
    """How far a call has come: all that a dialer needs."""

    id: int
    external_id: _Named
    status: str
    progress: float | None  #: share transcribed so far, 0 to 1; null when nothing is being transcribed
    received_at: datetime
    error: _Said
    error_code: str | None


class CallProgress(_Out):
    """How far a call has come and, when it is judged, with what result."""

    id: int
    external_id: _Named
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
    agent_id: _Named
    team: _Named
    duration: float | None
    score: float | None
    grade: str | None
    passed: bool | None
    flagged: bool | None
    attention: list[str] | None
    categories: list[str] | None
    rules: list[str] | None
    reviewed_at: datetime | None


class Hit(BaseModel):
    """Where the words of a search were said first."""

    utterance: int
    speaker: str
    text: str
    start: float | None


class ListedCall(CallOut):
    """A call in a list; `hit` tells where the words of `q` were said."""

    hit: Hit | None = None


class CallPage(BaseModel):
    """One page of a list; `next` is the cursor of the following one."""

    calls: list[ListedCall]
    next: str | None


class ReviewOut(BaseModel):
    """A person's verdict on a finding."""

    id: int
    call_id: int
    ruling: Ruling
    rule: str
    finding: dict[str, Any]  #: as it was when reviewed
    note: str
    reviewer: str
    created_at: datetime
    withdrawn_at: datetime | None


class FindingOut(BaseModel):
    """One rule's verdict with its evidence, and what a person said of it."""

    id: int
    rule: str
    category: str
    title: str
    severity: str
    expect: str
    verdict: str
    message: str
    evidence: list[dict[str, Any]]
    review: ReviewOut | None = None  #: the one that counts


class ScorecardOut(_Out):
    """One scorecard and what it can be reproduced from."""

    id: int
    created_at: datetime
    transcript_id: int
    template: str
    version: int
    packs: dict[str, str]  #: id -> digest
    pack_versions: dict[str, str] | None  #: id -> version; null: judged before versions were kept
    body: dict[str, Any]
    promises: list[dict[str, Any]]


class CallDetail(CallOut):
    """Everything about a call but its audio; transcript, findings and scorecard as `inspect --json` prints them."""

    facts: dict[str, Any]
    hold: str | None
    recording: str | None
    recording_name: str | None
    recording_bytes: int | None
    transcript: dict[str, Any] | None = None
    findings: list[FindingOut] = []
    promises: list[dict[str, Any]] = []
    scorecard: dict[str, Any] | None = None
    reviews: list[ReviewOut] = []  #: all that were ever given, oldest first
    corrected: dict[str, Any] | None = None  #: the scorecard under the reviews that stand, if there are any


def state(call: Call, who: Principal) -> CallState:
    """How far a call has come, for `who`: senders know their calls by the ids they gave them."""
    out = CallState.model_validate(call)
    if call.posted_by == who.user_id:
        out.external_id = call.external_id
    return out


def _bare(out: CallOut, call: Call, show: Show) -> None:
    """Put back what the fields mask, if `show` masks nothing."""
    if show is not masked:
        out.external_id, out.agent_id, out.team, out.error = call.external_id, call.agent_id, call.team, call.error


def listed(call: Call, hit: Mapping[str, Any] | None, show: Show) -> ListedCall:
    """A call of a list from its row as `show` shows it; `hit` as the store finds it, which is masked in any case."""
    out = ListedCall.model_validate(call)
    _bare(out, call, show)
    out.hit = _hit(hit) if hit else None
    return out


def _hit(found: Mapping[str, Any]) -> Hit:
    said = masked_said(found["around"])[found["place"]]
    return Hit.model_validate({**said, "utterance": found["utterance"]})


def review_out(review: Review, reviewer: str, said: Said | None, show: Show) -> ReviewOut:
    """A review from its row, its texts as `show` shows them and its quotes as `said`, which is shown, reads."""
    columns = ("id", "call_id", "ruling", "rule", "created_at", "withdrawn_at")
    return ReviewOut(
        reviewer=reviewer,
        finding=show(_quoting(review.finding, said)),
        note=show(review.note),
        **{column: getattr(review, column) for column in columns},
    )


def _quoting(body: Mapping[str, Any], said: Said | None) -> dict[str, Any]:
    # A quote may be half a number: alone it looks like none, so it is taken from the text that is masked as a whole.
    quoted: dict[str, Any] = to_json(rules.mask_finding(read_finding(body), said)) if said else {}
    return {**body, **quoted}


def _finding(
    body: Mapping[str, Any], reviews: Sequence[tuple[Review, str]], said: Said | None, show: Show
) -> FindingOut:
    """A finding with the last review that was given on just this one and still stands."""
    own = [given for given in reviews if given[0].rule == body["rule"] and given[0].withdrawn_at is None]
    on_it = [given for given in own if concerns(_ruled(given[0]), read_finding(body))]
    out = FindingOut(review=review_out(*on_it[-1], said, show) if on_it else None, **_quoting(body, said))
    out.message, out.evidence = show(out.message), show(out.evidence)
    return out


def _ruled(review: Review) -> scoring.Review:
    return scoring.Review(review.ruling, read_finding(review.finding))


def detail(
    call: Call,
    transcript: Transcript | None,
    scorecard: Scorecard | None,
    reviews: Sequence[tuple[Review, str]],
    corrected: scoring.Scorecard | None,
    show: Show,
) -> CallDetail:
    """The detail of one call from its rows, its texts as `show` shows them."""
    out = CallDetail.model_validate(call)
    _bare(out, call, show)
    out.facts, out.recording_name, out.hold = show(out.facts), show(out.recording_name), show(out.hold)
    out.transcript = show(transcript.body) if transcript else None
    said = read_transcript(out.transcript) if out.transcript else None
    out.reviews = [review_out(*given, said, show) for given in reviews]
    if scorecard:
        card = partial(card_quoting, findings=scorecard.findings, said=said, show=show)
        out.scorecard, out.promises = card(scorecard.body) | {"packs": scorecard.packs}, show(scorecard.promises)
        out.findings = [_finding(finding, reviews, said, show) for finding in scorecards.with_ids(scorecard)]
        out.corrected = card(to_json(corrected)) if corrected else None
    return out


def scorecard(card: Scorecard, transcript: Transcript | None, show: Show) -> ScorecardOut:
    """One scorecard from its row and its call's transcript, its texts as `show` shows them."""
    said = read_transcript(show(transcript.body)) if transcript else None
    out = ScorecardOut.model_validate(card)
    out.body, out.promises = card_quoting(out.body, card.findings, said, show), show(out.promises)
    return out


def card_quoting(
    body: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], said: Said | None, show: Show
) -> dict[str, Any]:
    """A scorecard as JSON, its lines quoting `said`, which is shown: see `_quoting`."""
    quoting = {finding["message"]: _quoting(finding, said)["message"] for finding in findings}
    lines = [dict(line) for line in body["lines"]]
    for line in lines:
        for plain, shown in quoting.items():
            line["message"] = line["message"].replace(plain, shown)
    card: dict[str, Any] = show({**body, "lines": lines})
    return card
