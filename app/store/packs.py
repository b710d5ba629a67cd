"""Rule packs that are written and published here: a draft for each, and the versions that were published."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session, aliased

from app.errors import Conflict
from app.pipeline import Judge
from app.rulebook import Rulebook
from app.security import Principal, digest
from app.tables import PackVersion, User

_PUBLISHED: ColumnElement[bool] = PackVersion.published_at.is_not(None)
#: A pack has one draft at a time, so its versions were published in the order in which they were begun; clocks of two
#: machines need not agree on it.
_ORDER = PackVersion.id


def draft(session: Session, pack: str, *, lock: bool = False) -> PackVersion | None:
    """The draft that people work on, if there is one; `lock`: nobody else changes it before this transaction ends."""
    wanted = select(PackVersion).where(PackVersion.pack == pack, ~_PUBLISHED)
    return session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()


def drafts(session: Session) -> Sequence[str]:
    """The packs that have a draft."""
    return session.scalars(select(PackVersion.pack).where(~_PUBLISHED).order_by(PackVersion.pack)).all()


def save(session: Session, pack: str, body: str, replaces: str | None, who: Principal, base: str | None) -> PackVersion:
    """Keep the text as the pack's draft; `base`: the digest of the file that it was begun from, None: as before.

    Raises:
        Conflict: the draft is no longer the one with the digest `replaces`, None: that there was none.
    """
    # Two who begin a draft at the same moment must not both find none.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"tingjian.draft.{pack}"))))
    kept = _unchanged(draft(session, pack, lock=True), replaces)
    if kept is None:
        kept = PackVersion(pack=pack, body=body, saved_by=who.user_id)
        session.add(kept)
    kept.body, kept.saved_by, kept.saved_at, kept.base = body, who.user_id, func.now(), base or kept.base
    session.flush()
    return kept


def discard(session: Session, pack: str, replaces: str) -> None:
    """Throw the draft away.

    Raises:
        Conflict: it is no longer the one with the digest `replaces`.
    """
    if kept := _unchanged(draft(session, pack, lock=True), replaces):
        session.delete(kept)
    session.flush()


def _unchanged(kept: PackVersion | None, known: str | None) -> PackVersion | None:
    if (kept and digest(kept.body)) != known:
        raise Conflict("草稿已被别人改动，请刷新页面，以免覆盖", code="draft_changed")
    return kept


def publish(session: Session, kept: PackVersion, version: str, who: Principal) -> None:
    """Make a draft the version that calls are judged by from now on.

    Raises:
        Conflict: that version was published before.
    """
    same = select(PackVersion.id).where(PackVersion.pack == kept.pack, PackVersion.version == version)
    if session.scalar(same):
        raise Conflict(f"规则包 {kept.pack} 的版本 {version} 已经发布过，请改写 version", code="same_version")
    kept.version, kept.published_at, kept.published_by = version, func.clock_timestamp(), who.user_id
    session.flush()


def follow(session: Session, judge: Judge) -> Judge:
    """Have `judge` judge by what is published by now, and return it: one count, unless there is something new."""
    if session.scalar(select(func.count()).where(_PUBLISHED)) != judge.book.edition:
        # From one look, so that number and texts belong together.
        rows = session.execute(select(PackVersion.pack, PackVersion.body).where(_PUBLISHED).order_by(_ORDER)).all()
        judge.follow(len(rows), {row.pack: row.body for row in rows})
    return judge


def outgrown(session: Session, book: Rulebook) -> Mapping[str, str]:
    """By pack in force, the text of the file it hides, where that is not the one that it was begun from.

    An upgrade brings newer files, and what was published stays in front of them until somebody looks. Of what was
    published before that was kept, nobody knows.
    """
    bases = {
        row.pack: row.base
        for row in session.execute(select(PackVersion.pack, PackVersion.base).where(_PUBLISHED).order_by(_ORDER))
    }
    found = {pack: newer(book, pack, base, book.text(pack)) for pack, base in bases.items()}
    return {pack: text for pack, text in found.items() if text}


def file_digest(book: Rulebook, pack: str) -> str | None:
    """The digest of what the pack's file says; None: there is none."""
    text = book.file(pack)
    return digest(text) if text else None


def newer(book: Rulebook, pack: str, base: str | None, body: str) -> str | None:
    """What the pack's file says, if that is neither `body` nor what it was begun from, whose digest is `base`."""
    text = book.file(pack)
    return text if text and base and digest(text) not in (base, digest(body)) else None


def published(session: Session, pack: str) -> Sequence[Row[PackVersion, str]]:
    """The versions that were published, newest first, each with who did."""
    publisher = aliased(User)
    wanted = select(PackVersion, publisher.name).join(publisher, publisher.id == PackVersion.published_by)
    return session.execute(wanted.where(PackVersion.pack == pack).order_by(_ORDER.desc())).all()
