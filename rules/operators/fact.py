"""`fact`: what is known about the call besides its words."""

from typing import Any, ClassVar

from pydantic import Field, model_validator

from rules.call import Call, Part
from rules.conditions import Test
from rules.operators.base import Operator, Outcome


class Fact(Operator):
    """Found when every fact named meets its condition: `fact: {callee_relation: [family, colleague]}`."""

    reads_text: ClassVar[bool] = False
    conditions: dict[str, Test] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, written: Any) -> Any:
        return {"conditions": written}

    def find(self, call: Call, part: Part) -> Outcome:  # noqa: ARG002 (concerns the whole call)
        """Test the facts; one that is needed and missing leaves the question open."""
        tests = {name: test.holds(call.facts.get(name)) for name, test in self.conditions.items()}
        missing = "、".join(name for name, holds in tests.items() if holds is None)
        if any(holds is False for holds in tests.values()):
            return Outcome(False)
        known = "，".join(f"{name}={call.facts[name]}" for name in tests if call.facts.get(name) is not None)
        return Outcome(None, (), f"缺少通话信息：{missing}") if missing else Outcome(True, (), known)
