"""The cores found in one text, as read from either end: what fills a slot from where on, and how far gaps reach."""

import re
from functools import lru_cache

import numpy as np

from rules.arrays import Flags, Ints, Lists, ranges
from rules.automaton import CoreHits
from rules.text import WALL, Text

#: What a plain gap must not contain. 您不还 or 一直没接 between two cores denies neither, and 不然 is no negation.
_NEGATION = re.compile(
    r"特别|分别|区别|别的|别人|别处|差不多|要不|不然|不过|不管|不仅|不但|不光|不论|不好意思|不断|不停|(.)[不没]\1"
    rf"|[不没](?:按时|能|肯|想|主动)?(?:还|接|给|来|处理|交|付|动静|回)|(?P<no>[不没别未勿])|(?P<wall>{WALL})"
)


class View:
    """A text with its hits, read onwards or backwards: backwards, position 0 is the end of the text."""

    def __init__(self, text: Text, found: CoreHits, *, backwards: bool = False) -> None:
        self._length, self._core = len(text.chars), found.core
        self.begins, self.ends = found.start, found.end
        if backwards:
            self.begins, self.ends = self._length - found.end, self._length - found.start
        self._stops, self._reach = _ahead(text.chars, tuple(text.stops), backwards=backwards)

    def reach(self, at: Ints, width: Ints, over_negation: Ints) -> Ints:
        """How far on a core may begin: the gap's width, or where something stands in the way."""
        far: Ints = np.minimum(at + width, self._reach[over_negation, at])
        return far

    def clause_ends(self, at: Ints, width: Ints) -> Flags:
        """Whether a clause ends within `width`."""
        return self._stops[at] <= at + width

    def fillers(self, fills: Lists, wanted: Flags) -> "Fillers":
        """What fills the slots that are wanted, where `fills` are the slots of each core."""
        order = np.argsort(self.begins, kind="stable")
        slot, rows = fills.at(self._core[order])
        kept = np.flatnonzero(wanted[slot])
        return Fillers(slot[kept], order[rows[kept]], self.begins, self._length)


class Fillers:
    """For each slot the hits that fill it, in order."""

    def __init__(self, slots: Ints, hits: Ints, begins: Ints, length: int) -> None:
        # Numbers of two bytes are sorted in one go, without comparing.
        order = np.argsort(slots.astype(np.uint16 if slots.max(initial=0) < 1 << 16 else np.uint32), kind="stable")
        self._hits, self._pace = hits[order], length + 1
        self._places = slots[order] * self._pace + begins[self._hits]

    def between(self, slot: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """For each row the hits that fill its slot and begin from `first` to `last`; and the row each belongs to."""
        left = np.searchsorted(self._places, slot * self._pace + first)
        right = np.searchsorted(self._places, slot * self._pace + last, "right")
        places, rows = ranges(left, right - left)
        return self._hits[places], rows


@lru_cache(maxsize=8)  # several matchers read one call
def _ahead(chars: str, stops: tuple[int, ...], *, backwards: bool) -> tuple[Ints, Ints]:
    """For each position where the next clause ends, and where the next bar and the next wall are."""
    size, ends, (walls, bars) = len(chars), np.array(stops, np.intp), barriers(chars)
    if backwards:
        ends, walls, bars = size - ends, size - 1 - walls, size - 1 - bars
    return _next(ends, size), np.stack((_next(bars, size), _next(walls, size)))


def _next(marks: Ints, size: int) -> Ints:
    """For each position up to `size` the first of `marks` from there on, or the end."""
    marks = np.append(np.sort(marks), size)
    return marks.take(np.searchsorted(marks, np.arange(size + 1)))


@lru_cache(maxsize=8)  # several matchers read one call
def barriers(chars: str) -> tuple[Ints, Ints]:
    """Where walls stand, and where anything stands that a plain gap does not leap over."""
    found = [match for match in _NEGATION.finditer(chars) if match["no"] or match["wall"]]
    walls = [match.start() for match in found if match["wall"]]
    return np.array(walls, np.intp), np.array([match.end() - 1 for match in found], np.intp)
