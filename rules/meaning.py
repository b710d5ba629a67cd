"""What a sentence means, learned from examples: the second net, behind the families of the lexicons.

Families find what somebody thought of writing down. Hints and euphemisms are said in ever new words; this model weighs
all the pieces of a sentence, so that it recognises words in new company. It suspects, it does not prove: rules that
use it send a call to a person. Trained by `rules/learning.py` from the sentences in `rules/meanings/`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Where the sentences to learn from, and what was learned, are kept.
FOLDER = Path(__file__).parent / "meanings"

#: The longest piece of a sentence that is weighed, in characters.
LONGEST = 4

#: How many pieces are named when a sentence is suspected.
_TELLING = 3


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a sentence is suspected of."""

    probability: float  #: that it is a violation at all, 0 to 1
    category: str  #: which one, if it is
    pieces: tuple[str, ...]  #: what was weighed
    weights: NDArray[np.float32]  #: how much each piece speaks for a violation

    @property
    def telling(self) -> tuple[str, ...]:
        """The heaviest pieces of two characters and more, none within another.

        No digits: they stand for numbers that were said otherwise (两万 is 20000 here).
        """
        heaviest = [self.pieces[at] for at in np.argsort(-self.weights)[:20] if self.weights[at] > 0]
        named = sorted(piece for piece in heaviest if len(piece) > 1 and piece.isalpha())
        return _apart(sorted(named, key=len, reverse=True))[:_TELLING]


@dataclass(frozen=True, slots=True)
class Meanings:
    """A linear model over pieces of sentences. Only read: threads may share it."""

    categories: tuple[str, ...]
    pieces: Mapping[str, int]
    rarity: NDArray[np.float32]  #: for each piece, its inverse document frequency; at the end, that of unseen ones
    weights: NDArray[np.float32]  #: for each piece, for being a violation, then for each category; 0 for unseen ones
    bias: NDArray[np.float32]

    def suspect(self, chars: str) -> Suspicion:
        """Weigh a normalised sentence."""
        return self.suspect_all([chars])[0]

    def suspect_all(self, sentences: Sequence[str]) -> list[Suspicion]:
        """Weigh normalised sentences, all at once: a call has a hundred, and most of the work is the same for all.

        Pieces never seen speak for nothing, and leave the others less to say.
        """
        counted = [Counter(pieces_of(chars)) for chars in sentences]
        sizes = np.array([len(one) for one in counted], np.intp)
        of = np.arange(len(counted)).repeat(sizes)
        rows = np.array([self.pieces.get(piece, -1) for one in counted for piece in one], np.intp)
        counts = np.array([count for one in counted for count in one.values()], np.float32)
        values = (1 + np.log(counts)) * self.rarity[rows]
        values /= np.sqrt(np.bincount(of, values * values, len(counted)))[of]
        weighed = values[:, None] * self.weights[rows]
        logits = self.bias + np.stack([np.bincount(of, column, len(counted)) for column in weighed.T], axis=1)
        sure = 1 / (1 + np.exp(-logits[:, 0]))
        likeliest = [self.categories[at] for at in logits[:, 1:].argmax(axis=1)]
        weights = [weighed[last - size : last, 0] for last, size in zip(sizes.cumsum(), sizes, strict=True)]
        return [Suspicion(*one) for one in zip(sure.tolist(), likeliest, map(tuple, counted), weights, strict=True)]


def _apart(pieces: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for piece in pieces:
        if not any(piece in other for other in kept):
            kept.append(piece)
    return tuple(kept)


def pieces_of(chars: str) -> list[str]:
    """All pieces of one to LONGEST characters, in order, repeated ones too."""
    return [chars[at : at + size] for size in range(1, LONGEST + 1) for at in range(len(chars) - size + 1)]


@cache
def load_meanings() -> Meanings:
    """What was learned."""
    with np.load(FOLDER / "model.npz") as kept:
        pieces = {piece: row for row, piece in enumerate(kept["pieces"].tobytes().decode("utf-8").split("\n"))}
        return Meanings(
            categories=tuple(kept["categories"].tolist()),
            pieces=pieces,
            rarity=kept["rarity"].astype(np.float32),
            weights=kept["weights"].astype(np.float32),
            bias=kept["bias"].astype(np.float32),
        )
