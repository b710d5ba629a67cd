"""`speech_rate`: how fast someone speaks, in characters a minute."""

from pydantic import Field

from asr.transcript import Speaker
from rules.call import Call, Part
from rules.conditions import Condition
from rules.operators.base import Operator, Outcome
from rules.operators.timing import NO_TIMES, timed


class SpeechRate(Operator):
    """Found where an utterance of at least `min_chars` has such a rate, or, with `average`, all of them together do."""

    chars_per_minute: Condition
    speaker: Speaker | None = None  #: instead of the rule's
    min_chars: int = Field(10, ge=1)
    average: bool = False

    def find(self, call: Call, part: Part) -> Outcome:
        """Measure the utterances of the speaker."""
        said = timed(call, part, self.speaker or part.speaker)
        if said is None:
            return Outcome(None, (), f"{NO_TIMES}，无法判断语速")
        taking_time = ((one, one.chars) for one in said if one.end > one.start)
        counted = [(one, chars) for one, chars in taking_time if chars >= self.min_chars]
        if not counted:
            return Outcome(None, (), f"没有一句满 {self.min_chars} 字，无法判断语速")
        if self.average:
            rate = 60 * sum(chars for _, chars in counted) / sum(one.end - one.start for one, _ in counted)
            return Outcome(self.chars_per_minute.holds(rate), (), f"平均语速每分钟 {rate:.0f} 字")
        rates = [(one, 60 * chars / (one.end - one.start)) for one, chars in counted]
        hits = [one.hit(f"每分钟 {rate:.0f} 字") for one, rate in rates if self.chars_per_minute.holds(rate)]
        return Outcome(bool(hits), tuple(hits))

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
