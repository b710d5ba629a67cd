"""The job queue: the schema that the pinned Procrastinate release brings.

Raising the pin past 3.10 needs a migration that runs the release's own SQL from procrastinate/sql/migrations.
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(SchemaManager.get_schema())


def downgrade() -> None:
    op.execute(r"""
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN SELECT tablename AS name FROM pg_tables
                WHERE schemaname = current_schema AND tablename LIKE 'procrastinate\_%'
            LOOP EXECUTE format('DROP TABLE %I CASCADE', item.name); END LOOP;
            FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE pronamespace = current_schema::regnamespace AND proname LIKE 'procrastinate\_%'
            LOOP EXECUTE format('DROP FUNCTION %s CASCADE', item.name); END LOOP;
            FOR item IN SELECT typname AS name FROM pg_type
                WHERE typnamespace = current_schema::regnamespace AND typname LIKE 'procrastinate\_%'
                AND typtype IN ('e', 'c')
            LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', item.name); END LOOP;
        END $$
    """)
