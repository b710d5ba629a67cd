"""What commands print."""

from datetime import UTC, datetime

from app import terminal


def test_times_are_those_of_the_pages() -> None:
    assert terminal.moment(datetime(2020, 12, 31, 16, 30, tzinfo=UTC)) == "2021-01-01 00:30"
    assert terminal.moment(None) == "–"
