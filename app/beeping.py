"""A recording as those hear it who may not see personal data: a tone over the seconds in which it was said."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import rules
from asr.audio import SAMPLE_RATE, Audio
from asr.transcript import Transcript

_HEADER = 44
#: Samples of each channel that are made at a time: two seconds.
_AT_ONCE = 2 * SAMPLE_RATE

#: Of the tone: Hz, and a tenth of full scale.
_PITCH, _LOUD = 1000, 3277

#: Where in an utterance a word was said is known by its share of the characters only: seconds more at either end.
_MARGIN = 0.5
#: Digits at most that a mask leaves readable at either end of a number, and a tone must not.
_LEFT = 4


def secret_seconds(transcript: Transcript) -> list[tuple[float, float]]:
    """When personal data was said, in seconds from the start of the recording: at most one stretch an utterance."""
    stretches = []
    for said, shown in zip(transcript.utterances, rules.mask_transcript(transcript).utterances, strict=True):
        hidden = [at for at, (plain, mask) in enumerate(zip(said.text, shown.text, strict=True)) if plain != mask]
        if hidden:
            start, end = said.seconds((max(hidden[0] - _LEFT, 0), min(hidden[-1] + 1 + _LEFT, len(said.text))))
            if start is not None and end is not None:
                stretches.append((max(start - _MARGIN, 0.0), end + _MARGIN))
    return stretches


@dataclass(frozen=True, slots=True)
class Beeped:
    """A WAV file that is made while it is read, from a decoded recording."""

    audio: Audio
    secrets: tuple[tuple[float, float], ...]  #: seconds

    @property
    def size(self) -> int:
        """Bytes."""
        return _HEADER + self.audio.samples.nbytes

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Its bytes from `start` to `end`."""
        if start < _HEADER:
            yield self._header()[start:end]
        channels, length = self.audio.samples.shape
        first, last = max(start - _HEADER, 0), end - _HEADER
        for at in range(first // (2 * channels), length, _AT_ONCE):
            begins = 2 * channels * at
            if begins >= last:
                return
            yield self._samples(at).tobytes()[max(first - begins, 0) : last - begins]

    def _header(self) -> bytes:
        channels, sound = self.audio.samples.shape[0], self.audio.samples.nbytes
        kind = (16, 1, channels, SAMPLE_RATE, 2 * channels * SAMPLE_RATE, 2 * channels, 16)
        return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + sound, b"WAVE", b"fmt ", *kind, b"data", sound)

    def _samples(self, at: int) -> NDArray[np.int16]:
        """Some samples from `at` on, a row for each moment."""
        sound = np.array(self.audio.samples.T[at : at + _AT_ONCE], np.int16)
        moments = np.arange(at, at + len(sound))
        tone = np.int16(_LOUD) * np.sin(2 * np.pi * _PITCH / SAMPLE_RATE * moments)
        for start, end in self.secrets:
            secret = (moments >= start * SAMPLE_RATE) & (moments < end * SAMPLE_RATE)
            sound[secret] = tone[secret, None]
        return sound
