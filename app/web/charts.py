"""What numbers are held to, and how they are drawn over time against it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.store.statistics import Numbers, Period

#: Below this many calls a share says little: of 30 calls one is more than three in a hundred.
SMALL = 30

#: How wide a day is drawn, and how high a chart is.
DAY, HEIGHT = 12, 100


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted in a hundred scored calls, and its target."""

    name: str  #: in the catalogue of texts
    target: float
    at_least: bool  #: the target is the least there should be; else the most
    count: Callable[[Numbers], int]
    behind: str  #: the kind of finding that calls behind it have, as the list filters by it

    def of(self, numbers: Numbers) -> float | None:
        """In a hundred; None where nothing was scored."""
        return 100 * self.count(numbers) / numbers.scored if numbers.scored else None

    def badness(self, numbers: Numbers) -> float:
        """In a hundred; 0 is as good as can be, and where nothing was scored."""
        value = self.of(numbers)
        return 0 if value is None else 100 - value if self.at_least else value

    def met(self, value: float) -> bool:
        """Whether a value is where it should be."""
        return value >= self.target if self.at_least else value <= self.target


#: What collection departments hold themselves to: 98 calls in a hundred without a violation and no more than two
#: violations found in them, and the steps of the call carried out in 95.
MEASURES = (
    Measure("compliance", 98, at_least=True, count=lambda numbers: numbers.compliant, behind="violation"),
    Measure("violations", 2, at_least=False, count=lambda numbers: numbers.violations, behind="violation"),
    Measure("flow", 95, at_least=True, count=lambda numbers: numbers.complete, behind="step"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One day of a chart."""

    numbers: Numbers
    value: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure over the days of a period, to be drawn."""

    measure: Measure
    low: float  #: what the lower edge stands for
    high: float
    width: int
    target: float  #: how far down its line is
    points: tuple[Point, ...]  #: days with scored calls

    @property
    def line(self) -> str:
        """The points joined, as an SVG path; a day without calls is a gap in it."""
        joined = {self.points[n].x for n in range(1, len(self.points)) if self._follows(n)}
        return " ".join(f"{'L' if point.x in joined else 'M'}{point.x:g} {point.y:g}" for point in self.points)

    @property
    def has_few(self) -> bool:
        """Whether a day of it says little."""
        return any(point.numbers.scored < SMALL for point in self.points)

    def _follows(self, n: int) -> bool:
        return self.points[n].x - self.points[n - 1].x == DAY


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's calls; heights in percent of the busiest day."""

    day: date
    calls: int
    flagged: int
    height: float
    flagged_height: float


def trend(measure: Measure, period: Period, days: Sequence[Numbers]) -> Trend:
    """A measure over the period; `days`: the numbers of those of its days that have calls."""
    values = [(day, value) for day in days if day.day and (value := measure.of(day)) is not None]
    # A day of few calls can be anywhere: it does not squeeze the others, and lies on the edge if it must.
    telling = [value for day, value in values if day.scored >= SMALL]
    low, high = _edges(measure, telling or [value for _, value in values])

    def down(value: float) -> float:
        return round(HEIGHT * (high - min(max(value, low), high)) / (high - low), 1)

    points = tuple(
        Point(day, value, (day.day - period.first).days * DAY + DAY / 2, down(value))
        for day, value in values
        if day.day
    )
    return Trend(measure, low, high, _length(period) * DAY, down(measure.target), points)


def _edges(measure: Measure, values: Sequence[float]) -> tuple[float, float]:
    """The chart's lower and upper edge: the target is always in it, with room around."""
    if measure.at_least:
        return 10 * math.floor(min([*values, measure.target - 5]) / 10), 100
    return 0, math.ceil(max([*values, 2 * measure.target]))


def bars(period: Period, days: Sequence[Numbers]) -> list[Bar]:
    """Every day of the period: one without calls is a gap to be seen."""
    counted = {day.day: (day.calls, day.flagged) for day in days}
    most = max((calls for calls, _ in counted.values()), default=0) or 1
    return [
        Bar(day, calls, flagged, 100 * calls / most, 100 * flagged / most)
        for day in (period.first + timedelta(days=number) for number in range(_length(period)))
        for calls, flagged in [counted.get(day, (0, 0))]
    ]


def _length(period: Period) -> int:
    return (period.last - period.first).days + 1
