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
    """Keep a person's ruling on a finding of the call. What is sent twice is one review, and taken back as one."""
    said = {"user_id": who.user_id, "ruling": ruling, "finding": to_json(finding), "note": note}
    given = session.scalars(_standing(call.id).where(Review.rule == finding.rule)).all()
    for one in given if ruling == "missed" else given[-1:]:  # somebody may come back to an earlier verdict
        if all(getattr(one, name) == value for name, value in said.items()):
            return one
    review = Review(call_id=call.id, rule=finding.rule, **said)
    session.add(review)
    session.flush()
    _note(session, call)
    return review


def withdraw(session: Session, call: Call, review: Review, who: Principal) -> None:
    """Take a review back: it counts no more.

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
    rows = session.scalars(_standing(call_id))
    return [Ruled(row.ruling, read_finding(row.finding)) for row in rows]


def of_call(session: Session, call_id: int) -> Sequence[tuple[Review, str]]:
    """Every review of the call with the reviewer's name, withdrawn ones too, oldest first."""
    rows = _of(call_id).add_columns(User.name).join(User, User.id == Review.user_id)
    return [(row[0], row[1]) for row in session.execute(rows)]


def _of(call_id: int) -> Select[Review]:
    return select(Review).where(Review.call_id == call_id).order_by(Review.id)


def _standing(call_id: int) -> Select[Review]:
    return _of(call_id).where(Review.withdrawn_at.is_(None))
