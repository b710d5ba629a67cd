"""The tables, as SQLAlchemy typed models."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
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
from scoring import Ruling

#: How long the debt of a call is overdue, in months begun, 7: more than half a year; null: nobody said. As SQL, because
#: a query finds an index only by the very expression that it was made of; put as PostgreSQL does, for `db check`.
STAGE = "width_bucket((facts ->> 'overdue_days'::text)::integer, ARRAY[1, 31, 61, 91, 121, 151, 181])"


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
    failures: Mapped[int] = mapped_column(server_default="0")  #: since the last retry by hand
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
    categories: Mapped[list[str] | None]  #: of failed findings
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


class View(Base):
    """A list of calls that somebody comes back to."""

    __tablename__ = "views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]  #: of the list's address


class Waveform(Base):
    """How loud a recording is over its length, to be drawn: made when first asked for."""

    __tablename__ = "waveforms"

    recording: Mapped[str] = mapped_column(primary_key=True)  #: SHA-256 of the audio, hex
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    body: Mapped[dict[str, Any]]  #: asr.Waveform


class DayTotal(Base):
    """Numbers of one day that is over, counted in advance: one row for every group that statistics ask for."""

    __tablename__ = "day_totals"

    kind: Mapped[str] = mapped_column(primary_key=True)  #: what `key` is: see app.store.statistics
    day: Mapped[date] = mapped_column(primary_key=True)  #: in Asia/Shanghai
    team: Mapped[str] = mapped_column(primary_key=True)  #: empty: calls of no team
    key: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int]
    scored: Mapped[int]
    passed: Mapped[int]
    flagged: Mapped[int]
    reviewed: Mapped[int]
    failed: Mapped[int]  #: could not be judged
    compliant: Mapped[int]  #: scored, and nothing found that must not be done
    complete: Mapped[int]  #: scored, and no step missed
    violations: Mapped[int]  #: kinds of them, summed over calls
    score: Mapped[float]  #: sum over calls that have one
    with_score: Mapped[int]
    seconds: Mapped[float]  #: of recording


class StaleDay(Base):
    """A day whose totals no longer hold, because a call of it changed; one row for each change."""

    __tablename__ = "stale_days"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    day: Mapped[date] = mapped_column(index=True)


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
