"""What the targets are about: calls without a violation, calls without a missed step, violations."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_ADDED = ("compliant", "complete", "violations")


def upgrade() -> None:
    # Totals can be counted again at any time, and are by whoever asks for them next. TRUNCATE keeps everybody else from
    # adding one before there are the new columns.
    op.execute("TRUNCATE day_totals")
    for name in _ADDED:
        op.add_column("day_totals", sa.Column(name, sa.BigInteger(), nullable=False))


def downgrade() -> None:
    for name in _ADDED:
        op.drop_column("day_totals", name)
