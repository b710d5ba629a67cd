"""Scorecards name the versions of the packs that they were made by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("scorecards", sa.Column("pack_versions", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("scorecards", "pack_versions")
