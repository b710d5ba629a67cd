"""Calls, what was heard in them, and what the dialer says of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

#: How long the debt of a call is overdue, in months begun, 7: more than half a year; 8: nobody said. Not null then: of
#: those PostgreSQL does not know that an index holds them in the order of lists. As SQL, because a query finds an index
#: only by the very expression that it was made of; put as PostgreSQL does, for `db check`.
_MONTHS = "width_bucket((facts ->> 'overdue_days'::text)::integer, ARRAY[1, 31, 61, 91, 121, 151, 181])"
STAGE = f"COALESCE({_MONTHS}, 8)"


class Call(Base):
    """One contact with a debtor: its facts, its recording or text, its state, and its latest result for lists."""

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'transcribing', 'judging', 'scored', 'failed')", name="calls_status"),
        Index("calls_unfinished", "id", postgresql_where=text("status NOT IN ('scored', 'failed')")),
        # Each ends in what lists are ordered by, so that a page is read from its index and never sorted.
        Index("calls_newest", "happened_at", "id"),
        Index("calls_received", "received_at", "id"),
        Index("calls_rank", "rank", "id"),
        Index("calls_flagged", "happened_at", "id", postgresql_where=text("flagged")),
        Index("calls_status", "status", "happened_at", "id", postgresql_where=text("status <> 'scored'")),
        Index("calls_channel", "channel", "happened_at", "id", postgresql_where=text("channel <> 'call'")),
        Index("calls_agent", "agent_id", "happened_at", "id"),
        Index("calls_team", "team", "happened_at", "id"),
        Index(
            "calls_assigned",
            "assigned_to",
            "happened_at",
            "id",
            postgresql_where=text("assigned_to IS NOT NULL"),
        ),
        # Of the others that lists filter by, most hours of the night have no call at all.
        Index("calls_hour", text("EXTRACT(hour FROM timezone('Asia/Shanghai', happened_at))"), "happened_at", "id"),
        # Stages that hardly any debt is in, too.
        Index("calls_stage", text(STAGE), "happened_at", "id"),
        Index("calls_categories", "categories", postgresql_using="gin"),
        Index("calls_rules", "rules", postgresql_using="gin"),
        Index("calls_recording", "recording", postgresql_where=text("recording IS NOT NULL")),
        Index(
            "calls_debtor",
            text("(facts ->> 'debtor_id')"),
            "happened_at",
            "id",
            postgresql_where=text("facts ->> 'debtor_id' IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    posted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    #: The inspector who looks at it.
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    hold: Mapped[str | None]  #: why it must not be deleted, whatever its age; None: it may
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    template: Mapped[str]

    facts: Mapped[dict[str, Any]]  #: as posted; the columns below repeat what lists filter by
    channel: Mapped[str]
    started_at: Mapped[datetime | None]
    agent_id: Mapped[str | None]
    team: Mapped[str | None]
    #: when it took place, or was received if that is not known: stored, so that there are statistics to plan by
    happened_at: Mapped[datetime] = mapped_column(Computed("coalesce(started_at, received_at)", persisted=True))

    content: Mapped[str]  #: SHA-256 of what was posted, hex: how a repeated post is told from another one
    recording: Mapped[str | None]  #: SHA-256 of the audio, hex; None for a text
    recording_name: Mapped[str | None]
    recording_bytes: Mapped[int | None]

    status: Mapped[str] = mapped_column(server_default="queued")
    attempt: Mapped[int] = mapped_column(server_default="1")  #: the fence: only a job with this number may write
    failures: Mapped[int] = mapped_column(server_default="0")  #: since somebody last asked for it
    priority: Mapped[int] = mapped_column(server_default="0")
    progress: Mapped[float | None]  #: share transcribed so far, 0 to 1; None when nothing is being transcribed
    error: Mapped[str | None]
    error_code: Mapped[str | None]

    duration: Mapped[float | None]
    score: Mapped[float | None]
    #: the score as lists order by it: a missing one has a place too, so that paging never loses a call
    rank: Mapped[float] = mapped_column(Computed("coalesce(score, -1)", persisted=True))
    grade: Mapped[str | None]
    passed: Mapped[bool | None]
    flagged: Mapped[bool | None]
    attention: Mapped[list[str] | None]
    categories: Mapped[list[str] | None]  #: of failed findings; `ptp` where a promise was made
    rules: Mapped[list[str] | None]  #: that failed
    reviewed_at: Mapped[datetime | None]  #: when a person last gave a verdict that still stands


class RecordingUrl(Base):
    """Where a call's recording is to be fetched; gone once it is here."""

    __tablename__ = "recording_urls"

    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str]  #: may hold a signature: shown to nobody


class Dial(Base):
    """One row of the dialer's call detail records."""

    __tablename__ = "dials"
    __table_args__ = (
        Index("dials_started_at", "started_at"),
        Index("dials_external_id", "external_id"),
        Index("dials_debtor", "debtor_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  #: tells a row that is imported twice from another one
    external_id: Mapped[str | None]
    agent_id: Mapped[str | None]
    team: Mapped[str | None]
    debtor_id: Mapped[str | None]
    direction: Mapped[str | None]
    started_at: Mapped[datetime]
    seconds: Mapped[float | None]  #: of talk
    answered: Mapped[bool]
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Transcript(Base):
    """What was said in a call; made once, never changed."""

    __tablename__ = "transcripts"
    __table_args__ = (
        # The function is ours, see the migration. Without fastupdate: a search would read the list of what is pending.
        Index(
            "transcripts_said",
            text("search_terms(said, marks)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    engine: Mapped[str]
    body: Mapped[dict[str, Any]]  #: asr.Transcript
    said: Mapped[str]  #: all utterances as searching sees them, one a line: see app.store.search
    marks: Mapped[list[str]]  #: when, by whom, how: what of its call never changes, likewise


class Waveform(Base):
    """How loud a recording is over its length, to be drawn: made when first asked for."""

    __tablename__ = "waveforms"

    recording: Mapped[str] = mapped_column(primary_key=True)  #: SHA-256 of the audio, hex
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    body: Mapped[dict[str, Any]]  #: asr.Waveform
