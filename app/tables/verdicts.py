"""What calls are judged by, and what came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base
from scoring import Ruling


class Scorecard(Base):
    """One template version applied to one transcript; re-scoring adds another."""

    __tablename__ = "scorecards"
    __table_args__ = (Index("scorecards_newest", "call_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    transcript_id: Mapped[int] = mapped_column(ForeignKey("transcripts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    template: Mapped[str]
    version: Mapped[int]
    packs: Mapped[dict[str, Any]]  #: pack id -> digest of the text it was judged by
    pack_versions: Mapped[dict[str, Any] | None]  #: pack id -> version; None: from a time when they were not kept
    template_digest: Mapped[str] = mapped_column(ForeignKey("templates.digest"))
    body: Mapped[dict[str, Any]]  #: scoring.Scorecard
    promises: Mapped[list[dict[str, Any]]]
    findings: Mapped[list[dict[str, Any]]]  #: rules.Finding, every rule that applied; one's id: app.store.scorecards


class StoredTemplate(Base):
    """A scoring template's text as calls were judged by it."""

    __tablename__ = "templates"

    digest: Mapped[str] = mapped_column(primary_key=True)  #: SHA-256 of the text, hex
    body: Mapped[dict[str, Any]]  #: scoring.Template
    kept_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PackVersion(Base):
    """A rule pack's text that was written here: a draft, one for each pack at most, or a version that was published."""

    __tablename__ = "pack_versions"
    __table_args__ = (
        UniqueConstraint("pack", "version"),
        Index("pack_versions_draft", "pack", unique=True, postgresql_where=text("published_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    pack: Mapped[str]
    version: Mapped[str | None]  #: as the text says; None: a draft
    body: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    saved_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    base: Mapped[str | None]  #: digest of the file of that name when it was published; None: there was none, or unknown


class Review(Base):
    """A person's verdict on a finding, or a finding that the machine missed."""

    __tablename__ = "reviews"
    __table_args__ = (CheckConstraint("ruling IN ('upheld', 'overturned', 'missed')", name="reviews_ruling"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ruling: Mapped[Ruling] = mapped_column(Text)
    rule: Mapped[str]
    finding: Mapped[dict[str, Any]]  #: rules.Finding as it was judged; of `missed`, as the reviewer would have it
    note: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
