"""`quiet_hours`: whether the call began in hours when debtors may not be contacted."""

import re
from datetime import time
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from rules.call import Call, Part
from rules.conditions import as_moment, has_clock, is_yes
from rules.operators.base import Operator, Outcome

_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")


def _clock(written: Any) -> Any:
    # Unquoted 22:00 is 1320 to YAML, which pydantic takes for seconds; and the zone is not for rules to choose.
    if not isinstance(written, str) or not _CLOCK.fullmatch(written):
        raise ValueError("应是时刻，写作带引号的 '22:00'")
    return written


Clock = Annotated[time, BeforeValidator(_clock)]


class QuietHours(Operator):
    """Found when the call began from `start` up to `end` (exclusive) on the wall clock, without the debtor's consent.

    22:00 to 08:00 is what GB/T 45251-2025 and the 2026 guideline of the China Banking Association name.
    """

    reads_text: ClassVar[bool] = False
    start: Clock = time(22)
    end: Clock = time(8)
    consent: str = "quiet_hours_consent"  #: the fact that says the debtor agreed to be called at this hour

    def find(self, call: Call, part: Part) -> Outcome:  # noqa: ARG002 (concerns the whole call)
        """Compare the fact `started_at`."""
        started = call.facts.get("started_at")
        if started is None:
            return Outcome(None, (), "没有通话开始时间（started_at）")
        moment = as_moment(started)
        if moment is None:
            return Outcome(None, (), f"通话开始时间读不懂：{started}")
        if not has_clock(started):
            return Outcome(None, (), f"通话开始时间只有日期，没有钟点：{started}")
        if is_yes(call.facts.get(self.consent)):
            return Outcome(False, (), "债务人已同意在此时段联系")
        clock = moment.time()
        inside = self.start <= clock < self.end if self.start < self.end else clock >= self.start or clock < self.end
        return Outcome(inside, (), f"通话始于 {moment:%Y-%m-%d %H:%M}")
