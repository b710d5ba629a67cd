"""How loud a recording is over its length: numbers to draw, of all of it or of a part seen closely."""

import math
from dataclasses import dataclass

import numpy as np

from asr.audio import Audio

#: Peaks of a channel that are drawn at once: enough for a wide screen, small enough to be sent with a page.
PEAKS = 1_200

#: Peaks of a second that are kept: of an hour, a part of ten seconds still shows syllables.
RATE = 25


@dataclass(frozen=True, slots=True)
class Waveform:
    """The loudest moment of each stretch of a recording."""

    duration: float  #: seconds
    peaks: tuple[bytes, ...]  #: for each channel, left first: 0 (silence) to 100 (full scale), a byte a stretch

    def part(self, start: float, end: float | None) -> "Part":
        """What lies between two moments, None: the end; from and to where a stretch begins."""
        count = len(self.peaks[0]) if self.peaks else 0
        rate = count / self.duration if count else 1.0
        first = min(math.floor(min(start, self.duration) * rate), count)
        last = count if end is None else min(max(first, math.ceil(min(end, self.duration) * rate)), count)
        return Part(first / rate, last / rate, tuple(_fewer(channel[first:last]) for channel in self.peaks))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a waveform in no more than PEAKS stretches."""

    start: float  #: seconds
    end: float
    peaks: tuple[bytes, ...]


def draw(audio: Audio) -> Waveform:
    """The waveform of a recording in stretches of equal length: RATE a second, and of a short one PEAKS in all."""
    length = audio.samples.shape[1]
    count = min(max(PEAKS, round(audio.duration * RATE)), length)
    edges = np.linspace(0, length, count, endpoint=False, dtype=np.int64)
    return Waveform(audio.duration, tuple(_peaks(channel, edges) for channel in audio.samples))


def _peaks(
    channel: np.ndarray[tuple[int], np.dtype[np.int16]], edges: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> bytes:
    if not edges.size:
        return b""
    # Of both signs, and not through abs(): -32768 has no positive twin in 16 bits.
    highest, lowest = np.maximum.reduceat(channel, edges), np.minimum.reduceat(channel, edges)
    loudest = np.maximum(highest.astype(np.int32), -lowest.astype(np.int32))
    return np.rint(loudest * (100 / 32768)).astype(np.uint8).tobytes()


def _fewer(peaks: bytes) -> bytes:
    if len(peaks) <= PEAKS:
        return peaks
    edges = np.linspace(0, len(peaks), PEAKS, endpoint=False, dtype=np.int64)
    return np.maximum.reduceat(np.frombuffer(peaks, np.uint8), edges).tobytes()
