"""What `all`, `any`, `none` and `at_least` share: a list of operators, each looked for in the same part."""

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from rules.call import Call, Part
from rules.operators.base import Operator, Outcome

if TYPE_CHECKING:
    from rules.operators import Find


class Several(Operator):
    """An operator over a list of others. The list may stand alone: `all: [..]`."""

    of: tuple["Find", ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, written: Any) -> Any:
        return {"of": written} if isinstance(written, list) else written

    def children(self) -> tuple["Find", ...]:
        """The operators in the list."""
        return self.of

    def outcomes(self, call: Call, part: Part, until: bool | None = None) -> list[Outcome]:
        """What each of the list saw; up to the first that saw this, where it settles the matter."""
        outcomes: list[Outcome] = []
        for find in self.of:
            outcomes.append(find.operator.find(call, part))
            if until is not None and outcomes[-1].found == until:
                break
        return outcomes


def together(found: bool | None, outcomes: list[Outcome]) -> Outcome:
    """One outcome out of several: their hits in order, and why the open ones are open."""
    telling = [outcome for outcome in outcomes if outcome.found or (outcome.found is None and found is None)]
    # One hit once, and in an order that does not change from one process to the next, as that of a set would.
    hits = sorted(dict.fromkeys(hit for outcome in telling for hit in outcome.hits), key=lambda hit: hit.begins)
    why = "；".join(outcome.why for outcome in outcomes if outcome.why)
    return Outcome(found, tuple(hits), why)
