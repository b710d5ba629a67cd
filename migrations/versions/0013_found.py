"""Calls by debtor and by recording: what deleting them looks for."""

import sqlalchemy as sa
from alembic import op

from migrations import indexes

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    with indexes.unlocked():
        debtor = sa.text("facts ->> 'debtor_id' IS NOT NULL")
        columns = [sa.text("(facts ->> 'debtor_id')"), "happened_at", "id"]
        indexes.create("calls_debtor", "calls", columns, postgresql_where=debtor)
        indexes.create("calls_recording", "calls", ["recording"], postgresql_where=sa.text("recording IS NOT NULL"))


def downgrade() -> None:
    for name in ("calls_recording", "calls_debtor"):
        op.drop_index(name, "calls")
