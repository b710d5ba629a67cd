"""Spans of speech to windows for Whisper, and times in a window back to the span they belong to."""

import bisect
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE, Audio
from asr.vad import Span

#: Seconds of real sound kept on both sides of a span. CER with 0.3, 0.5, 0.8, 1.0 and 1.2 s: 16.3, 16.5, 15.6, 16.8
#: and 16.6 %, all within noise (0.7); 0.3 costs 8 % less CPU than 0.5.
PAD_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Piece:
    """A span with the sound around it, placed in a window."""

    span: Span
    start: int  #: first sample in the recording, at most PAD_SECONDS before the span
    end: int
    offset: int  #: where `start` lies in the window, in samples

    @property
    def speech(self) -> tuple[int, int]:
        """Where the span itself lies in the window, in samples."""
        shift = self.offset - self.start
        return self.span.start + shift, self.span.end + shift


@dataclass(frozen=True, slots=True)
class Window:
    """What Whisper hears at once: pieces of one channel, in order, end to end.

    Channels are never mixed, and short answers are not left alone: both raised CER by a third or more.
    """

    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        """Samples."""
        last = self.pieces[-1]
        return last.offset + last.end - last.start

    def sound(self, audio: Audio) -> NDArray[np.float32]:
        """The window's samples, without padding at its end."""
        cuts = [audio.cut(piece.span.channel, piece.start, piece.end) for piece in self.pieces]
        return np.concatenate(cuts)

    def piece_of(self, end: float) -> int:
        """Index of the piece whose speech is nearest to a character that ends at second `end` of the window.

        Its end and not its middle: Whisper's alignment stretches the first character of an utterance back over the
        silence before it (你 3.78-5.02 where speech begins at 4.91).
        """
        sample = end * SAMPLE_RATE
        distances = [max(piece.speech[0] - sample, sample - piece.speech[1], 0) for piece in self.pieces]
        return int(np.argmin(distances))


def pack(spans: list[Span], total: int, seconds: float) -> list[Window]:
    """Windows of at most `seconds` with the spans of each channel in order; a longer span has its own.

    No more windows than needed, and all of a channel about equally long: a rest in a short window at the end is heard
    badly. `total`: samples in the recording. With `seconds` 0, every span is alone.
    """
    windows: list[Window] = []
    for channel in sorted({span.channel for span in spans}):
        padded = _padded([span for span in spans if span.channel == channel], total)
        windows += _fill_evenly(padded, int(seconds * SAMPLE_RATE))
    return windows


def _padded(spans: list[Span], total: int) -> list[tuple[Span, int, int]]:
    """Each span with its padding; neighbours closer than twice the padding meet in the middle."""
    pad = int(PAD_SECONDS * SAMPLE_RATE)
    edges = [0, *((left.end + right.start) // 2 for left, right in itertools.pairwise(spans)), total]
    return [
        (span, max(span.start - pad, before), min(span.end + pad, after))
        for span, before, after in zip(spans, edges, edges[1:], strict=False)
    ]


def _fill_evenly(padded: list[tuple[Span, int, int]], limit: int) -> list[Window]:
    """The windows with the lowest limit that needs no more of them than `limit`."""
    most = _fill(padded, limit)
    limits = range(sum(window.length for window in most) // len(most), limit + 1)
    # More windows at a lower limit: the first limit with few enough is found by halving.
    at = bisect.bisect_left(limits, -len(most), key=lambda tried: -len(_fill(padded, tried)))
    return _fill(padded, limits[at]) if at < len(limits) else most


def _fill(padded: list[tuple[Span, int, int]], limit: int) -> list[Window]:
    windows: list[Window] = []
    pieces: list[Piece] = []
    offset = 0
    for span, start, end in padded:
        if pieces and offset + end - start > limit:
            windows.append(Window(tuple(pieces)))
            pieces, offset = [], 0
        pieces.append(Piece(span, start, end, offset))
        offset += end - start
    return [*windows, Window(tuple(pieces))] if pieces else windows
