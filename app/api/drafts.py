"""Drafts of rule packs: written, checked and thrown away; nothing is judged by them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from app import drafts
from app.api.access import RuleWriter, ServiceDep, SessionDep, Trier
from app.comparing import Change, Outcome, compare
from app.errors import NotFound, Unprocessable
from app.masking import masked_id
from app.pipeline import Judge
from app.schemas import printable
from app.security import digest
from app.store import packs
from app.tables import PackVersion, User
from app.turns import Turns
from app.wording import language_of
from rules import Finding, RuleError
from scoring import TemplateError

router = APIRouter(prefix="/v1/rules/packs", tags=["规则"])

#: Judging 500 calls twice takes a core for seconds.
_COMPARING = Turns(1, "正在对比另一份草稿，请稍后重试", again=10)

#: Proving a pack by its examples takes a core for as long, and one with bad expressions for a minute.
_CHECKING = Turns(2, "正在核对别的草稿，请稍后重试", again=10, patience=10)

Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class DraftIn(BaseModel):
    """The text, and the digest of the draft that it was made from; null: of none.

    `base` is the digest of the pack's file as whoever began the text had it; null: that of the draft before, or else of
    the file as it is now. An upgrade may change the file while somebody writes.
    """

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(min_length=1, max_length=400_000), AfterValidator(printable)]
    replaces: Digest | None = None
    base: Digest | None = None


class FaultOut(BaseModel):
    """One thing wrong; `line` is counted from 1."""

    line: int
    message: str


class DraftOut(BaseModel):
    """A draft; one with faults cannot be published."""

    text: str
    digest: str  #: SHA-256 of the text, hex
    saved_at: datetime
    saved_by: str
    faults: Annotated[list[FaultOut], Field(description="逐行的错误；没有错误才能发布")]


@router.get("/{pack}/draft")
def get_draft(pack: str, request: Request, service: ServiceDep, session: SessionDep, _: Trier) -> DraftOut:
    """The pack's draft and what is wrong with it."""
    kept = draft_of(session, pack)
    return _out(request, session, kept, checked_faults(packs.follow(session, service.judge), pack, kept.body))


@router.put("/{pack}/draft")
def save_draft(
    pack: str, body: DraftIn, request: Request, service: ServiceDep, session: SessionDep, who: RuleWriter
) -> DraftOut:
    """Keep a text as the pack's draft, with faults or without."""
    judge = packs.follow(session, service.judge)
    judge.book.text(pack)
    found = checked_faults(judge, pack, body.text)
    kept = packs.save(session, pack, body.text, body.replaces, who, body.base)
    kept.base = kept.base or packs.file_digest(judge.book, pack)  # drafts of older releases have none
    session.flush()
    return _out(request, session, kept, found)


@router.delete("/{pack}/draft", status_code=204)
def discard_draft(pack: str, replaces: Digest, session: SessionDep, _: RuleWriter) -> None:
    """Throw the pack's draft away; `replaces`: the digest of the one meant."""
    packs.discard(session, pack, replaces)


class CompareIn(BaseModel):
    """How many of the newest calls to look at."""

    model_config = ConfigDict(extra="forbid")

    last: Annotated[int, Field(ge=1, le=500)] = 200


class FoundOut(BaseModel):
    """A finding that is in one of the judgements only."""

    rule: str
    title: str
    category: str
    quotes: list[str]


class ResultOut(BaseModel):
    """What a call comes to; without a score where its template does not judge by the pack."""

    score: float | None = None
    grade: str | None = None
    passed: bool | None = None
    flagged: bool | None = None


class ChangeOut(BaseModel):
    """A call of which the draft makes something else."""

    call_id: int
    external_id: str | None
    happened_at: datetime
    before: ResultOut
    after: ResultOut
    gained: list[FoundOut]
    lost: list[FoundOut]


class RuleChange(BaseModel):
    """How many calls gain and lose a finding of a rule."""

    rule: str
    gained: int
    lost: int


class ComparisonOut(BaseModel):
    """What the draft would change, by the machine alone: reviews are left out on both sides."""

    calls: int
    skipped: Annotated[int, Field(description="其评分模板已不能用、未对比的通话数")]
    rules: list[RuleChange]
    changes: list[ChangeOut]


@router.post("/{pack}/compare")
def compare_draft(pack: str, service: ServiceDep, who: RuleWriter, body: CompareIn | None = None) -> ComparisonOut:
    """What the pack's draft would change in the newest calls within reach. Nothing is stored."""
    with _COMPARING:
        with service.database.transaction() as session:  # which ends before the judging, that takes its time
            text, judge = draft_of(session, pack).body, packs.follow(session, service.judge)
        try:
            found = compare(service.database, judge, pack, text, who, (body or CompareIn()).last)
        except (RuleError, TemplateError) as error:
            raise Unprocessable(str(error), code="bad_rules") from error
    rules = [RuleChange(rule=rule, gained=more, lost=less) for rule, (more, less) in found.by_rule().items()]
    changes = [_change(change) for change in found.changes]
    return ComparisonOut(calls=found.calls, skipped=found.skipped, rules=rules, changes=changes)


def _change(change: Change) -> ChangeOut:
    call = change.call
    return ChangeOut(
        call_id=call.id,
        external_id=call.external_id and masked_id(call.external_id),
        happened_at=call.happened_at,
        before=_result(change.before),
        after=_result(change.after),
        gained=[_found(finding) for finding in change.gained],
        lost=[_found(finding) for finding in change.lost],
    )


def _result(outcome: Outcome) -> ResultOut:
    return ResultOut.model_validate(outcome.scorecard, from_attributes=True) if outcome.scorecard else ResultOut()


def _found(finding: Finding) -> FoundOut:
    quotes = [shown.quote for shown in finding.evidence]
    return FoundOut(rule=finding.rule, title=finding.title, category=finding.category, quotes=quotes)


def draft_of(session: Session, pack: str, *, lock: bool = False) -> PackVersion:
    """The pack's draft; `lock`: nobody else changes it before this transaction ends.

    Raises:
        NotFound: there is none.
    """
    kept = packs.draft(session, pack, lock=lock)
    if kept is None:
        raise NotFound(f"规则包 {pack} 没有草稿")
    return kept


def checked_faults(judge: Judge, pack: str, text: str) -> list[drafts.Mark]:
    """What is wrong with a draft, a few at a time: slow ones would take every core. Raises Busy."""
    with _CHECKING:
        return drafts.faults(judge, pack, text)


def _out(request: Request, session: Session, kept: PackVersion, found: list[drafts.Mark]) -> DraftOut:
    session.refresh(kept)
    language = language_of(request)
    return DraftOut(
        text=kept.body,
        digest=digest(kept.body),
        saved_at=kept.saved_at,
        saved_by=session.get_one(User, kept.saved_by).name,
        faults=[FaultOut(line=mark.line, message=mark.message(language)) for mark in found],
    )
