"""Whether the two channels of a recording carry two people, or one line twice."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE, Audio
from asr.vad import FRAME, frame_levels

Levels = NDArray[np.float32]

#: A channel that never rises above this (dB) is not connected: a line has noise, even of comfort.
DEAD = -85.0
#: Places in the call where the channels are compared, samples compared at each, and the most that one may lag.
PLACES, BLOCK, LAG = 16, 2 * SAMPLE_RATE, SAMPLE_RATE // 4
#: At so many of them one line saved twice may look like two.
ODD = 1
#: Two people, or a person and line noise, are at most 0.3 alike; one line coded twice is above 0.9.
ALIKE = 0.7
#: dB. A copy may be louder, but by so much it is leakage, and by the same all the time: with two people on a leaking
#: line now one channel is the louder one, now the other.
LOUDER, STEADY = 15.0, 3.0


def told_apart(audio: Audio) -> tuple[Audio, Levels]:
    """Audio and `frame_levels`, of the louder channel alone when the two do not tell the speakers apart.

    Some exchanges save a mono line as stereo: the same sound on both channels, perhaps louder or later on one, or on
    one and nothing on the other. Taken as two speakers, each sentence would be said by both, or the agent would have
    said the customer's.
    """
    levels = frame_levels(audio)
    live = levels.max(axis=1, initial=DEAD) > DEAD
    if len(levels) == 2 and live.any() and (not live.all() or _same(audio, levels)):
        loud = int(np.argmax(levels.mean(axis=1)))
        return replace(audio, samples=audio.samples[loud : loud + 1]), levels[loud : loud + 1]
    return audio, levels


def _same(audio: Audio, levels: Levels) -> bool:
    """Whether nearly everywhere the channels are alike, one by the same amount louder than the other."""
    loudest = levels.max(axis=0)
    loud = np.flatnonzero(loudest > np.percentile(loudest, 60)) if len(loudest) else np.array([], np.int64)
    if not len(loud):
        return False
    places = loud[np.linspace(0, len(loud) - 1, PLACES).astype(int)]
    gains: list[float] = []
    for looked, at in enumerate(places, start=1):
        gain = _gain(audio, int(at) * FRAME)
        gains += [] if gain is None else [gain]
        if looked - len(gains) > ODD:  # two people show at once, and looking at all places took 2 % of a call's CPU
            return False
    return int(np.sum(np.abs(np.array(gains) - np.median(gains)) < STEADY)) >= PLACES - ODD


def _gain(audio: Audio, at: int) -> float | None:
    """How many dB the first channel is louder around a sample, when it carries the second's sound; else None."""
    first, second = (audio.cut(channel, max(at - BLOCK // 2, 0), at + BLOCK // 2) for channel in (0, 1))
    energies = float(np.sum(first**2)), float(np.sum(second**2))
    if min(energies) == 0.0:
        return None
    size = 2 * len(first)  # room for the lag: the transform is circular
    alike = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    peak = max(np.abs(alike[: LAG + 1]).max(), np.abs(alike[-LAG:]).max()) / np.sqrt(energies[0] * energies[1])
    gain = 10 * float(np.log10(energies[0] / energies[1]))
    return gain if peak >= ALIKE and abs(gain) < LOUDER else None
