"""Migrations go up and down, and end where the models are."""

import pytest
from sqlalchemy import inspect, text

from app.database import Database, DataLoss


def test_down_and_up_again(database_url: str) -> None:
    database = Database(database_url)
    database.check()
    database.downgrade("base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    assert not database.is_current()
    database.upgrade()
    database.check()
    assert database.is_current()
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
