"""Bargains over paying on Monday 2 March 2026, as the tables in `data` tell them -> what each ends on."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from rules import find_promises
from tests.rules.helpers import call

MONDAY = date(2026, 3, 2)
Bargain = tuple[str, list[tuple[Decimal | None, date | None]]]


def _bargains(table: str) -> Iterator[Bargain]:
    text = (Path(__file__).parent / "data" / table).read_text("utf-8")
    for bargain in text.split("\n\n"):
        said, agreed = bargain.rsplit("= ", 1)
        yield said, [_promise(*one.split()) for one in agreed.split(";") if one.strip() != "none"]


def _promise(amount: str, day: str) -> tuple[Decimal | None, date | None]:
    return None if amount == "-" else Decimal(amount), None if day == "-" else date.fromisoformat(f"2026-{day}")


@pytest.mark.parametrize(
    ("said", "agreed"), [pytest.param(*one, id=str(at)) for at, one in enumerate(_bargains("promises.txt"), 1)]
)
def test_bargains(said: str, agreed: list[tuple[Decimal | None, date | None]]) -> None:
    found = [(promise.amount, promise.date) for promise in find_promises(call(said), MONDAY)]
    assert found[-1:] == agreed[-1:]
    assert set(agreed) <= set(found)


@pytest.mark.parametrize(
    ("said", "agreed"), [pytest.param(*one, id=str(at)) for at, one in enumerate(_bargains("nothing_more.txt"), 1)]
)
def test_nothing_more_is_promised(said: str, agreed: list[tuple[Decimal | None, date | None]]) -> None:
    assert [(promise.amount, promise.date) for promise in find_promises(call(said), MONDAY)] == agreed
