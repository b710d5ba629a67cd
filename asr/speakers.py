"""The two voices of a mono recording, told apart by voice prints, as if each had been recorded on its own channel."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE, Audio
from asr.vad import FRAME, Span, spans
from asr.voiceprint import VoicePrinter

Prints = NDArray[np.float32]

#: All lengths in frames of 10 ms. A turn ends at a pause this long: people leave each other 0.2 s.
PAUSE = 20
#: One voice print is made of so much sound, in longer speech one every HOP: with one every 0.5 s instead of 0.75 the
#: cost rises by half.
WINDOW, HOP = 150, 75
#: Shorter sounds are compared with the voices but do not define them: with 0.5 s, 98.7 and not 99.1 % of the time of
#: 24 development calls was named rightly.
TELLING = 80
#: Mean likeness (cosine) of prints across the best parting in two. On the development calls it is up to 0.54 for two
#: people (0.62 in one call, parted wrongly), and from 0.60 for one person alone; in between nobody can tell.
TWO, ONE = 0.57, 0.66
#: Partings tried: from each of the longest windows and the one least like it.
STARTS = 30
#: A window this much liker one voice than the other is certain enough to cut a turn where the certain ones disagree.
CLEAR = 0.1
#: Sound kept on both sides of a turn, up to half way to its neighbour; packing pads with it.
MARGIN = SAMPLE_RATE // 2


@dataclass(frozen=True, slots=True)
class Separated:
    """A mono recording as if its voices had been recorded on channels of their own."""

    audio: Audio  #: a row for each voice, silent while others speak
    spans: list[Span]  #: `channel` is the voice


@dataclass(frozen=True, slots=True)
class _Turn:
    """Speech without a pause, and the prints of the windows in it."""

    span: Span
    windows: list[tuple[int, int]]  #: first and last frame
    prints: Prints

    @property
    def weights(self) -> NDArray[np.float32]:
        return np.array([(end - start) / WINDOW for start, end in self.windows], np.float32)


class Separator:
    """Tells the voices of mono recordings apart. Its network is loaded when the first one comes."""

    def __init__(self, models: Path) -> None:
        self._models = models

    @functools.cached_property
    def _printer(self) -> VoicePrinter:
        return VoicePrinter(self._models)

    def separate(self, audio: Audio, levels: NDArray[np.float32], found: Sequence[Span]) -> Separated | None:
        """The voices, one or two, in the speech `found`; None when it cannot be told whether there are two.

        `levels` are `vad.frame_levels` of the recording. Spans come back cut where the voice changes. Costs about a
        quarter of recognising the same speech. Raises AsrError: `model_missing`, `model_damaged`.
        """
        shorter = spans(levels, PAUSE)
        turns = [[self._turn(audio, span) for span in shorter if whole.start <= span.start < whole.end]
                 for whole in found]  # fmt: skip
        voices = part([turn for whole in turns for turn in whole])
        if voices is None:
            return None
        said = [span for whole in turns for span in _joined(whole, voices, levels[0])]
        return Separated(Audio(audio.source, _rows(audio, said, len(voices))), said)

    def _turn(self, audio: Audio, span: Span) -> _Turn:
        windows = _windows((span.end - span.start) // FRAME)
        return _Turn(span, windows, self._printer.prints(audio.cut(0, span.start, span.end), windows))


def _windows(frames: int) -> list[tuple[int, int]]:
    """All of `frames` in windows of WINDOW, HOP apart or a little closer."""
    steps = max(0, -(-(frames - WINDOW) // HOP))
    starts = [round(step * (frames - WINDOW) / steps) for step in range(1, steps + 1)]
    return [(start, min(start + WINDOW, frames)) for start in [0, *starts]]


def part(turns: Sequence[_Turn]) -> Prints | None:
    """The print of each voice, one or two; None when there may be one or two."""
    windows = [pair for turn in turns for pair in zip(turn.prints, turn.weights, strict=True)]
    telling = [(heard, weight) for heard, weight in windows if weight * WINDOW >= TELLING]
    if len(telling) < 2:
        return None
    prints, weights = np.stack([heard for heard, _ in telling]), np.array([weight for _, weight in telling])
    sides = max(_partings(prints, weights), key=lambda sides: _closeness(prints, weights, sides))
    likeness = float(sides[0] @ sides[1])
    if likeness < TWO:
        return _unit(sides)
    return _unit(np.average(prints, axis=0, weights=weights)[None]) if likeness >= ONE else None


def _partings(prints: Prints, weights: NDArray[np.float32]) -> Iterator[Prints]:
    """The mean prints of two sides (not of length 1: the surer a side, the longer), from several starts."""
    for start in np.argsort(-weights, kind="stable")[:STARTS]:
        other = int(np.argmin(prints @ prints[start]))
        yield _settled(prints, weights, prints[[start, other]])


def _settled(prints: Prints, weights: NDArray[np.float32], sides: Prints) -> Prints:
    """Two-means on the sphere: each print to the liker side, each side to the mean of its prints, until it rests."""
    before = np.empty(0)
    for _ in range(20):
        side = (prints @ _unit(sides).T).argmax(axis=1)
        if side.min() == side.max() or np.array_equal(before, side):
            break
        before = side
        sides = np.stack([np.average(prints[side == k], axis=0, weights=weights[side == k]) for k in (0, 1)])
    return sides


def _closeness(prints: Prints, weights: NDArray[np.float32], sides: Prints) -> float:
    return float(weights @ (prints @ _unit(sides).T).max(axis=1))


def _unit(vectors: Prints) -> Prints:
    unit: Prints = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _joined(turns: Sequence[_Turn], voices: Prints, levels: NDArray[np.float32]) -> Iterator[Span]:
    """The turns of one span by voice; neighbours of one voice are one."""
    pieces = [piece for turn in turns for piece in _by_voice(turn, voices, levels)]
    for voice, same in itertools.groupby(pieces, key=lambda piece: piece.channel):
        parts = list(same)
        yield Span(parts[0].start, parts[-1].end, voice)


def _by_voice(turn: _Turn, voices: Prints, levels: NDArray[np.float32]) -> Iterator[Span]:
    """A turn, cut at its quietest frame wherever windows that are certain of their voice disagree."""
    likeness = turn.prints @ voices.T
    lean = likeness[:, 0] - likeness[:, -1]
    first, start = turn.span.start // FRAME, turn.span.start
    sure = [(sum(window) // 2 + first, int(own < 0)) for window, own in zip(turn.windows, lean, strict=True)
            if abs(own) >= CLEAR]  # fmt: skip
    for (here, voice), (there, other) in itertools.pairwise(sure):
        if voice != other:
            end = (here + int(np.argmin(levels[here:there]))) * FRAME
            yield Span(start, end, voice)
            start = end
    yield Span(start, turn.span.end, sure[-1][1] if sure else int(turn.weights @ lean < 0))


def _rows(audio: Audio, said: Sequence[Span], voices: int) -> NDArray[np.int16]:
    """A row for each voice: its spans with what is around them, and silence."""
    rows = np.zeros((voices, audio.samples.shape[1]), np.int16)
    edges = [0, *((left.end + right.start) // 2 for left, right in itertools.pairwise(said)), rows.shape[1]]
    for span, (before, after) in zip(said, itertools.pairwise(edges), strict=True):
        kept = slice(max(span.start - MARGIN, before), min(span.end + MARGIN, after))
        rows[span.channel, kept] = audio.samples[0, kept]
    return rows
