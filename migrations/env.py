"""How Alembic reaches the database: through the connection that app.database hands over."""

from alembic import context
from sqlalchemy import text

from app.tables import Base


def _ours(name: str | None, kind: str, _: object) -> bool:
    # Procrastinate's tables belong to its release, not to our models.
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


connection = context.config.attributes["connection"]
context.configure(connection, target_metadata=Base.metadata, include_name=_ours)
with context.begin_transaction():
    # Better to fail than to queue every request behind a migration that waits for a lock.
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))
    context.run_migrations()
