"""Scorecards: judgements as they were made, and the result that a call is shown with."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

import scoring
from app.errors import NotFound
from app.kinds import kind
from app.pipeline import Judgement, read_finding, scorecard_row
from app.store import reviews, templates
from app.tables import Call, Scorecard
from rules import Finding

#: A finding's id is its scorecard's id times this, plus its place there: findings are read and written only together,
#: and as rows of their own forty of them took most of the time and four fifths of the room of a judgement.
_PLACES = 10_000


def add(session: Session, call: Call, transcript_id: int, judgement: Judgement) -> Scorecard:
    """Keep a judgement and show it, as people have reviewed it, as the call's result."""
    (scorecard,) = add_all(session, {call: (transcript_id, judgement)})
    return scorecard


def add_all(session: Session, judged: Mapping[Call, tuple[int, Judgement]]) -> list[Scorecard]:
    """Keep the judgement of each call on one of its transcripts, and show it as its result."""
    # By identity: a judge loads a template once, and comparing whole templates would take longer than storing a card.
    used = {id(judgement.template): judgement.template for _, judgement in judged.values()}
    digests = {key: templates.keep(session, template) for key, template in used.items()}
    added = [
        Scorecard(
            call_id=call.id,
            transcript_id=transcript_id,
            template_digest=digests[id(judgement.template)],
            **scorecard_row(judgement),
        )
        for call, (transcript_id, judgement) in judged.items()
    ]
    session.add_all(added)
    session.flush()
    for (call, (_, judgement)), scorecard in zip(judged.items(), added, strict=True):
        if call.reviewed_at:
            findings, card = corrected(session, scorecard)
            show(call, card, findings)
        else:
            show(call, judgement.scorecard, judgement.findings)
    return added


def show(call: Call, card: scoring.Scorecard, findings: Sequence[Finding]) -> None:
    """Make this the result that lists show."""
    for column, value in shown(card, findings).items():
        setattr(call, column, value)


def show_again(session: Session, call: Call) -> None:
    """Show the newest judgement under the reviews that stand now."""
    if scorecard := newest(session, call.id):
        findings, card = corrected(session, scorecard)
        show(call, card, findings)


def shown(card: scoring.Scorecard, findings: Sequence[Finding]) -> dict[str, Any]:
    """A result as columns of its call."""
    return {
        "template": card.template,
        "score": card.score,
        "grade": card.grade,
        "passed": card.passed,
        "flagged": card.flagged,
        "attention": list(card.attention),
        "categories": sorted({finding.category for finding in findings if _told(finding)}),
        "rules": sorted(finding.rule for finding in findings if finding.verdict == "failed"),
        "status": "scored",
        "error": None,
        "error_code": None,
    }


def _told(finding: Finding) -> bool:
    """Whether its category is one of the call's. A promise is hoped for: there where it was made."""
    return finding.verdict == ("passed" if kind(finding.category) == "promise" else "failed")


def corrected(session: Session, scorecard: Scorecard) -> tuple[tuple[Finding, ...], scoring.Scorecard]:
    """The judgement as it stands under the reviews of its call, scored by the template it was made with."""
    findings = scoring.reviewed(findings_of(scorecard), reviews.standing(session, scorecard.call_id))
    return findings, scoring.score(templates.get(session, scorecard.template_digest), findings)


def findings_of(scorecard: Scorecard) -> list[Finding]:
    """The findings as the machine judged them."""
    return [read_finding(finding) for finding in scorecard.findings]


def with_ids(scorecard: Scorecard) -> list[Mapping[str, Any]]:
    """The findings as JSON, each with its id."""
    first = scorecard.id * _PLACES
    return [{"id": first + place, **finding} for place, finding in enumerate(scorecard.findings)]


def of_finding(session: Session, finding_id: int) -> tuple[Scorecard, Finding]:
    """The scorecard that a finding belongs to, and the finding.

    Raises:
        NotFound: there is no such finding.
    """
    card_id, place = divmod(finding_id, _PLACES)
    scorecard = session.get(Scorecard, card_id)
    if scorecard is None or place >= len(scorecard.findings):
        raise NotFound(f"没有编号为 {finding_id} 的质检结果")
    return scorecard, findings_of(scorecard)[place]


def newest(session: Session, call_id: int) -> Scorecard | None:
    """The scorecard that counts."""
    return session.scalars(_of(call_id).limit(1)).one_or_none()


def every(session: Session, call_id: int) -> Sequence[Scorecard]:
    """Every scorecard of the call, newest first."""
    return session.scalars(_of(call_id)).all()


def _of(call_id: int) -> Select[Scorecard]:
    return select(Scorecard).where(Scorecard.call_id == call_id).order_by(Scorecard.id.desc())
