"""Numbers against their targets, and where charts put them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.store.statistics import Numbers, Period
from app.web.charts import MEASURES, trend
from app.web.statistics import worst_first

FIRST = date(2026, 3, 2)
PERIOD = Period(FIRST, FIRST + timedelta(days=3))
COMPLIANCE, VIOLATIONS, FLOW = MEASURES


def day(number: int, scored: int, **more: Any) -> Numbers:
    nothing = dict.fromkeys(
        ("calls", "passed", "flagged", "reviewed", "failed", "violations", "compliant", "complete"), 0
    )
    counts = nothing | {"scored": scored} | more
    return Numbers(FIRST + timedelta(days=number), "", **counts, average=None, pass_rate=None, seconds=0)


@pytest.mark.parametrize(
    ("measure", "numbers", "value", "met"),
    [
        (COMPLIANCE, day(0, 100, compliant=98), 98, True),
        (COMPLIANCE, day(0, 200, compliant=195), 97.5, False),
        (VIOLATIONS, day(0, 100, violations=2), 2, True),
        (VIOLATIONS, day(0, 50, violations=2), 4, False),
        (FLOW, day(0, 20, complete=19), 95, True),
        (FLOW, day(0, 20, complete=18), 90, False),
    ],
)
def test_targets(measure: Any, numbers: Numbers, value: float, met: bool) -> None:
    assert measure.of(numbers) == value
    assert measure.met(value) == met


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("violations", "bad good few none"),
        ("compliance", "bad good few none"),
        ("flow", "good bad few none"),
        ("pass_rate", "bad good few none"),
        ("flagged", "good bad few none"),
        ("average", "bad good few none"),
    ],
)
def test_the_worst_come_first_and_those_of_few_calls_last(column: str, order: str) -> None:
    counted = {
        "none": day(0, 0),
        "good": day(0, 100, compliant=99, violations=1, complete=90, flagged=9),
        "few": day(0, 2, violations=2, flagged=2),
        "bad": day(0, 50, compliant=40, violations=20, complete=50, flagged=8),
    }
    rates = {"good": (0.9, 95.0), "few": (0.0, 0.0), "bad": (0.8, 80.0)}
    groups = [
        replace(
            numbers, key=name, pass_rate=rates[name][0] if numbers.scored else None, average=rates.get(name, [None])[-1]
        )
        for name, numbers in counted.items()
    ]
    assert " ".join(group.key for group in worst_first(groups, column)) == order


def test_nothing_scored_is_no_value() -> None:
    assert COMPLIANCE.of(day(0, 0)) is None


def test_a_day_without_calls_is_a_gap() -> None:
    drawn = trend(COMPLIANCE, PERIOD, [day(0, 50, compliant=50), day(1, 50, compliant=45), day(3, 10, compliant=9)])
    assert (drawn.low, drawn.high, drawn.width, drawn.target) == (90, 100, 48, 20)
    assert drawn.line == "M6 0 L18 100 M42 100"
    assert drawn.has_few


def test_a_day_of_few_calls_does_not_squeeze_the_others() -> None:
    drawn = trend(COMPLIANCE, PERIOD, [day(0, 50, compliant=48), day(1, 2)])
    assert (drawn.low, drawn.high) == (90, 100)
    assert [point.y for point in drawn.points] == [40, 100]


@pytest.mark.parametrize(
    ("measure", "numbers", "edges"),
    [
        (COMPLIANCE, [], (90, 100)),
        (COMPLIANCE, [day(0, 10, compliant=3)], (30, 100)),
        (FLOW, [day(0, 10, complete=10)], (90, 100)),
        (VIOLATIONS, [day(0, 100, violations=1)], (0, 4)),
        (VIOLATIONS, [day(0, 8, violations=1)], (0, 13)),
    ],
)
def test_the_target_is_in_the_chart(measure: Any, numbers: list[Numbers], edges: tuple[float, float]) -> None:
    drawn = trend(measure, PERIOD, numbers)
    assert (drawn.low, drawn.high) == edges
    assert 0 < drawn.target < 100
