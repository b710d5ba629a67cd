"""What a sentence means, learned from examples: the second net, behind the families of the lexicons.

Families find what somebody thought of writing down. Hints and euphemisms are said in ever new words; this model weighs
all the pieces of a sentence, so that it recognises words in new company. It suspects, it does not prove: rules about
violations that use it send a call to a person. Trained by `rules/learning.py` from the sentences in `rules/meanings/`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.arrays import Bits, Column, Ints, codes, firsts, numbers

#: Where the sentences to learn from, and what was learned, are kept, for each subject: a model of its own.
_MEANINGS = Path(__file__).parent / "meanings"
FOLDERS = {"violations": _MEANINGS, "steps": _MEANINGS / "steps"}

#: The longest piece of a sentence that is weighed, in characters. Four find no more.
LONGEST = 3

#: Sentences weighed at once: so many that which it is and a piece of it fit into one number.
_AT_ONCE = 1 << 64 - 16 * LONGEST

#: How many pieces are named when a sentence is suspected.
_TELLING = 3


@dataclass(frozen=True)
class Suspicion:
    """What a sentence is suspected of."""

    probability: float  #: that it is any of the categories of its subject at all, 0 to 1
    category: str  #: which one, if it is
    keys: Column  #: its pieces, as numbers
    weights: NDArray[np.float32]  #: how much each piece speaks for that category

    @cached_property  # several rules ask
    def telling(self) -> tuple[str, ...]:
        """The heaviest pieces of two characters and more, none within another.

        No digits: they stand for numbers that were said otherwise (两万 is 20000 here).
        """
        heaviest = np.argsort(-self.weights)[:20]
        pieces = spelled(self.keys[heaviest[self.weights[heaviest] > 0]])
        named = sorted(piece for piece in pieces if len(piece) > 1 and piece.isalpha())
        return _apart(sorted(named, key=len, reverse=True))


@dataclass(frozen=True)
class Meanings:
    """A linear model over pieces of sentences. Only read: threads may share it."""

    categories: tuple[str, ...]
    pieces: Mapping[str, int]
    rarity: NDArray[np.float32]  #: for each piece, its inverse document frequency; at the end, that of unseen ones
    weights: NDArray[np.float32]  #: for each piece, for each category against innocence; 0 for unseen ones
    bias: NDArray[np.float32]

    def suspect(self, chars: str) -> Suspicion:
        """Weigh a normalised sentence."""
        return self.suspect_all([chars])[0]

    def suspect_all(self, sentences: Sequence[str]) -> list[Suspicion]:
        """Weigh normalised sentences, all at once: a call has a hundred, and most of the work is the same for all.

        Pieces never seen speak for nothing, and leave the others less to say.
        """
        batches = (sentences[at : at + _AT_ONCE] for at in range(0, len(sentences), _AT_ONCE))
        return [suspicion for batch in batches for suspicion in self._suspect(batch)]

    def _suspect(self, sentences: Sequence[str]) -> Iterator[Suspicion]:
        count, read = len(sentences), pieces_of(sentences)
        rows = self._rows(read.key)
        values = (1 + np.log(read.times)) * self.rarity[rows]
        values /= np.sqrt(np.bincount(read.of, values * values, count))[read.of]
        weighed = values[:, None] * self.weights[rows]
        logits = self.bias + np.stack([np.bincount(read.of, column, count) for column in weighed.T], axis=1)
        odds = np.exp(logits).sum(axis=1)
        likeliest = logits.argmax(axis=1)
        spoken_for = weighed[np.arange(len(weighed)), likeliest[read.of]]
        lasts = np.bincount(read.of, minlength=count).cumsum().tolist()
        own = [(read.key[first:last], spoken_for[first:last]) for first, last in pairwise([0, *lasts])]
        for sure, category, its in zip((odds / (1 + odds)).tolist(), likeliest.tolist(), own, strict=True):
            yield Suspicion(sure, self.categories[category], *its)

    def _rows(self, keys: Column) -> Ints:
        """The row of each piece, -1 for those never seen."""
        known, rows = self._known
        at = np.searchsorted(known, keys)
        return np.where(known.take(at, mode="clip") == keys, rows.take(at, mode="clip"), -1)

    @cached_property
    def _known(self) -> tuple[Column, Ints]:
        """The keys of the pieces in order, and the row of each."""
        keys = _keys(self.pieces)
        order = np.argsort(keys)
        return keys[order], numbers(self.pieces.values())[order]


def _apart(pieces: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for piece in pieces:
        if len(kept) < _TELLING and not any(piece in other for other in kept):
            kept.append(piece)
    return tuple(kept)


class Pieces(NamedTuple):
    """All pieces of some sentences, a column for each thing known of them; one sentence after the other."""

    of: Column  #: which sentence
    key: Column  #: the piece as a number
    times: Column  #: how often that sentence has it


def pieces_of(sentences: Sequence[str]) -> Pieces:
    """All pieces of one to LONGEST characters, those that a sentence repeats once."""
    lengths = numbers(map(len, sentences))
    letters, owner = _letters("".join(sentences)), np.arange(len(sentences)).repeat(lengths)
    left = lengths.cumsum()[owner] - np.arange(len(owner))
    # Sentence and piece in one number, as sorting numbers is ten times faster than sorting rows.
    first, found = owner.astype(np.uint64) << np.uint64(16 * LONGEST), []
    for size in range(LONGEST):
        first = first[: len(letters) - size] | letters[size:] << np.uint64(16 * size)
        found.append(first[left[: len(first)] > size])
    read = np.sort(np.concatenate(found))
    once = np.flatnonzero(firsts(read))
    times = np.diff(np.append(once, len(read))).astype(np.float32)
    kept = read[once]
    return Pieces((kept >> np.uint64(16 * LONGEST)).astype(np.intp), kept & np.uint64((1 << 16 * LONGEST) - 1), times)


def _keys(pieces: Iterable[str]) -> Column:
    """Pieces as numbers: two bytes for each character."""
    letters = _letters("".join([piece.ljust(LONGEST, "\0") for piece in pieces])).reshape(-1, LONGEST)
    keys: Column = np.bitwise_or.reduce(letters << np.arange(0, 16 * LONGEST, 16, dtype=np.uint64), axis=1)
    return keys


def spelled(keys: Column) -> list[str]:
    """The pieces that these numbers stand for."""
    letters = [(keys >> np.uint64(16 * at) & np.uint64(0xFFFF)).tolist() for at in range(LONGEST)]
    return ["".join([chr(letter) for letter in piece if letter]) for piece in zip(*letters, strict=True)]


def _letters(text: str) -> Bits:
    """Two bytes for each character, where all that Unicode added later are as one."""
    return np.minimum(codes(text), 0xFFFF).astype(np.uint64)


@cache
def load_meanings(subject: str = "violations") -> Meanings:
    """What was learned about one of the subjects in `FOLDERS`."""
    with np.load(FOLDERS[subject] / "model.npz") as kept:
        pieces = {piece: row for row, piece in enumerate(kept["pieces"].tobytes().decode("utf-8").split("\n"))}
        return Meanings(
            categories=tuple(kept["categories"].tolist()),
            pieces=pieces,
            rarity=kept["rarity"].astype(np.float32),
            weights=kept["weights"].astype(np.float32),
            bias=kept["bias"].astype(np.float32),
        )
