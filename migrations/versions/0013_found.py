"""Calls by debtor and by recording: what deleting them looks for."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index(
        "calls_debtor",
        "calls",
        [sa.text("(facts ->> 'debtor_id')"), "happened_at", "id"],
        postgresql_where=sa.text("facts ->> 'debtor_id' IS NOT NULL"),
    )
    op.create_index("calls_recording", "calls", ["recording"], postgresql_where=sa.text("recording IS NOT NULL"))


def downgrade() -> None:
    for name in ("calls_recording", "calls_debtor"):
        op.drop_index(name, "calls")
