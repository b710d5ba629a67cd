"""`sequence`: one thing after another, each within so many turns or seconds of the one before."""

from typing import TYPE_CHECKING

from pydantic import Field

from rules.call import Call, Hit, Part
from rules.operators.base import NOTHING, Outcome
from rules.operators.timing import NO_TIMES, untimed
from rules.operators.trails import Trail, Trails

if TYPE_CHECKING:
    from rules.operators import Find


class Sequence(Trail):
    """Found when the steps come in this order, with nothing of `without` from one to the next."""

    steps: tuple["Find", ...] = Field(min_length=2)
    within_turns: int | None = Field(None, ge=0)  #: from one step to the next; 0 is the same turn
    within_seconds: float | None = Field(None, gt=0)
    without: "Find | None" = None
    unless_earlier: "Find | None" = None  #: a first step does not count once this was found in an earlier turn

    def trails(self, call: Call, part: Part) -> Trails:
        """One way, a hit for each step, to each hit of the last step."""
        steps: list[Outcome] = []
        for find in self.steps:
            steps.append(find.operator.moments(call, part))
            if steps[-1].found is False:
                return Trails()
        if any(outcome.found is None for outcome in steps):
            return Trails(why="；".join(outcome.why for outcome in steps if outcome.why))
        if self.within_seconds is not None and any(untimed(call, outcome.hits) for outcome in steps):
            return Trails(why=f"{NO_TIMES}，无法判断相隔几秒")
        between, earlier = [
            find.operator.moments(call, part) if find else NOTHING for find in (self.without, self.unless_earlier)
        ]
        settled = min((call.turn(hit) for hit in earlier.hits), default=None)
        first = tuple(hit for hit in steps[0].hits if settled is None or call.turn(hit) <= settled)
        return Trails(tuple(self._through(call, [first, *(outcome.hits for outcome in steps[1:])], between.hits)))

    def _through(self, call: Call, steps: list[tuple[Hit, ...]], between: tuple[Hit, ...]) -> list[tuple[Hit, ...]]:
        """For each hit of a step the best way there is kept: one pass, no search."""
        ways: list[tuple[Hit, ...]] = [(hit,) for hit in steps[0]]
        for hits in steps[1:]:
            longer = []
            for hit in hits:
                way = next((way for way in ways if self._follows(call, way[-1], hit, between)), None)
                longer += [(*way, hit)] if way else []
            ways = longer
        return ways

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
        """The steps, what must not come between, and what must not come before."""
        return (*self.steps, *(find for find in (self.without, self.unless_earlier) if find))
