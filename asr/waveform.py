"""How loud a recording is over its length: a few hundred numbers to draw."""

from dataclasses import dataclass

import numpy as np

from asr.audio import Audio

#: Peaks of a channel: enough for a wide screen, small enough to be sent with a page.
PEAKS = 1_200


@dataclass(frozen=True, slots=True)
class Waveform:
    """The loudest moment of each stretch of a recording."""

    duration: float  #: seconds
    peaks: tuple[tuple[int, ...], ...]  #: for each channel, left first: 0 (silence) to 100 (full scale)


def draw(audio: Audio, count: int = PEAKS) -> Waveform:
    """The waveform of a recording in `count` stretches of equal length, fewer if it is shorter than that."""
    length = audio.samples.shape[1]
    edges = np.linspace(0, length, min(count, length), endpoint=False, dtype=np.int64)
    return Waveform(round(audio.duration, 2), tuple(_peaks(channel, edges) for channel in audio.samples))


def _peaks(
    channel: np.ndarray[tuple[int], np.dtype[np.int16]], edges: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[int, ...]:
    if not edges.size:
        return ()
    # Of both signs, and not through abs(): -32768 has no positive twin in 16 bits.
    highest, lowest = np.maximum.reduceat(channel, edges), np.minimum.reduceat(channel, edges)
    loudest = np.maximum(highest.astype(np.int32), -lowest.astype(np.int32))
    return tuple(int(value) for value in np.rint(loudest * (100 / 32768)).astype(np.int32))
