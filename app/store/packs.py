"""Rule packs that are written and published here: a draft for each, and the versions that were published."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session, aliased

from app.errors import Conflict
from app.security import Principal, digest
from app.tables import PackVersion, User

_PUBLISHED: ColumnElement[bool] = PackVersion.published_at.is_not(None)


def draft(session: Session, pack: str) -> PackVersion | None:
    """The draft that people work on, if there is one; nobody else changes it before this transaction ends."""
    wanted = select(PackVersion).where(PackVersion.pack == pack, ~_PUBLISHED)
    return session.scalars(wanted.with_for_update()).one_or_none()


def drafts(session: Session) -> Sequence[str]:
    """The packs that have a draft."""
    return session.scalars(select(PackVersion.pack).where(~_PUBLISHED).order_by(PackVersion.pack)).all()


def save(session: Session, pack: str, body: str, replaces: str | None, who: Principal) -> PackVersion:
    """Keep the text as the pack's draft.

    Raises:
        Conflict: the draft is no longer the one with the digest `replaces`, None: that there was none.
    """
    # Two who begin a draft at the same moment must not both find none.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"tingjian.draft.{pack}"))))
    kept = _unchanged(draft(session, pack), replaces)
    if kept is None:
        kept = PackVersion(pack=pack, body=body, saved_by=who.user_id)
        session.add(kept)
    kept.body, kept.saved_by, kept.saved_at = body, who.user_id, func.now()
    session.flush()
    return kept


def discard(session: Session, pack: str, replaces: str) -> None:
    """Throw the draft away.

    Raises:
        Conflict: it is no longer the one with the digest `replaces`.
    """
    if kept := _unchanged(draft(session, pack), replaces):
        session.delete(kept)
    session.flush()


def _unchanged(kept: PackVersion | None, known: str | None) -> PackVersion | None:
    if (kept and digest(kept.body)) != known:
        raise Conflict("草稿已被别人改动，请刷新页面，以免覆盖", code="draft_changed")
    return kept


def published(session: Session, pack: str) -> Sequence[Row[PackVersion, str]]:
    """The versions that were published, newest first, each with who did."""
    publisher = aliased(User)
    wanted = select(PackVersion, publisher.name).join(publisher, publisher.id == PackVersion.published_by)
    return session.execute(wanted.where(PackVersion.pack == pack).order_by(*_NEWEST)).all()


_NEWEST = (PackVersion.published_at.desc(), PackVersion.id.desc())
