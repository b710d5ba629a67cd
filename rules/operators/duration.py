"""`duration`: how long the recording is, in seconds."""

from typing import Any, ClassVar

from pydantic import model_validator

from rules.call import Call, Part
from rules.conditions import Condition
from rules.operators.base import Operator, Outcome


class Duration(Operator):
    """Found when the duration meets the condition: `duration: {lt: 10}`."""

    reads_text: ClassVar[bool] = False
    seconds: Condition

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, written: Any) -> Any:
        return written if isinstance(written, dict) and "seconds" in written else {"seconds": written}

    def find(self, call: Call, part: Part) -> Outcome:  # noqa: ARG002 (concerns the whole call)
        """Compare the recording's duration."""
        duration = call.transcript.duration
        if duration is None:
            return Outcome(None, (), "没有录音时长")
        return Outcome(self.seconds.holds(duration), (), f"录音时长 {duration:.0f} 秒")
