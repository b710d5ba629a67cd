"""All that was said in a call as one text: phrases run across the pauses at which recognisers cut."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from asr.transcript import Speaker, Transcript, Utterance
from rules.text import WALL, Text, fold, read_folded

#: A pause in seconds after which the same speaker begins something new.
NEW_BREATH_AFTER = 5.0

#: And one after which a sentence has ended, though the recogniser wrote no mark. It cuts at pauses of 0.7.
NEW_SENTENCE_AFTER = 1.5

#: Characters of a reply such as 嗯嗯 that does not interrupt.
SHORT_REPLY = 2

#: Between texts that are read together: a character that is part of no word and ends no clause.
_APART = "\0"

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
    folded: Mapping[int, str]  #: each utterance as it was written, but in simplified characters, half width, lower case

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
    said, breaths = transcript.utterances, _breaths(transcript.utterances)
    whole = [said[utterance].text for breath in breaths for utterance in breath]
    # All of it at once: to begin anew with each of a hundred short texts takes longer than to read them.
    folded = fold(_APART.join(whole))
    text = read_folded(folded)
    offsets = [*accumulate([len(one) + 1 for one in whole], initial=0)]
    edges = [bisect_left(text.starts, offset) for offset in offsets]
    starts: list[int] = []
    ends: list[int] = []
    owners: list[int] = []
    stops: set[int] = set()
    walls: list[int] = []
    parts: dict[int, tuple[int, int]] = {}
    begun: list[int] = []
    for breath in breaths:
        begun.append(edges[len(parts)])
        for before, utterance in zip((None, *breath), breath, strict=False):
            if before is None or not _runs_on(said[before], said[utterance]):
                stops.add(len(starts))
            offset, (first, last) = offsets[len(parts)], edges[len(parts) : len(parts) + 2]
            parts[utterance] = len(starts), len(starts) + last - first
            starts += [at - offset for at in text.starts[first:last]]
            ends += [at - offset for at in text.ends[first:last]]
            owners += [utterance] * (last - first)
        walls.append(len(starts))
        starts.append(0)
        ends.append(0)
        owners.append(-1)
    written = {one: folded[first : last - 1] for one, (first, last) in zip(parts, pairwise(offsets), strict=True)}
    voices = [said[breath[0]].speaker for breath in breaths]
    joined = _walled(text, begun, starts, ends, stops.union(walls), voices)
    return Speech(joined, owners, walls, parts, written)


def _walled(
    text: Text, begun: list[int], starts: list[int], ends: list[int], stops: set[int], voices: list[Speaker]
) -> Text:
    """The text with a wall after each breath; `begun` is where they begin without."""

    def moved(at: int) -> int:
        return at + bisect_right(begun, at) - 1

    chars = [text.chars[first:last] + WALL for first, last in pairwise([*begun, len(text.chars)])]
    numbers = [(moved(start), moved(start) + end - start) for start, end in text.numbers]
    return Text("".join(chars), starts, ends, sorted(stops.union(map(moved, text.stops))), numbers, voices)


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
