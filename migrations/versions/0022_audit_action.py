"""What was done, in the order of the log: whoever asks for all exports should not walk through every look at a call."""

from alembic import op

from migrations import indexes

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    with indexes.unlocked():
        indexes.create("ix_audit_action", "audit", ["action", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_action", "audit")
