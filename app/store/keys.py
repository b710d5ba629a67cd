"""API keys: made, checked, revoked."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.security import Principal, Role, digest, new_secret
from app.tables import ApiKey


def add(session: Session, name: str, role: Role) -> str:
    """Make a key and return its secret, which is not kept.

    Raises:
        Conflict: the name is taken.
    """
    secret = new_secret()
    made = insert(ApiKey).values(name=name, role=role, prefix=secret[:8], digest=digest(secret))
    if session.scalar(made.on_conflict_do_nothing(index_elements=["name"]).returning(ApiKey.id)) is None:
        raise Conflict(f"已有名为 {name} 的密钥")
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
    """The caller that `secret` belongs to, noting the use; None when unknown or revoked."""
    used = (
        update(ApiKey)
        .where(ApiKey.digest == digest(secret), ApiKey.revoked_at.is_(None))
        .values(last_used_at=func.now())
        .returning(ApiKey.id, ApiKey.name, ApiKey.role)
    )
    row = session.execute(used).one_or_none()
    return Principal(row.id, row.name, row.role) if row else None


def everyone(session: Session) -> Sequence[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.id)).all()


def revoke(session: Session, name: str) -> None:
    """End a key at once; its row stays as a record.

    Raises:
        NotFound: there is no such key, or it is revoked already.
    """
    ended = update(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None)).values(revoked_at=func.now())
    if session.scalar(ended.returning(ApiKey.id)) is None:
        raise NotFound(f"没有名为 {name} 的有效密钥")
