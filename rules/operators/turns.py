"""`turns`: how many turns the conversation, or one speaker in it, has."""

from typing import Any

from pydantic import model_validator

from asr.transcript import Speaker
from rules.call import Call, Part
from rules.conditions import Condition
from rules.operators.base import Operator, Outcome


class Turns(Operator):
    """Found when the number of turns in the part meets the condition: `turns: {ge: 4}`."""

    count: Condition
    speaker: Speaker | None = None  #: instead of the rule's

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, written: Any) -> Any:
        if not isinstance(written, dict) or "count" in written:
            return written
        condition = {key: value for key, value in written.items() if key != "speaker"}
        return {"count": condition, **({"speaker": written["speaker"]} if "speaker" in written else {})}

    def find(self, call: Call, part: Part) -> Outcome:
        """Count turns in which something was said."""
        turns = {
            call.conversation.turns[at]
            for at in part.utterances
            if call.said_by(self.speaker or part.speaker, at) and call.transcript.utterances[at].text.strip()
        }
        return Outcome(self.count.holds(len(turns)), (), f"共 {len(turns)} 轮")

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
