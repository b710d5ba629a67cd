"""Calls by hour of the day, and by whom they are assigned to, in the order of lists."""

import sqlalchemy as sa
from alembic import op

from migrations import indexes

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    with indexes.unlocked():
        hour = sa.text("EXTRACT(hour FROM timezone('Asia/Shanghai', happened_at))")
        indexes.create("calls_hour", "calls", [hour, "happened_at", "id"])
        assigned = sa.text("assigned_to IS NOT NULL")
        indexes.create("calls_assigned", "calls", ["assigned_to", "happened_at", "id"], postgresql_where=assigned)
        op.drop_index("ix_calls_assigned_to", "calls", if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index("calls_assigned", "calls")
    op.create_index("ix_calls_assigned_to", "calls", ["assigned_to"])
    op.drop_index("calls_hour", "calls")
