"""`loudness`: someone raises the voice."""

from pydantic import Field

from asr.transcript import Speaker
from rules.call import Call, Part
from rules.operators.base import Operator, Outcome
from rules.operators.timing import NO_TIMES, during, timed


class Loudness(Operator):
    """Found where someone is at least `rise` decibels louder than usual for that voice, `times` times or more.

    6 dB is twice the amplitude, and the least that is measured. Where speakers share one channel nobody's usual level
    is known.
    """

    rise: float = Field(6.0, ge=6)
    times: int = Field(1, ge=1)
    speaker: Speaker | None = None  #: instead of the rule's

    def find(self, call: Call, part: Part) -> Outcome:
        """Every utterance in the part that is so loud."""
        speaker = self.speaker or part.speaker
        heard = call.transcript.acoustics
        voices = [voice for voice in heard.voices if call.spoke(speaker, voice.speaker)] if heard else []
        if all(voice.loudness is None for voice in voices):
            return Outcome(None, (), "没有音量数据，无法判断是否提高嗓门")
        said = timed(call, part, speaker)
        if said is None:
            return Outcome(None, (), f"{NO_TIMES}，无法判断哪一句提高了嗓门")
        jumps = [jump for voice in voices for jump in voice.jumps if (jump.rise or 0.0) >= self.rise]
        loud = {one.at: (one, jump.rise) for jump in jumps if (one := during(said, jump.start, jump.end))}
        hits = tuple(one.hit(f"比平时响 {rise:.0f} 分贝") for _, (one, rise) in sorted(loud.items()))
        return Outcome(len(hits) >= self.times, hits, f"提高嗓门 {len(hits)} 次")

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
