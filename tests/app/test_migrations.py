"""Migrations go up and down, and end where the models are."""

from sqlalchemy import inspect

from app.database import Database


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
