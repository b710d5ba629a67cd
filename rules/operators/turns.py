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
        """Count the turns, in which 嗯 and 喂 are none."""
        speaker = self.speaker or part.speaker
        inside = {call.conversation.turns[at] for at in call.said(part, speaker)}
        own = [turn for turn in call.conversation.full_turns if inside.intersection(range(turn[1], turn[2] + 1))]
        count = sum(call.spoke(speaker, turn[0]) for turn in own)
        return Outcome(self.count.holds(count), (), f"共 {count} 轮")

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
