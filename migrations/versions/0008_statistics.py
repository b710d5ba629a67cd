"""Totals of past days, and what tells that one no longer holds."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

#: Whatever changes a call of a day that may have been counted already says so: a row is only ever added, so that no two
#: transactions wait for each other. Today and yesterday are never counted in advance.
_NOTE_CHANGES = """
    CREATE FUNCTION note_stale_days() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO stale_days (day)
            SELECT DISTINCT (happened_at AT TIME ZONE 'Asia/Shanghai')::date AS day FROM old_calls
            WHERE happened_at < now() - interval '1 day';
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO stale_days (day)
            SELECT DISTINCT (happened_at AT TIME ZONE 'Asia/Shanghai')::date AS day FROM new_calls
            WHERE happened_at < now() - interval '1 day';
        END IF;
        RETURN NULL;
    END $$
"""
_TRIGGERS = {
    "INSERT": "NEW TABLE AS new_calls",
    "UPDATE": "OLD TABLE AS old_calls NEW TABLE AS new_calls",
    "DELETE": "OLD TABLE AS old_calls",
}


def upgrade() -> None:
    op.create_table(
        "day_totals",
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "team", "key")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("calls", "scored", "passed", "flagged", "reviewed", "failed")
        ),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("with_score", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "day", "team", "key"),
    )
    op.create_table(
        "stale_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stale_days_day", "stale_days", ["day"])
    op.execute(_NOTE_CHANGES)
    for event, tables in _TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER calls_stale_days_{event.lower()} AFTER {event} ON calls REFERENCING {tables} "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_stale_days()"
        )


def downgrade() -> None:
    for event in _TRIGGERS:
        op.execute(f"DROP TRIGGER calls_stale_days_{event.lower()} ON calls")
    op.execute("DROP FUNCTION note_stale_days()")
    op.drop_table("stale_days")
    op.drop_table("day_totals")
