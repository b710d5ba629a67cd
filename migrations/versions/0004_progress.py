"""How far a call has come, told to whoever listens; what workers count."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

#: Only that a call changed: who may know what of it, the listener asks. Rows that come finished are not told.
_TELL = """
    CREATE FUNCTION tingjian_tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('tingjian_calls', NEW.id::text);
        RETURN NULL;
    END $$
"""
_ON_INSERT = """
    CREATE TRIGGER calls_tell_new AFTER INSERT ON calls FOR EACH ROW
    WHEN (NEW.status = 'queued') EXECUTE FUNCTION tingjian_tell()
"""
_ON_UPDATE = """
    CREATE TRIGGER calls_tell AFTER UPDATE OF status, progress ON calls FOR EACH ROW
    WHEN ((OLD.status, OLD.progress) IS DISTINCT FROM (NEW.status, NEW.progress))
    EXECUTE FUNCTION tingjian_tell()
"""


def upgrade() -> None:
    op.add_column("calls", sa.Column("progress", sa.Double(), nullable=True))
    op.create_table(
        "tallies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", "shard"),
    )
    # Half of each page free, so that a count, which changes all the time, changes in place.
    op.execute("ALTER TABLE tallies SET (fillfactor = 50)")
    for statement in (_TELL, _ON_INSERT, _ON_UPDATE):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER calls_tell ON calls")
    op.execute("DROP TRIGGER calls_tell_new ON calls")
    op.execute("DROP FUNCTION tingjian_tell")
    op.drop_table("tallies")
    op.drop_column("calls", "progress")
