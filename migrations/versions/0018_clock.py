"""Calls by hour of the day, and by whom they are assigned to, in the order of lists."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_index(
        "calls_hour",
        "calls",
        [sa.text("EXTRACT(hour FROM timezone('Asia/Shanghai', happened_at))"), "happened_at", "id"],
    )
    op.drop_index("ix_calls_assigned_to", "calls")
    op.create_index(
        "calls_assigned",
        "calls",
        ["assigned_to", "happened_at", "id"],
        postgresql_where=sa.text("assigned_to IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("calls_assigned", "calls")
    op.create_index("ix_calls_assigned_to", "calls", ["assigned_to"])
    op.drop_index("calls_hour", "calls")
