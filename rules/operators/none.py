"""`none`: no operator in the list finds anything."""

from rules.call import Call, Part
from rules.operators.base import NOTHING, Outcome
from rules.operators.several import Several, together


class Nothing(Several):
    """Found when nothing is; there are no words to show for it."""

    def find(self, call: Call, part: Part) -> Outcome:
        """Make sure that none is there."""
        outcomes = self.outcomes(call, part, until=True)
        if outcomes[-1].found:
            return NOTHING
        return together(None if any(outcome.found is None for outcome in outcomes) else True, outcomes)
