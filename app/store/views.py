"""Saved views: lists that somebody comes back to, by name."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.security import Principal
from app.tables import View

#: Of one user: more than anybody finds anything in.
MOST = 30


def of(session: Session, who: Principal) -> Sequence[View]:
    """The views of `who`, oldest first."""
    return session.scalars(select(View).where(View.user_id == who.user_id).order_by(View.id)).all()


def save(session: Session, who: Principal, name: str, query: str) -> None:
    """Keep a view of `who`; one of the same name is replaced.

    Raises:
        Conflict: there are too many.
    """
    kept = insert(View).values(user_id=who.user_id, name=name, query=query)
    session.execute(kept.on_conflict_do_update(index_elements=["user_id", "name"], set_={"query": query}))
    count = session.scalar(select(func.count()).where(View.user_id == who.user_id)) or 0
    if count > MOST:
        raise Conflict(f"最多保存 {MOST} 个视图，请先删除不用的", code="too_many_views")


def remove(session: Session, who: Principal, view_id: int) -> None:
    """Forget a view of `who`; nobody else's."""
    session.execute(delete(View).where(View.id == view_id, View.user_id == who.user_id))
