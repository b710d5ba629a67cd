"""The database: engine, transactions and schema upgrades."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.resources import files
from itertools import groupby
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection, Engine, column, create_engine, event, func, inspect, make_url, select, table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session, sessionmaker

#: SQLSTATE classes that pass by themselves: no connection, out of room or memory, shut down, rolled back for others.
_PASSING = ("08", "53", "57P", "40")

#: Of libpq: firewalls forget quiet connections, and a server that lost its power takes no leave. Whoever waits for an
#: answer would wait a quarter of an hour, whoever listens for ever.
_WATCHFUL = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}

#: Seconds between two looks whether another process is through with its migrations.
_LOOK = 0.2


def is_outage(error: Exception) -> bool:
    """Whether the database is away or out of room, and not what was asked of it wrong: worth asking again."""
    if isinstance(error, NoConnection):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error.__cause__
    if not isinstance(error, (DBAPIError, ConnectorException)) or not isinstance(cause, psycopg.Error):
        return False
    passing = cause.sqlstate is None or cause.sqlstate.startswith(_PASSING)
    return passing and isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))


def ran_too_long(error: Exception) -> bool:
    """Whether the database ended a statement at its time limit."""
    return isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.errors.QueryCanceled)


class DataLoss(Exception):
    """An older schema has no place for what is stored. The message says what would be lost; nothing was changed."""


class Database:
    """One PostgreSQL database, given by its postgresql:// address."""

    def __init__(self, url: str, statement_seconds: float | None = None) -> None:
        """`statement_seconds`: after which a statement is ended; None: it may take as long as it likes."""
        self.url = _watchful(url)
        self._statement_seconds = statement_seconds

    @cached_property
    def engine(self) -> Engine:
        """The pooled engine; connections are checked before use, so a restarted server is only a slow request."""
        url = make_url(self.url).set(drivername="postgresql+psycopg")
        # hide_parameters: what was said in a call must not reach a log through an error message.
        pool = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 30}
        engine = create_engine(url, **pool, connect_args={"connect_timeout": 10}, hide_parameters=True)
        if self._statement_seconds is not None:
            event.listen(engine, "connect", self._limit)
        return engine

    def _limit(self, connection: psycopg.Connection[Any], _: object) -> None:
        # Not as an option of the connection: poolers refuse those.
        connection.execute(f"SET statement_timeout = {round(1000 * (self._statement_seconds or 0))}")
        connection.commit()

    @cached_property
    def _sessions(self) -> sessionmaker[Session]:
        return sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back if it raises."""
        with self._sessions.begin() as session:
            yield session

    def upgrade(self, revision: str = "head") -> None:
        """Bring the schema up to `revision`, one migration after the other. Of many processes at once one does it.

        One that fails leaves what those before it did; `upgrade` goes on from there.
        """
        if revision == "head" and self.is_current():
            return
        with self._alone() as connection:
            command.upgrade(_alembic(connection), revision)

    def downgrade(self, revision: str, *, losing: bool = False) -> None:
        """Take the schema back to `revision`; what it has no place for is deleted only when `losing`.

        Raises:
            DataLoss: something is, and it is not.
        """
        with self._alone() as connection, connection.begin():  # all of it or nothing
            before = _stored(connection)
            command.downgrade(_alembic(connection), revision)
            left = _places(connection)
            lost = {place: count for place, count in before.items() if count and place not in left}
            if lost and not losing:
                # What happened so far is rolled back.
                raise DataLoss(
                    f"退回到 {revision} 会删除{_told(lost)}。没有作任何改动；请先备份，确认后加 --delete-data"
                )

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A connection of its own; while the block runs, nobody else changes the schema."""
        with self.engine.connect() as connection:
            # Asked for again and again: CREATE INDEX CONCURRENTLY waits until all statements that ran when it began
            # are through, and one that waits for the lock would be one of them.
            while not connection.scalar(text("SELECT pg_try_advisory_lock(hashtext('tingjian.migrations'))")):
                connection.commit()
                time.sleep(_LOOK)
            # Better to fail than to queue every request behind a migration that waits for a lock.
            connection.execute(text("SET lock_timeout = '10s'"))
            connection.commit()
            try:
                yield connection
            finally:
                connection.invalidate()  # so that it is closed, and lock and setting end with it

    def check(self) -> None:
        """Compare tables and models.

        Raises:
            alembic.util.CommandError: they differ.
        """
        with self.engine.connect() as connection:
            command.check(_alembic(connection))

    def is_current(self) -> bool:
        """Whether the schema is at the newest migration."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == _newest()

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


def _watchful(url: str) -> str:
    for name, value in _WATCHFUL.items():
        if f"{name}=" not in url:  # whoever gave it knows better
            url += f"{'&' if '?' in url else '?'}{name}={value}"
    return url


def _alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    return config


@cache
def _newest() -> str | None:
    # Kept: every look reads and compiles all migrations.
    return ScriptDirectory.from_config(_alembic()).get_current_head()


#: A table, or a column of one.
_Place = tuple[str, str | None]


def _places(connection: Connection) -> set[_Place]:
    """Where anything can be stored; what is calculated from it aside, and Alembic's own table."""
    found, schema = set[_Place](), inspect(connection)
    for name in set(schema.get_table_names()) - {"alembic_version"}:
        found |= {(name, None)} | {(name, one["name"]) for one in schema.get_columns(name) if "computed" not in one}
    return found


def _stored(connection: Connection) -> Mapping[_Place, int]:
    """How many rows there are in each table, and how many values in each column."""
    counts = dict[_Place, int]()
    for name, places in groupby(sorted(_places(connection), key=lambda place: place[0]), lambda place: place[0]):
        held = list(places)
        numbers = [func.count(column(within)) if within else func.count() for _, within in held]
        counts |= zip(held, connection.execute(select(*numbers).select_from(table(name))).one(), strict=True)
    return counts


def _told(lost: Mapping[_Place, int]) -> str:
    whole = {name: count for (name, within), count in lost.items() if within is None}
    parts = {f"{name}.{within}": count for (name, within), count in lost.items() if within and name not in whole}
    rows = [f"表 {name} 的 {count} 行" for name, count in sorted(whole.items())]
    return "、".join([*rows, *(f"{name} 的 {count} 个值" for name, count in sorted(parts.items()))])
