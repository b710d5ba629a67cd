"""What operators share that go by time: which utterances of a part have one, and which was said during a stretch."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from asr.transcript import Speaker
from rules.call import Call, Hit, Part

#: Why they cannot tell, in a text.
NO_TIMES = "文字没有时间"


class Said(NamedTuple):
    """An utterance with the seconds it took. A tuple, because a call has hundreds."""

    at: int  #: index into the transcript's utterances
    speaker: Speaker
    start: float
    end: float
    text: str

    def common(self, start: float, end: float) -> float:
        """For how many of these seconds it was being said; negative for how far it is from them."""
        return min(self.end, end) - max(self.start, start)

    @property
    def chars(self) -> int:
        """How many characters it has, marks not counted."""
        return sum(map(str.isalnum, self.text))

    def hit(self, note: str = "") -> Hit:
        """All of it."""
        return Hit(self.at, 0, len(self.text), note=note)


def timed(call: Call, part: Part, speaker: Speaker | None = None) -> list[Said] | None:
    """What `speaker` (None: anyone) said in the part, by start; None where any of it has no time."""
    found = []
    for at in call.said(part, speaker):
        one = call.transcript.utterances[at]
        if part.reaches(at, 0, len(one.text)):
            if one.start is None or one.end is None:
                return None
            found.append(Said(at, one.speaker, one.start, one.end, one.text))
    return sorted(found, key=lambda said: said.start)


def untimed(call: Call, hits: Iterable[Hit]) -> bool:
    """Whether it is not known of one of them when it was said."""
    return any(call.transcript.utterances[hit.utterance].start is None for hit in hits)


def during(said: Sequence[Said], start: float, end: float) -> Said | None:
    """The one of `said` that fills most of these seconds; None where none was being said."""
    best = max(said, key=lambda one: one.common(start, end), default=None)
    return best if best and best.common(start, end) > 0 else None
