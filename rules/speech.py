"""All that was said in a call as one text: phrases run across the pauses at which recognisers cut."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asr.transcript import Speaker, Transcript, Utterance
from rules.text import WALL, Text, normalise

#: A pause in seconds after which the same speaker begins something new.
NEW_BREATH_AFTER = 5.0

#: And one after which a sentence has ended, though the recogniser wrote no mark. It cuts at pauses of 0.7.
NEW_SENTENCE_AFTER = 1.5

#: Characters of a reply such as 嗯嗯 that does not interrupt.
SHORT_REPLY = 2

_SENTENCE = re.compile(r"[^。！？!?\n]+")


class Sentence(NamedTuple):
    """One sentence as it was written, and as matching sees it."""

    utterance: int
    start: int  #: characters of that utterance's text, end exclusive
    end: int
    chars: str  #: normalised


@dataclass(frozen=True, slots=True)
class Speech:
    """The joined text, and where each part of it was said."""

    text: Text
    owners: Sequence[int]  #: for each character the utterance it was said in; -1 for walls
    walls: Sequence[int]  #: the characters that are walls, ascending
    parts: Mapping[int, tuple[int, int]]  #: for each utterance its characters, end exclusive

    def chars(self, utterance: int) -> str:
        """What was said in that utterance, normalised."""
        return self.text.chars[slice(*self.parts[utterance])]

    def sentences(self, transcript: Transcript) -> Iterator[Sentence]:
        """Everything said, sentence by sentence."""
        for utterance, (first, last) in sorted(self.parts.items()):
            for written in _SENTENCE.finditer(transcript.utterances[utterance].text):
                start, end = (bisect_left(self.text.starts, at, first, last) for at in written.span())
                if start < end:
                    yield Sentence(utterance, *written.span(), self.text.chars[start:end])


def join(transcript: Transcript) -> Speech:
    """Put together what one speaker says in one breath. Elsewhere a wall stands between the texts."""
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    stops: set[int] = set()
    numbers: list[tuple[int, int]] = []
    owners: list[int] = []
    walls: list[int] = []
    parts: dict[int, tuple[int, int]] = {}
    for breath in _breaths(transcript.utterances):
        for before, utterance in zip((None, *breath), breath, strict=False):
            text = normalise(transcript.utterances[utterance].text)
            at = len(starts)
            stops.update([at + stop for stop in text.stops])
            if before is None or not _runs_on(transcript.utterances[before], transcript.utterances[utterance]):
                stops.add(at)
            numbers += [(at + start, at + end) for start, end in text.numbers]
            chars.append(text.chars)
            starts += text.starts
            ends += text.ends
            owners += [utterance] * len(text.starts)
            parts[utterance] = at, len(starts)
        stops.add(len(starts))
        walls.append(len(starts))
        chars.append(WALL)
        starts.append(0)
        ends.append(0)
        owners.append(-1)
    text = Text("".join(chars), starts, ends, frozenset(stops), numbers)
    return Speech(text, owners, walls, parts)


def _breaths(said: Sequence[Utterance]) -> list[list[int]]:
    """Utterances that belong together, by index: the same speaker going on, over a short 嗯 of the other too."""
    breaths: list[list[int]] = []
    last: dict[Speaker, list[int]] = {}
    for at, one in enumerate(said):
        own = last.get(one.speaker)
        if own and _goes_on(said, own[-1], at):
            own.append(at)
        else:
            last[one.speaker] = [at]
            breaths.append(last[one.speaker])
    return breaths


def _goes_on(said: Sequence[Utterance], before: int, after: int) -> bool:
    if any(len(one.text) > SHORT_REPLY for one in said[before + 1 : after]):
        return False
    end, start = said[before].end, said[after].start
    if end is None or start is None:
        return after == before + 1
    return start - end < NEW_BREATH_AFTER


def _runs_on(before: Utterance, after: Utterance) -> bool:
    """Whether a sentence goes on over the pause: recognisers cut 我们不会 … 上门堵您的 where somebody breathes."""
    return before.end is not None and after.start is not None and after.start - before.end < NEW_SENTENCE_AFTER
