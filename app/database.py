"""The database: engine, transactions and schema upgrades."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.resources import files

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session, sessionmaker

#: SQLSTATE classes that pass by themselves: no connection, out of room or memory, shut down, rolled back for others.
_PASSING = ("08", "53", "57P", "40")


def is_outage(error: Exception) -> bool:
    """Whether the database is away or out of room, and not what was asked of it wrong: worth asking again."""
    if isinstance(error, NoConnection):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error.__cause__
    if not isinstance(error, (DBAPIError, ConnectorException)) or not isinstance(cause, psycopg.Error):
        return False
    passing = cause.sqlstate is None or cause.sqlstate.startswith(_PASSING)
    return passing and isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))


class Database:
    """One PostgreSQL database, given by its postgresql:// address."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def engine(self) -> Engine:
        """The pooled engine; connections are checked before use, so a restarted server is only a slow request."""
        url = make_url(self.url).set(drivername="postgresql+psycopg")
        # hide_parameters: what was said in a call must not reach a log through an error message.
        pool = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 30}
        return create_engine(url, **pool, connect_args={"connect_timeout": 10}, hide_parameters=True)

    @cached_property
    def _sessions(self) -> sessionmaker[Session]:
        return sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back if it raises."""
        with self._sessions.begin() as session:
            yield session

    def upgrade(self, revision: str = "head") -> None:
        """Bring the schema up to `revision`. Safe to run from many processes at once: the first one does it."""
        with self.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('tingjian.migrations'))"))
            command.upgrade(self._alembic(), revision)

    def downgrade(self, revision: str) -> None:
        """Take the schema back to `revision`."""
        command.downgrade(self._alembic(), revision)

    def check(self) -> None:
        """Compare tables and models.

        Raises:
            alembic.util.CommandError: they differ.
        """
        command.check(self._alembic())

    def is_current(self) -> bool:
        """Whether the schema is at the newest migration."""
        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current == ScriptDirectory.from_config(self._alembic()).get_current_head()

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    def _alembic(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(files("migrations")))
        config.attributes["engine"] = self.engine
        return config
