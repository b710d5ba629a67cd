"""`all`: every operator in the list finds something."""

from rules.call import Call, Part
from rules.operators.base import NOTHING, Outcome
from rules.operators.several import Several, together


class All(Several):
    """Found when all are; open when none is missing but one cannot tell."""

    def find(self, call: Call, part: Part) -> Outcome:
        """Look for all of them."""
        outcomes = self.outcomes(call, part, until=False)
        if outcomes[-1].found is False:
            return NOTHING
        return together(None if any(outcome.found is None for outcome in outcomes) else True, outcomes)
