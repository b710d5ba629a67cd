"""The contract of a backend: windows of sound in, pieces of text with their time out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of text (a character, a word, a sentence) and when it was said."""

    text: str
    start: float  #: seconds from the start of the window
    end: float
    confidence: float | None  #: 0 to 1; None when the backend does not say


class Recogniser(Protocol):
    """Something that turns speech into text. One class per backend, one entry in `backends.BACKENDS`."""

    engine: str  #: backend, model, device, precision, profile: stored with every transcript
    #: How many seconds it likes to hear at once. With several, everything is heard once in each, among other
    #: neighbours, and the surer text of each span is kept. 0: every span alone.
    windows: tuple[float, ...]

    def hear(self, sounds: Iterable[Sound]) -> Iterator[list[Heard]]:
        """For each window (float32, 16 kHz, at most the longest of `windows`), what was said in it, in order.

        Lazy on both sides: sounds are drawn as they are needed, results come as they are ready. Raises AsrError
        `backend_failed`.
        """
        ...
