"""`any`: one operator in the list finds something."""

from rules.call import Call, Part
from rules.operators.base import NOTHING, Outcome
from rules.operators.several import Several, together


class Any(Several):
    """Found when one is; open when none is but one cannot tell."""

    def find(self, call: Call, part: Part) -> Outcome:
        """Look for each of them."""
        return self._either(self.outcomes(call, part))

    def moments(self, call: Call, part: Part) -> Outcome:
        """The moments of each of them."""
        return self._either([find.operator.moments(call, part) for find in self.of])

    def _either(self, outcomes: list[Outcome]) -> Outcome:
        if any(outcome.found for outcome in outcomes):
            return together(True, outcomes)
        if all(outcome is NOTHING for outcome in outcomes):
            return NOTHING
        return together(None if any(outcome.found is None for outcome in outcomes) else False, outcomes)
