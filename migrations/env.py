"""How Alembic reaches the database: through the connection that app.database hands over."""

from alembic import context

from app.tables import Base


def _ours(name: str | None, kind: str, _: object) -> bool:
    # Procrastinate's tables belong to its release, not to our models.
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


connection = context.config.attributes["connection"]
# One by one: a large table is locked no longer than what is done to it takes, and what is done stays done.
context.configure(connection, target_metadata=Base.metadata, include_name=_ours, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
