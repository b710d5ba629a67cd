"""Migrations go up and down, and end where the models are."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from app.database import Database, DataLoss


def test_down_and_up_again(database_url: str) -> None:
    database = Database(database_url)
    database.check()
    database.downgrade("base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    assert not database.is_current()
    starting = Database(database_url), Database(database_url)
    with ThreadPoolExecutor() as pool:
        list(pool.map(Database.upgrade, starting))
    database.check()
    assert database.is_current()
    for one in (database, *starting):
        one.close()


def test_an_upgrade_goes_on_where_it_failed(database_url: str) -> None:
    database = Database(database_url)
    database.downgrade("0012")
    with database.transaction() as session:
        session.execute(text("CREATE INDEX calls_recording ON calls (id)"))  # as an interrupted run may leave it
        session.execute(text("CREATE TABLE calls_hour ()"))  # in the way of 0018
    with pytest.raises(DBAPIError, match="is not an index"):
        database.upgrade()
    with database.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0017"
        # Nothing of the attempt stays with those who use the connection next.
        assert connection.scalar(text("SHOW lock_timeout")) == "0"
    with database.transaction() as session:
        session.execute(text("DROP TABLE calls_hour"))
    database.upgrade()
    database.check()
    indexes = inspect(database.engine).get_indexes("calls")
    assert [index["column_names"] for index in indexes if index["name"] == "calls_recording"] == [["recording"]]
    database.close()


@pytest.mark.parametrize(
    ("revision", "lost"),
    [("0009", "会删除calls.hold 的 1 个值。"), ("0001", "会删除.*表 calls 的 2 行、.*表 users 的 1 行")],
)
def test_nothing_that_is_stored_goes_unasked(database_url: str, revision: str, lost: str) -> None:
    database = Database(database_url)
    with database.transaction() as session:
        session.execute(text("INSERT INTO users (name, role) VALUES ('a', 'admin')"))
        for hold in ("'诉讼中'", "NULL"):
            session.execute(
                text(f"INSERT INTO calls (template, facts, channel, content, hold) VALUES ('', '{{}}', '', '', {hold})")
            )
    with pytest.raises(DataLoss, match=lost):
        database.downgrade(revision)
    assert database.is_current()
    database.downgrade("0012")  # loses nothing
    database.downgrade(revision, losing=True)
    database.upgrade()
    database.check()
    database.close()


def test_days_whose_totals_were_wrong_are_counted_again(database_url: str) -> None:
    database = Database(database_url)
    database.downgrade("0022")
    with database.transaction() as session:
        for day, status in (("2026-03-02", "scored"), ("2026-03-03", "failed")):
            columns = "template, facts, channel, content, status, score, passed, started_at"
            values = f"'', '{{}}', '', '', '{status}', 100, true, '{day}T00:30+08'"
            session.execute(text(f"INSERT INTO calls ({columns}) VALUES ({values})"))
        session.execute(text("DELETE FROM stale_days"))
    database.upgrade()
    with database.engine.connect() as connection:
        assert [str(day) for day in connection.scalars(text("SELECT day FROM stale_days"))] == ["2026-03-03"]
    database.close()
