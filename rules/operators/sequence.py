"""`sequence`: one thing after another, each within so many turns or seconds of the one before."""

from typing import TYPE_CHECKING

from pydantic import Field

from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome

if TYPE_CHECKING:
    from rules.operators import Find


class Sequence(Operator):
    """Found when the steps come in this order, with nothing of `without` from one to the next."""

    steps: tuple["Find", ...] = Field(min_length=2)
    within_turns: int | None = Field(None, ge=0)  #: from one step to the next; 0 is the same turn
    within_seconds: float | None = Field(None, gt=0)
    without: "Find | None" = None

    def find(self, call: Call, part: Part) -> Outcome:
        """The first way through the steps."""
        *steps, between = [
            find.operator.find(call, part) if find else Outcome(False) for find in (*self.steps, self.without)
        ]
        if any(outcome.found is None for outcome in steps):
            return Outcome(None, (), "；".join(outcome.why for outcome in steps if outcome.why))
        path = self._path(call, [outcome.hits for outcome in steps], between.hits)
        return Outcome(bool(path), path)

    def _path(self, call: Call, steps: list[tuple[Hit, ...]], between: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """Hits one per step, or nothing. For each hit of a step the best way there is kept: one pass, no search."""
        ways: list[tuple[Hit, ...]] = [(hit,) for hit in steps[0]]
        for hits in steps[1:]:
            longer = []
            for hit in hits:
                way = next((way for way in ways if self._follows(call, way[-1], hit, between)), None)
                longer += [(*way, hit)] if way else []
            ways = longer
        return ways[0] if ways else ()

    def _follows(self, call: Call, before: Hit, after: Hit, between: tuple[Hit, ...]) -> bool:
        if after.begins < before.ends:
            return False
        if any(before.ends <= hit.begins and hit.ends <= after.begins for hit in between):
            return False
        if self.within_turns is not None and call.turn(after) - call.turn(before) > self.within_turns:
            return False
        if self.within_seconds is None:
            return True
        start, end = call.evidence(before).end, call.evidence(after).start
        return start is not None and end is not None and end - start <= self.within_seconds

    def children(self) -> tuple["Find", ...]:
        """The steps, and what must not come between."""
        return (*self.steps, self.without) if self.without else self.steps
