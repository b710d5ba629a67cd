"""Users, of whom keys and calls are; sessions; calls assigned to inspectors."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", _TIME, nullable=True),
        sa.Column("signed_in_at", _TIME, nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("locked_until", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("subject"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    _keys_to_users()
    op.add_column("calls", sa.Column("assigned_to", sa.BigInteger(), nullable=True))
    op.create_foreign_key("calls_assigned_to_fkey", "calls", "users", ["assigned_to"], ["id"])
    op.create_index("ix_calls_assigned_to", "calls", ["assigned_to"])


def _keys_to_users() -> None:
    """Every key so far was its own caller: make each a user of its name and role, and its calls that user's."""
    op.execute("INSERT INTO users (name, role, created_at) SELECT name, role, created_at FROM api_keys ORDER BY id")
    op.add_column("api_keys", sa.Column("user_id", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("api_keys", sa.Column("expires_at", _TIME, nullable=True))
    op.execute("UPDATE api_keys SET user_id = users.id FROM users WHERE users.name = api_keys.name")
    op.alter_column("api_keys", "user_id", nullable=False)
    op.create_foreign_key("api_keys_user_id_fkey", "api_keys", "users", ["user_id"], ["id"])
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])
    op.drop_column("api_keys", "role")
    op.drop_constraint("calls_posted_by_fkey", "calls")
    op.execute("UPDATE calls SET posted_by = user_id FROM api_keys WHERE api_keys.id = posted_by")
    op.create_foreign_key("calls_posted_by_fkey", "calls", "users", ["posted_by"], ["id"])


def downgrade() -> None:
    """Keys carry their role again. Calls of a user without a key lose who posted them."""
    op.drop_constraint("calls_posted_by_fkey", "calls")
    op.execute("""
        UPDATE calls SET posted_by = (SELECT min(api_keys.id) FROM api_keys WHERE user_id = posted_by)
        WHERE posted_by IS NOT NULL
    """)
    op.create_foreign_key("calls_posted_by_fkey", "calls", "api_keys", ["posted_by"], ["id"])
    op.add_column("api_keys", sa.Column("role", sa.Text(), nullable=True))
    op.execute("UPDATE api_keys SET role = users.role FROM users WHERE users.id = user_id")
    op.alter_column("api_keys", "role", nullable=False)
    op.drop_column("api_keys", "user_id")
    op.drop_column("api_keys", "scopes")
    op.drop_column("api_keys", "expires_at")
    op.drop_column("calls", "assigned_to")
    op.drop_table("sessions")
    op.drop_table("users")
