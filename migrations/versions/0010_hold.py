"""Calls that must not be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("calls", sa.Column("hold", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("calls", "hold")
