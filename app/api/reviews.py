"""What people say of findings: upheld, overturned, missed; and taking it back."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from app.api.access import CallId, Reviewer, SessionDep, about
from app.api.schemas import ReviewOut, review_out
from app.errors import Conflict, Forbidden, NotFound, Unprocessable
from app.masking import masked
from app.pipeline import read_transcript
from app.schemas import Label, printable
from app.security import Principal
from app.store import calls, reviews, scorecards
from app.tables import Call, Review, User
from asr.transcript import Transcript
from rules import CATEGORIES, Category, Evidence, Finding
from scoring import Ruling

router = APIRouter(prefix="/v1", tags=["复核"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(printable)]


class ReviewIn(BaseModel):
    """A verdict on a finding."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["upheld", "overturned"]
    note: Note = ""


class MissedIn(BaseModel):
    """A finding that the machine missed, by rule or by category, and the words it rests on."""

    model_config = ConfigDict(extra="forbid")

    rule: Label | None = None
    category: Category | None = None
    utterance: Annotated[int, Field(ge=0)]
    span: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] | None = None  #: None: the whole utterance
    note: Note = ""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.rule is None) == (self.category is None):
            raise PydanticCustomError("rule_or_category", "写 rule 或 category 其中一个")
        return self


@router.post("/findings/{finding_id}/review", status_code=201)
def review_finding(finding_id: Id, body: ReviewIn, request: Request, session: SessionDep, who: Reviewer) -> ReviewOut:
    """Uphold or overturn a finding; its last verdict counts, and the score follows. Sent twice, it is one."""
    scorecard, finding = scorecards.of_finding(session, finding_id)
    call = _call(session, scorecard.call_id, who, f"没有编号为 {finding_id} 的质检结果")
    about(request, call.id)
    calls.lock_scored(session, call)
    newest = scorecards.newest(session, call.id)
    if newest is None or newest.id != scorecard.id:
        raise Conflict(f"通话 {call.id} 已重新评分，请复核最新的结果", code="not_newest")
    return _kept(session, call, who, body.verdict, finding, body.note)


@router.post("/calls/{call_id}/findings", status_code=201)
def add_finding(call_id: CallId, body: MissedIn, session: SessionDep, who: Reviewer) -> ReviewOut:
    """Add what the machine missed; it counts as a failed finding. Sent twice, it is one."""
    call = calls.get(session, call_id, who)
    calls.lock_scored(session, call)
    transcript, scorecard = calls.transcript_of(session, call_id), scorecards.newest(session, call_id)
    assert transcript is not None
    assert scorecard is not None
    shown = _evidence(read_transcript(transcript.body), body)
    finding = _missed(scorecards.findings_of(scorecard), body, shown)
    return _kept(session, call, who, "missed", finding, body.note)


@router.delete("/reviews/{review_id}")
def withdraw_review(review_id: Id, request: Request, session: SessionDep, who: Reviewer) -> ReviewOut:
    """Take a review back; it stays on record, and counts no more."""
    review = reviews.get(session, review_id)
    call = _call(session, review.call_id, who, f"没有编号为 {review_id} 的复核")
    about(request, call.id)
    _may_withdraw(session, review, who)
    calls.lock_scored(session, call)
    reviews.withdraw(session, call, review, who)
    scorecards.show_again(session, call)
    session.flush()
    return _out(session, review)


def _call(session: Session, call_id: int, who: Principal, unknown: str) -> Call:
    try:
        return calls.get(session, call_id, who)
    except NotFound as error:  # nor does the answer tell that it is there, or of which call
        raise NotFound(unknown) from error


def _may_withdraw(session: Session, review: Review, who: Principal) -> None:
    reviewer = session.get_one(User, review.user_id)
    if reviewer.role == "supervisor" and who.role != "supervisor":
        raise Forbidden("主管的复核只能由主管撤回")


def _kept(session: Session, call: Call, who: Principal, ruling: Ruling, finding: Finding, note: str) -> ReviewOut:
    review = reviews.add(session, call, who, ruling, finding, note)
    scorecards.show_again(session, call)
    return _out(session, review)


def _out(session: Session, review: Review) -> ReviewOut:
    transcript = calls.transcript_of(session, review.call_id)
    said = read_transcript(masked(transcript.body)) if transcript else None
    return review_out(review, reviews.reviewer(session, review), said, masked)


def _evidence(transcript: Transcript, body: MissedIn) -> Evidence:
    if body.utterance >= len(transcript.utterances):
        raise Unprocessable(f"utterance: 通话只有 {len(transcript.utterances)} 句", code="no_such_utterance")
    said = transcript.utterances[body.utterance]
    span = body.span or (0, len(said.text))
    if not span[0] < span[1] <= len(said.text):
        raise Unprocessable(f"span: 须在这一句的 {len(said.text)} 个字之内", code="bad_span")
    return Evidence(body.utterance, span, said.text[slice(*span)], *said.seconds(span), confidence=1.0)


def _missed(findings: list[Finding], body: MissedIn, shown: Evidence) -> Finding:
    # No quote: the message also stands in the scorecard, where half a number could not be told for one.
    message = f"人工补充：第 {shown.utterance + 1} 句"
    if body.category:
        title = CATEGORIES[body.category]
        return Finding(f"manual.{body.category}", body.category, title, "major", "absent", "failed", message, (shown,))
    for finding in findings:
        if finding.rule == body.rule:
            return replace(finding, verdict="failed", message=message, evidence=(shown,))
    raise Unprocessable(f"rule: 这通电话没有按规则 {body.rule} 检查；请改用 category", code="no_such_rule")
