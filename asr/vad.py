"""Who makes sound when: energy of each channel, a cross-talk gate, and the utterances between silences."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE, Audio

FRAME = SAMPLE_RATE // 100  #: samples per frame: 10 ms
FRAMES_PER_SECOND = 100

#: All levels in dB below full scale, all lengths in frames of 10 ms. Development recordings have noise floors of -62
#: to -43 and speech of -18 to -25 at its loud parts (90th percentile); line leakage is about 35 below its source.
QUIETEST = -96.0  #: what digital silence counts as
ABOVE_FLOOR = 6.0  #: speech rises this far above its channel's noise floor
SPEECH_RANGE = 38.0  #: and is not further than this below the channel's loud parts
FAINTEST = -62.0  #: nothing below this is speech on a telephone line
GATE = 22.0  #: a channel this far below the other is hearing it through the line
HOLD = 25  #: for this long after (and before) its source, sound may still come through the line: delay and echo
SMOOTH = 5
BRIDGE = 70  #: silences shorter than this do not end an utterance
SHORTEST = 10  #: sounds shorter than this are clicks
LONGEST = (
    1400  #: longer utterances are split where they are quietest: with its padding one fits the window of any profile
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Sound on one channel that may be speech."""

    start: int  #: first sample
    end: int  #: one past the last sample
    channel: int


def frame_levels(audio: Audio) -> NDArray[np.float32]:
    """Loudness of every whole 10 ms frame in dB below full scale, shape (channels, frames)."""
    rows = [_channel_levels(audio, channel) for channel in range(audio.samples.shape[0])]
    return np.stack(rows)


def _channel_levels(audio: Audio, channel: int) -> NDArray[np.float32]:
    frames = audio.samples.shape[1] // FRAME
    levels = np.empty(frames, np.float32)
    minute = 60 * FRAMES_PER_SECOND  # a minute at a time: a long call as float32 would double its memory
    for first in range(0, frames, minute):
        last = min(first + minute, frames)
        block = audio.cut(channel, first * FRAME, last * FRAME).reshape(-1, FRAME)
        block -= block.mean(axis=1, keepdims=True)  # a constant offset is not sound
        levels[first:last] = 10 * np.log10(np.maximum(np.mean(block**2, axis=1), 10 ** (QUIETEST / 10)))
    return levels


def spans(levels: NDArray[np.float32], bridge: int = BRIDGE) -> list[Span]:
    """Stretches of sound on every channel of `frame_levels`, in order of time, apart by `bridge` frames at least.

    Energy with a gate instead of a trained detector on everything: Silero fires on the other side's leakage, 35 dB
    down, and Whisper invents sentences over it. All 199 turns of 24 development calls are found, edges within 0.02 s
    (median) and 0.08 s (95 %) of the labels, and nothing else is; without HOLD, five stretches of echo were.
    """
    if levels.shape[1] == 0:
        return []
    found = [span for channel in range(len(levels)) for span in _channel_spans(levels, channel, bridge)]
    return sorted(found)


def _channel_spans(levels: NDArray[np.float32], channel: int, bridge: int) -> list[Span]:
    smooth = _smooth(levels[channel])
    loud = smooth > _threshold(smooth)
    for other in range(len(levels)):
        if other != channel:
            loud &= smooth > _held(_smooth(levels[other])) - GATE
    runs = [run for run in _bridged(_runs(loud), bridge) if run[1] - run[0] >= SHORTEST]
    pieces = [piece for run in runs for piece in _split(smooth, *run)]
    return [Span(start * FRAME, end * FRAME, channel) for start, end in pieces]


def _smooth(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.pad(levels, SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.full(SMOOTH, 1 / SMOOTH, np.float32), mode="valid").astype(np.float32)


def _held(smooth: NDArray[np.float32]) -> NDArray[np.float32]:
    """The loudest within HOLD frames: in the gaps between the other's words, their echo would pass the gate."""
    padded = np.pad(smooth, HOLD, mode="edge")
    held: NDArray[np.float32] = sliding_window_view(padded, 2 * HOLD + 1).max(axis=1)
    return held


def _threshold(smooth: NDArray[np.float32]) -> float:
    heard = smooth[smooth > QUIETEST + 1]  # muted stretches (digital silence) say nothing about the line's noise
    if not len(heard):
        return 0.0
    floor, loud = float(np.percentile(heard, 10)), float(np.percentile(heard, 98))
    return max(floor + ABOVE_FLOOR, loud - SPEECH_RANGE, FAINTEST)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _bridged(runs: list[tuple[int, int]], bridge: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] < bridge:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _split(smooth: NDArray[np.float32], start: int, end: int) -> list[tuple[int, int]]:
    """Cut a run longer than LONGEST at its quietest frame, away from its ends."""
    pieces = []
    while end - start > LONGEST:
        first = start + LONGEST // 3
        cut = first + int(np.argmin(smooth[first : start + LONGEST]))
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]
