"""`sequence`: one thing after another, each within so many turns or seconds of the one before."""

from typing import TYPE_CHECKING

from pydantic import Field

from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome

if TYPE_CHECKING:
    from rules.operators import Find


class Sequence(Operator):
    """Found when the steps come in this order."""

    steps: tuple["Find", ...] = Field(min_length=2)
    within_turns: int | None = Field(None, ge=0)  #: from one step to the next; 0 is the same turn
    within_seconds: float | None = Field(None, gt=0)

    def find(self, call: Call, part: Part) -> Outcome:
        """The first way through the steps."""
        outcomes = [step.operator.find(call, part) for step in self.steps]
        if any(outcome.found is None for outcome in outcomes):
            return Outcome(None, (), "；".join(outcome.why for outcome in outcomes if outcome.why))
        path = self._path(call, [outcome.hits for outcome in outcomes])
        return Outcome(bool(path), path)

    def _path(self, call: Call, steps: list[tuple[Hit, ...]]) -> tuple[Hit, ...]:
        """Hits one per step, or nothing. For each hit of a step the best way there is kept: one pass, no search."""
        ways: list[tuple[Hit, ...]] = [(hit,) for hit in steps[0]]
        for hits in steps[1:]:
            longer = []
            for hit in hits:
                way = next((way for way in ways if self._follows(call, way[-1], hit)), None)
                longer += [(*way, hit)] if way else []
            ways = longer
        return ways[0] if ways else ()

    def _follows(self, call: Call, before: Hit, after: Hit) -> bool:
        if after.begins < before.ends:
            return False
        if self.within_turns is not None and call.turn(after) - call.turn(before) > self.within_turns:
            return False
        if self.within_seconds is None:
            return True
        start, end = call.evidence(before).end, call.evidence(after).start
        return start is not None and end is not None and end - start <= self.within_seconds

    def children(self) -> tuple["Find", ...]:
        """The steps."""
        return self.steps
