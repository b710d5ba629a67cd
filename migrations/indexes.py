"""Indexes on tables that may be large and in use: made without keeping anybody from writing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import op


@contextmanager
def unlocked() -> Iterator[None]:
    """Outside of any transaction. Only for upgrades: what is done in it is not undone with the rest."""
    with op.get_context().autocommit_block():
        # It waits until those who were writing when it began are through, and nobody waits for it.
        op.execute("SET lock_timeout = 0")
        yield
        op.execute("SET lock_timeout = '10s'")


def create(name: str, table: str, columns: list[Any], **options: Any) -> None:
    """Create an index, within `unlocked`; what an interrupted run has left of it goes first, as nobody may use that."""
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
    op.create_index(name, table, columns, postgresql_concurrently=True, **options)
