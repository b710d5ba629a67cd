"""API keys: made, checked, revoked."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.security import Permission, Principal, digest, new_secret
from app.tables import ApiKey, User


def add(
    session: Session,
    name: str,
    user: User,
    *,
    scopes: Iterable[Permission] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make a key of `user` and return its secret, which is not kept.

    Raises:
        Conflict: the name is taken.
    """
    secret = new_secret()
    values = {"name": name, "user_id": user.id, "prefix": secret[:8], "digest": digest(secret)}
    made = insert(ApiKey).values(values | {"scopes": scopes and sorted(scopes), "expires_at": expires_at})
    if session.scalar(made.on_conflict_do_nothing(index_elements=["name"]).returning(ApiKey.id)) is None:
        raise Conflict(f"已有名为 {name} 的密钥", code="name_taken")
    return secret


def renew(session: Session, name: str) -> str:
    """Give a key a new secret and return it; the old one ends at once. A revoked key lives again.

    Raises:
        NotFound: there is no such key.
    """
    secret = new_secret()
    values = {"prefix": secret[:8], "digest": digest(secret), "revoked_at": None}
    if session.scalar(update(ApiKey).where(ApiKey.name == name).values(values).returning(ApiKey.id)) is None:
        raise NotFound(f"没有名为 {name} 的密钥")
    return secret


def find(session: Session, secret: str) -> Principal | None:
    """The caller that `secret` belongs to, noting the use; None when unknown, revoked, expired or disabled."""
    valid = (
        select(ApiKey, User)
        .join(User)
        .where(
            ApiKey.digest == digest(secret),
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
            User.disabled_at.is_(None),
        )
    )
    row = session.execute(valid).one_or_none()
    if row is None:
        return None
    key, user = row
    _note_use(session, key)
    scopes = None if key.scopes is None else frozenset(key.scopes)
    return Principal(user.id, user.name, user.role, user.team, user.agent_id, scopes)


def _note_use(session: Session, key: ApiKey) -> None:
    # To the minute: a dialer that posts a hundred calls a second would wait for itself at this row.
    old = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - text("interval '1 minute'"))
    session.execute(update(ApiKey).where(ApiKey.id == key.id, old).values(last_used_at=func.now()))


def everyone(session: Session) -> list[tuple[ApiKey, User]]:
    """All keys with their users, revoked ones too, oldest first."""
    rows = session.execute(select(ApiKey, User).join(User).order_by(ApiKey.id))
    return [(key, user) for key, user in rows]


def revoke(session: Session, name: str) -> None:
    """End a key at once; its row stays as a record.

    Raises:
        NotFound: there is no such key, or it is revoked already.
    """
    ended = update(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None)).values(revoked_at=func.now())
    if session.scalar(ended.returning(ApiKey.id)) is None:
        raise NotFound(f"没有名为 {name} 的有效密钥")
