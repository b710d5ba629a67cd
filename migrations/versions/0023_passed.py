"""Calls that failed after they had been judged counted as passed: the days that were counted so are counted again."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("""
        INSERT INTO stale_days (day) SELECT DISTINCT (happened_at AT TIME ZONE 'Asia/Shanghai')::date FROM calls
        WHERE status <> 'scored' AND score IS NOT NULL
    """)


def downgrade() -> None:
    """What is counted again is no worse for it."""
