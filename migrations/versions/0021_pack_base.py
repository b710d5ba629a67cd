"""Published packs know which file they stood in front of, so that a newer one is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("pack_versions", sa.Column("base", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("pack_versions", "base")
