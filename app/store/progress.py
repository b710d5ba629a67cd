"""Calls on their way: what waits, what is being worked on, what has just changed."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.security import Principal
from app.store.reach import within
from app.tables import Call

#: What the index `calls_unfinished` holds.
_UNFINISHED = Call.status.not_in(("scored", "failed"))


def waiting(session: Session, who: Principal) -> int:
    """How many calls within reach wait."""
    queued = select(func.count()).where(_UNFINISHED, Call.status == "queued", within(who))
    return session.scalar(queued) or 0


def working(session: Session, who: Principal) -> Sequence[Call]:
    """The calls within reach that are being worked on, the newest 1000."""
    busy = select(Call).where(_UNFINISHED, Call.status != "queued", within(who))
    return session.scalars(busy.order_by(Call.id.desc()).limit(1000)).all()


def of(session: Session, who: Principal, ids: Collection[int]) -> Sequence[Call]:
    """Those of the calls that are within reach."""
    return session.scalars(select(Call).where(Call.id.in_(ids), within(who)).order_by(Call.updated_at)).all()
