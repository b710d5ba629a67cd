"""`contact_limit`: whether this contact exceeds how often someone may be contacted in a day."""

from typing import ClassVar, Literal

from pydantic import Field

from rules.call import Call, Part
from rules.conditions import as_number, is_yes
from rules.operators.base import Operator, Outcome

_COUNTED = {"effective_calls": "当日有效通话", "dials": "当日未接通拨打"}


class ContactLimit(Operator):
    """Found when the fact `<count>_today`, this contact included, is more than `most`.

    They are two counters: effective calls with one debtor (at most 3 a day, GB/T 45251-2025) and unanswered dials to
    one number (at most 6 a day, the soft rule of the 2026 guideline of the China Banking Association).
    """

    reads_text: ClassVar[bool] = False
    count: Literal["effective_calls", "dials"]
    most: int = Field(ge=0)
    agreed: str = "contact_limit_consent"  #: the fact that says the debtor agreed to more

    def find(self, call: Call, part: Part) -> Outcome:  # noqa: ARG002 (concerns the whole call)
        """Compare the counter that came with the call."""
        name = f"{self.count}_today"
        number = as_number(call.facts.get(name))
        if number is None:
            return Outcome(None, (), f"缺少通话信息：{name}")
        if is_yes(call.facts.get(self.agreed)):
            return Outcome(False, (), "债务人已同意")
        return Outcome(number > self.most, (), f"{_COUNTED[self.count]} {number:.0f} 次，上限 {self.most} 次")
