"""Calls by how long the debt is overdue, in the order of lists."""

import sqlalchemy as sa
from alembic import op

from migrations import indexes

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    with indexes.unlocked():
        known = "width_bucket((facts ->> 'overdue_days'::text)::integer, ARRAY[1, 31, 61, 91, 121, 151, 181])"
        indexes.create("calls_stage", "calls", [sa.text(f"COALESCE({known}, 8)"), "happened_at", "id"])


def downgrade() -> None:
    op.drop_index("calls_stage", "calls")
