"""`at_least`: so many of the operators in the list find something."""

from typing import Any as Anything

from pydantic import Field, model_validator

from rules.call import Call, Part
from rules.operators.base import Outcome
from rules.operators.several import Several, together


class AtLeast(Several):
    """Found when `count` of them are."""

    count: int = Field(ge=1)

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, written: Anything) -> Anything:
        return written

    @model_validator(mode="after")
    def _can_be_met(self) -> "AtLeast":
        if self.count > len(self.of):
            raise ValueError(f"count 是 {self.count}，但 of 里只有 {len(self.of)} 项")
        return self

    def find(self, call: Call, part: Part) -> Outcome:
        """Count those that find something."""
        outcomes = self.outcomes(call, part)
        met = sum(outcome.found is True for outcome in outcomes)
        open_ones = sum(outcome.found is None for outcome in outcomes)
        if met >= self.count:
            return together(True, outcomes)
        return together(None if met + open_ones >= self.count else False, outcomes)
