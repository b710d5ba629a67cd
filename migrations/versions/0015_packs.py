"""Rule packs that are written and published here."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

_TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "pack_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("saved_by", sa.BigInteger(), nullable=False),
        sa.Column("published_at", _TIME, nullable=True),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pack", "version"),
        sa.ForeignKeyConstraint(["saved_by"], ["users.id"]),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"]),
    )
    draft = sa.text("published_at IS NULL")
    op.create_index("pack_versions_draft", "pack_versions", ["pack"], unique=True, postgresql_where=draft)


def downgrade() -> None:
    op.drop_table("pack_versions")
