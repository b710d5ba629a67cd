"""Reviews: people's verdicts on findings. A row is never changed but to note that it was withdrawn."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.pipeline import read_finding, to_json
from app.security import Principal
from app.tables import Call, Review, User
from rules import Finding
from scoring import Review as Ruled
from scoring import Ruling


def add(session: Session, call: Call, who: Principal, ruling: Ruling, finding: Finding, note: str) -> Review:
    """Keep a person's ruling on a finding of the call."""
    review = Review(
        call_id=call.id, user_id=who.user_id, ruling=ruling, rule=finding.rule, finding=to_json(finding), note=note
    )
    session.add(review)
    session.flush()
    _note(session, call)
    return review


def withdraw(session: Session, call: Call, review: Review, who: Principal) -> None:
    """Take a review back: what it was given on counts as the machine judged it.

    Raises:
        Conflict: it was withdrawn before.
    """
    if review.withdrawn_at:
        raise Conflict(f"复核 {review.id} 已被撤回", code="withdrawn")
    review.withdrawn_at, review.withdrawn_by = func.now(), who.user_id
    session.flush()
    _note(session, call)


def _note(session: Session, call: Call) -> None:
    given = select(func.max(Review.created_at)).where(Review.call_id == call.id, Review.withdrawn_at.is_(None))
    call.reviewed_at = session.scalar(given)


def get(session: Session, review_id: int) -> Review:
    """One review.

    Raises:
        NotFound: there is none.
    """
    review = session.get(Review, review_id, with_for_update=True)
    if review is None:
        raise NotFound(f"没有编号为 {review_id} 的复核")
    return review


def reviewer(session: Session, review: Review) -> str:
    """Who gave it."""
    return session.get_one(User, review.user_id).name


def standing(session: Session, call_id: int) -> list[Ruled]:
    """The call's reviews that were not withdrawn, oldest first, as scoring takes them."""
    rows = session.scalars(_of(call_id).where(Review.withdrawn_at.is_(None)))
    return [Ruled(row.ruling, read_finding(row.finding)) for row in rows]


def of_call(session: Session, call_id: int) -> Sequence[tuple[Review, str]]:
    """Every review of the call with the reviewer's name, withdrawn ones too, oldest first."""
    rows = _of(call_id).add_columns(User.name).join(User, User.id == Review.user_id)
    return [(row[0], row[1]) for row in session.execute(rows)]


def _of(call_id: int) -> Select[Review]:
    return select(Review).where(Review.call_id == call_id).order_by(Review.id)
