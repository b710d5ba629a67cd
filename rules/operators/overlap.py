"""`overlap`: one speaker starts while the other is still speaking."""

from collections.abc import Iterator

from pydantic import Field

from asr.transcript import Speaker
from rules.call import Call, Part
from rules.operators.base import Operator, Outcome
from rules.operators.timing import NO_TIMES, Said, during, timed


class Overlap(Operator):
    """Found where `speaker` cuts in and both speak for at least `seconds`, `times` times or more.

    Measured on the channels where the recording was; otherwise by the times of the utterances.
    """

    seconds: float = Field(1.0, gt=0)
    times: int = Field(1, ge=1)
    speaker: Speaker | None = None  #: who cuts in; instead of the rule's
    min_chars: int = Field(4, ge=1)  #: marks not counted; shorter remarks (嗯，嗯) are no interruption

    def find(self, call: Call, part: Part) -> Outcome:
        """Every interruption in the part."""
        heard = call.transcript.acoustics
        if heard and len(heard.voices) < 2:
            return Outcome(None, (), "两人录在一个声道里，无法判断抢话")
        said = timed(call, part)
        if not said:
            return Outcome(None, (), f"{NO_TIMES if said is None else '没有人说话'}，无法判断抢话")
        cuts = self._heard(call, said) if heard else self._written(said)
        who = self.speaker or part.speaker
        found = {one.at: one for one in cuts if call.spoke(who, one.speaker) and one.chars >= self.min_chars}
        hits = tuple(found[at].hit() for at in sorted(found))
        return Outcome(len(hits) >= self.times, hits, f"抢话 {len(hits)} 次")

    def _heard(self, call: Call, said: list[Said]) -> Iterator[Said]:
        """What was said by those who came second, where both channels had speech."""
        assert call.transcript.acoustics is not None
        for both in call.transcript.acoustics.overlaps:
            own = [one for one in said if one.speaker == both.speaker]
            if both.end - both.start >= self.seconds and (one := during(own, both.start, both.end)):
                yield one

    def _written(self, said: list[Said]) -> Iterator[Said]:
        """Utterances that begin during another one of the other speaker, however many lie between them in the list."""
        speaking: list[Said] = []
        for one in said:
            speaking = [before for before in speaking if before.end > one.start]
            others = [before for before in speaking if before.speaker != one.speaker and before.start < one.start]
            if any(one.common(before.start, before.end) >= self.seconds for before in others):
                yield one
            speaking.append(one)

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
