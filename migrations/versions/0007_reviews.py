"""Reviews; findings inside their scorecard; the templates that scorecards were made with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

_JSON = postgresql.JSONB(astext_type=sa.Text())
_TIME = postgresql.TIMESTAMP(timezone=True)
_COLUMNS = "rule, category, title, severity, expect, verdict, message, evidence"


def _made_at(name: str) -> sa.Column[object]:
    return sa.Column(name, _TIME, server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "templates",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", _JSON, nullable=False),
        _made_at("kept_at"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _made_at("created_at"),
        sa.Column("ruling", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("finding", _JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", _TIME, nullable=True),
        sa.Column("withdrawn_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("ruling IN ('upheld', 'overturned', 'missed')", name="reviews_ruling"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reviews_call_id", "reviews", ["call_id"])
    op.create_table(
        "waveforms",
        sa.Column("recording", sa.Text(), nullable=False),
        _made_at("made_at"),
        sa.Column("body", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("recording"),
    )
    op.drop_index("ix_scorecards_call_id", "scorecards")
    op.create_index("scorecards_newest", "scorecards", ["call_id", "id"])
    _move_findings()


def _move_findings() -> None:
    op.add_column("scorecards", sa.Column("findings", _JSON, server_default="[]", nullable=False))
    op.alter_column("scorecards", "findings", server_default=None)
    op.execute(f"""
        UPDATE scorecards SET findings = moved.findings FROM (
            SELECT scorecard_id,
                jsonb_agg(to_jsonb(finding) - '{{scorecard_id,place}}'::text[] ORDER BY place) AS findings
            FROM (SELECT scorecard_id, id AS place, {_COLUMNS} FROM findings) AS finding GROUP BY scorecard_id
        ) AS moved WHERE moved.scorecard_id = scorecards.id
    """)  # noqa: S608 - our own column names
    op.drop_table("findings")
    # What older scorecards were made with was not kept: they point at an empty text, and a review asks for a new one.
    op.add_column("scorecards", sa.Column("template_digest", sa.Text(), server_default="", nullable=False))
    op.alter_column("scorecards", "template_digest", server_default=None)
    op.execute("INSERT INTO templates (digest, body) SELECT '', 'null' WHERE EXISTS (SELECT FROM scorecards)")
    op.create_foreign_key("scorecards_template_digest_fkey", "scorecards", "templates", ["template_digest"], ["digest"])


def downgrade() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("scorecard_id", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _COLUMNS.split(", ")[:-1]),
        sa.Column("evidence", _JSON, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["scorecard_id"], ["scorecards.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("scorecard_id", "rule"),
    )
    op.create_index("ix_findings_call_id", "findings", ["call_id"])
    op.execute(f"""
        INSERT INTO findings (scorecard_id, call_id, {_COLUMNS})
        SELECT scorecards.id, call_id, {_COLUMNS} FROM scorecards,
            jsonb_to_recordset(findings) AS one(rule text, category text, title text, severity text, expect text,
                                                verdict text, message text, evidence jsonb)
    """)  # noqa: S608 - our own column names
    op.drop_column("scorecards", "findings")
    op.drop_column("scorecards", "template_digest")
    op.drop_index("scorecards_newest", "scorecards")
    op.create_index("ix_scorecards_call_id", "scorecards", ["call_id"])
    for table in ("waveforms", "reviews", "templates"):
        op.drop_table(table)
