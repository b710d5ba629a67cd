"""Waveforms are kept more closely: those that were made so far go, and are made again when they are asked for."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("TRUNCATE waveforms")


def downgrade() -> None:
    op.execute("TRUNCATE waveforms")
