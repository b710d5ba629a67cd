"""`speech_rate`: how fast someone speaks, in characters a minute."""

from pydantic import Field

from asr.transcript import Speaker, Utterance
from rules.call import Call, Hit, Part
from rules.conditions import Condition
from rules.operators.base import Operator, Outcome


class SpeechRate(Operator):
    """Found where an utterance of at least `min_chars` has such a rate, or, with `average`, all of them together do."""

    chars_per_minute: Condition
    speaker: Speaker | None = None  #: instead of the rule's
    min_chars: int = Field(10, ge=1)
    average: bool = False

    def find(self, call: Call, part: Part) -> Outcome:
        """Measure the utterances of the speaker."""
        speaker = self.speaker or part.speaker
        said = [(at, call.transcript.utterances[at]) for at in sorted(part.utterances) if call.said_by(speaker, at)]
        counted = [(at, one, chars) for at, one in said if (chars := sum(map(str.isalnum, one.text))) >= self.min_chars]
        if any(one.start is None or one.end is None for _, one, _ in counted):
            return Outcome(None, (), "文字没有时间，无法判断语速")
        if self.average:
            rate = _rate(sum(chars for *_, chars in counted), sum(_seconds(one) for _, one, _ in counted))
            return Outcome(bool(self.chars_per_minute.holds(rate)), (), f"平均语速每分钟 {rate:.0f} 字")
        fast = [(at, one) for at, one, chars in counted if self.chars_per_minute.holds(_rate(chars, _seconds(one)))]
        return Outcome(bool(fast), tuple(Hit(at, 0, len(one.text)) for at, one in fast))

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker


def _seconds(one: Utterance) -> float:
    return (one.end or 0.0) - (one.start or 0.0)


def _rate(chars: int, seconds: float) -> float:
    return 60 * chars / seconds if seconds > 0 else 0.0
