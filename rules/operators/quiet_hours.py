"""`quiet_hours`: whether the call began in hours when debtors may not be contacted."""

from datetime import time
from typing import ClassVar

from rules.call import Call, Part
from rules.conditions import as_moment
from rules.operators.base import Operator, Outcome


class QuietHours(Operator):
    """Found when the call began from `start` up to `end` (exclusive) on the wall clock, without the debtor's consent.

    22:00 to 08:00 is what GB/T 45251-2025 and the 2026 guideline of the China Banking Association name.
    """

    reads_text: ClassVar[bool] = False
    start: time = time(22)
    end: time = time(8)
    consent: str = "quiet_hours_consent"  #: the fact that says the debtor agreed to be called at this hour

    def find(self, call: Call, part: Part) -> Outcome:  # noqa: ARG002 (concerns the whole call)
        """Compare the fact `started_at`."""
        if call.facts.get("started_at") is None:
            return Outcome(None, (), "没有通话开始时间（started_at）")
        moment = as_moment(call.facts["started_at"])
        if moment is None:
            return Outcome(None, (), f"通话开始时间读不懂：{call.facts['started_at']}")
        if call.facts.get(self.consent) is True:
            return Outcome(False, (), "债务人已同意在此时段联系")
        clock = moment.time()
        inside = self.start <= clock < self.end if self.start < self.end else clock >= self.start or clock < self.end
        return Outcome(inside, (), f"通话始于 {moment:%Y-%m-%d %H:%M}")
