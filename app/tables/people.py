"""Who works with the service, and what they did."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.security import Role
from app.tables.base import Base


class User(Base):
    """Somebody who works with the service: a person, or a machine that has a key and no password."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[Role] = mapped_column(Text)
    team: Mapped[str | None]  #: the reach of a supervisor or inspector; None: every team
    agent_id: Mapped[str | None]  #: whose calls a collector sees, as call facts name them
    password: Mapped[str | None]  #: argon2id hash; None: cannot sign in with a password
    subject: Mapped[str | None] = mapped_column(unique=True)  #: of an OpenID Connect login, as `issuer subject`
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")  #: wrong passwords since the last right one
    locked_until: Mapped[datetime | None]


class ApiKey(Base):
    """A user's credential for programs; the secret itself is shown once and never stored."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str] | None]  #: what it may do of what its user may; None: all of it
    prefix: Mapped[str]  #: the secret's first characters, to recognise it by
    digest: Mapped[str] = mapped_column(unique=True)  #: SHA-256 of the secret, hex
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class UserSession(Base):
    """A browser that somebody signed in with; its token is in a cookie and never stored."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)  #: SHA-256 of the token, hex
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class View(Base):
    """A list of calls that somebody comes back to."""

    __tablename__ = "views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]  #: of the list's address


class AuditEntry(Base):
    """One thing that somebody did; the database refuses to change or delete it."""

    __tablename__ = "audit"
    __table_args__ = (
        UniqueConstraint("previous"),
        Index("ix_audit_actor", "actor", "id"),
        Index("ix_audit_action", "action", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]  #: the user's name, as it was
    action: Mapped[str]  #: the operation, as OpenAPI names it
    #: Not a foreign key: what was done to a call that is deleted since stays on record.
    call_id: Mapped[int | None] = mapped_column(index=True)
    address: Mapped[str | None]
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str]  #: the hash of the entry before
    hash: Mapped[str]  #: SHA-256 over `previous` and everything said here, hex
