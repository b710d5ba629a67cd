"""The tables, as SQLAlchemy typed models."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.security import Role


class Base(DeclarativeBase):
    """What every table shares."""

    type_annotation_map: ClassVar = {
        str: Text,
        int: BigInteger,
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(Text),
    }


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


class Call(Base):
    """One contact with a debtor: its facts, its recording or text, its state, and its latest result for lists."""

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'transcribing', 'judging', 'scored', 'failed')", name="calls_status"),
        Index("calls_unfinished", "id", postgresql_where=text("status NOT IN ('scored', 'failed')")),
        Index("calls_newest", "received_at", "id"),
        Index("calls_flagged", "received_at", "id", postgresql_where=text("flagged")),
        Index("calls_agent", "agent_id", "received_at", "id"),
        Index("calls_categories", "categories", postgresql_using="gin"),
        Index("calls_rules", "rules", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    posted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    #: The inspector who looks at it.
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    template: Mapped[str]

    facts: Mapped[dict[str, Any]]  #: as posted; the columns below repeat what lists filter by
    channel: Mapped[str]
    started_at: Mapped[datetime | None]
    agent_id: Mapped[str | None]
    team: Mapped[str | None]

    content: Mapped[str]  #: SHA-256 of what was posted, hex: how a repeated post is told from another one
    recording: Mapped[str | None]  #: SHA-256 of the audio, hex; None for a text
    recording_name: Mapped[str | None]
    recording_bytes: Mapped[int | None]

    status: Mapped[str] = mapped_column(server_default="queued")
    attempt: Mapped[int] = mapped_column(server_default="1")  #: the fence: only a job with this number may write
    failures: Mapped[int] = mapped_column(server_default="0")  #: since the last retry by hand
    priority: Mapped[int] = mapped_column(server_default="0")
    progress: Mapped[float | None]  #: share transcribed so far, 0 to 1; None when nothing is being transcribed
    error: Mapped[str | None]
    error_code: Mapped[str | None]

    duration: Mapped[float | None]
    score: Mapped[float | None]
    grade: Mapped[str | None]
    passed: Mapped[bool | None]
    flagged: Mapped[bool | None]
    attention: Mapped[list[str] | None]
    categories: Mapped[list[str] | None]  #: of failed findings
    rules: Mapped[list[str] | None]  #: that failed


class Transcript(Base):
    """What was said in a call; made once, never changed."""

    __tablename__ = "transcripts"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    engine: Mapped[str]
    body: Mapped[dict[str, Any]]  #: asr.Transcript
    text: Mapped[str]  #: all utterances, one a line, for searching


class Scorecard(Base):
    """One template version applied to one transcript; re-scoring adds another."""

    __tablename__ = "scorecards"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    transcript_id: Mapped[int] = mapped_column(ForeignKey("transcripts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    template: Mapped[str]
    version: Mapped[int]
    packs: Mapped[dict[str, Any]]  #: pack id -> digest of the text it was judged by
    body: Mapped[dict[str, Any]]  #: scoring.Scorecard
    promises: Mapped[list[dict[str, Any]]]


class Finding(Base):
    """One rule's verdict, belonging to one scorecard."""

    __tablename__ = "findings"
    __table_args__ = (UniqueConstraint("scorecard_id", "rule"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecards.id", ondelete="CASCADE"))
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    rule: Mapped[str]
    category: Mapped[str]
    title: Mapped[str]
    severity: Mapped[str]
    expect: Mapped[str]
    verdict: Mapped[str]
    message: Mapped[str]
    evidence: Mapped[list[dict[str, Any]]]


class AuditEntry(Base):
    """One thing that somebody did; the database refuses to change or delete it."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("previous"), Index("ix_audit_actor", "actor", "id"))

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


class Tally(Base):
    """A count that only grows, kept by every worker together with the result it counts; see app.store.tallies."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[float]
