"""`near`: several things close to each other, in any order."""

from itertools import product
from operator import attrgetter
from typing import TYPE_CHECKING

from pydantic import Field

from rules.call import Call, Hit, Part
from rules.operators.base import NOTHING, Operator, Outcome
from rules.operators.timing import NO_TIMES, untimed

if TYPE_CHECKING:
    from rules.operators import Find


_BEGINS = attrgetter("begins")


class Near(Operator):
    """Found when each of the list is found within `turns` turns (and `seconds`, where given) of the first of it."""

    of: tuple["Find", ...] = Field(min_length=2)
    turns: int = Field(0, ge=0)  #: 0: within one turn
    seconds: float | None = Field(None, gt=0)

    def find(self, call: Call, part: Part) -> Outcome:
        """Around each hit of the first, the nearest of every other."""
        outcomes = [find.operator.find(call, part) for find in self.of]
        if any(outcome.found is False for outcome in outcomes):
            return NOTHING
        if any(outcome.found is None for outcome in outcomes):
            return Outcome(None, (), "；".join(outcome.why for outcome in outcomes if outcome.why))
        if self.seconds is not None and any(untimed(call, outcome.hits) for outcome in outcomes):
            return Outcome(None, (), f"{NO_TIMES}，无法判断相隔几秒")
        first, *others = (outcome.hits for outcome in outcomes)
        for hit in first:
            around = [[other for other in hits if self._close(call, hit, other)] for hits in others]
            if all(around):
                return Outcome(True, tuple(sorted(dict.fromkeys([hit, *(near[0] for near in around)]), key=_BEGINS)))
        return NOTHING

    def _close(self, call: Call, one: Hit, other: Hit) -> bool:
        if one.begins < other.ends and other.begins < one.ends:
            return False
        if abs(call.turn(one) - call.turn(other)) > self.turns:
            return False
        if self.seconds is None:
            return True
        moments = [call.evidence(one), call.evidence(other)]
        gaps = [
            a.start - b.end
            for a, b in product(moments, moments)
            if a is not b and a.start is not None and b.end is not None
        ]
        return bool(gaps) and max(gaps) <= self.seconds

    def children(self) -> tuple["Find", ...]:
        """The things looked for."""
        return self.of
