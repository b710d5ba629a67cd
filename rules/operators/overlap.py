"""`overlap`: one speaker starts while the other is still speaking."""

from itertools import pairwise

from pydantic import Field

from asr.transcript import Speaker, Utterance
from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome


class Overlap(Operator):
    """Found where `speaker` cuts in and both speak for at least `seconds`, `times` times or more."""

    seconds: float = Field(1.0, gt=0)
    times: int = Field(1, ge=1)
    speaker: Speaker | None = None  #: who cuts in; instead of the rule's
    min_chars: int = Field(4, ge=1)  #: shorter remarks (嗯, 对对) are no interruption

    def find(self, call: Call, part: Part) -> Outcome:
        """Every interruption in the part."""
        said = [(at, one) for at, one in enumerate(call.transcript.utterances) if at in part.utterances]
        if any(one.start is None or one.end is None for _, one in said):
            return Outcome(None, (), "文字没有时间，无法判断抢话")
        hits = tuple(
            Hit(at, 0, len(one.text))
            for (_, before), (at, one) in pairwise(said)
            if call.said_by(self.speaker or part.speaker, at) and self._cuts_in(before, one)
        )
        return Outcome(len(hits) >= self.times, hits, f"抢话 {len(hits)} 次")

    def _cuts_in(self, before: Utterance, one: Utterance) -> bool:
        both = min(before.end or 0.0, one.end or 0.0) - (one.start or 0.0)
        return before.speaker != one.speaker and both >= self.seconds and len(one.text) >= self.min_chars

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
