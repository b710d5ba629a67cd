"""The cores found in one text, as read from either end: what fills a slot from where on, and how far gaps reach."""

import re
from functools import lru_cache

import numpy as np

from rules.arrays import Bits, Flags, Ints, Lists, distinct, firsts, ordered, packed, ranges
from rules.automaton import CoreHits
from rules.text import WALL, Text

#: What a plain gap must not contain. 您不还 or 一直没接 between two cores denies neither, and 不然 is no negation.
#: 好不好 is none either; but 不 between two walls is all that somebody said, and must not bring them down.
_NEGATION = re.compile(
    rf"特别|分别|区别|别的|别人|别处|差不多|要不|不然|不过|不管|不仅|不但|不光|不论|不好意思|不断|不停|(?!{WALL})(.)[不没]\1"
    rf"|[不没](?:按时|能|肯|想|主动)?(?:还|接|给|来|处理|交|付|动静|回)|(?P<no>[不没别未勿])|(?P<wall>{WALL})"
)


class Fills:
    """Which hits fill which slots. A call has ten times as many hits as different cores, which all fill the same.

    `core` is that of each hit, `fills` are the slots of each core.
    """

    def __init__(self, core: Ints, fills: Lists) -> None:
        self.cores, self._which = distinct(core, len(fills))
        self._hits = Lists.grouped(self._which, np.arange(len(core)), len(self.cores))
        slot, row = fills.at(self.cores)
        order = ordered(slot)
        self._slot, self._row = slot[order], row[order]

    def of(self, wanted: Flags) -> tuple[Ints, Ints]:
        """Every slot that is wanted with every hit that fills it."""
        kept = np.flatnonzero(wanted[self._slot])
        hits, rows = self._hits.at(self._row[kept])
        return self._slot[kept[rows]], hits

    def breaths(self, breath: Ints, counts: Flags, slots: int) -> Bits:
        """For each slot the breaths in which a hit of a core that counts fills it; `breath` is that of each hit."""
        said = np.zeros((len(self.cores), -64 * (-(breath.max(initial=0) + 1) // 64)), bool)
        said[self._which, breath] = True
        said[~counts] = False
        bits, first = packed(said), np.flatnonzero(firsts(self._slot))
        filled = np.zeros((slots, bits.shape[1]), np.uint64)
        filled[self._slot[first]] = np.bitwise_or.reduceat(bits.take(self._row, axis=0), first)
        return filled


class View:
    """A text with its hits, read onwards or backwards: backwards, position 0 is the end of the text."""

    def __init__(self, text: Text, found: CoreHits, *, backwards: bool = False) -> None:
        self._length = len(text.chars)
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

    def fillers(self, fills: Fills, wanted: Flags) -> "Fillers":
        """What fills the slots that are wanted."""
        starting = np.bincount(self.begins, minlength=self._length + 2)
        return Fillers(*fills.of(wanted), ordered(self.begins), starting.cumsum() - starting)


class Fillers:
    """For each slot the hits that fill it, in order.

    `order` are the hits in order of where they begin, and `before` how many of them begin before each position.
    """

    def __init__(self, slots: Ints, hits: Ints, order: Ints, before: Ints) -> None:
        self._count, self._before = len(order), before
        rank = np.empty(len(order), np.intp)
        rank[order] = np.arange(len(order))
        self._places = np.sort(slots * self._count + rank[hits])
        self._hits = order[self._places - slots * self._count]

    def between(self, slot: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """For each row the hits that fill its slot and begin from `first` to `last`; and the row each belongs to."""
        begin = slot * self._count
        left = np.searchsorted(self._places, begin + self._before[first])
        right = np.searchsorted(self._places, begin + self._before[last + 1])
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
    following = np.full(size + 1, size)
    following[marks] = marks
    return np.minimum.accumulate(following[::-1])[::-1]


@lru_cache(maxsize=8)  # several matchers read one call
def barriers(chars: str) -> tuple[Ints, Ints]:
    """Where walls stand, and where anything stands that a plain gap does not leap over."""
    found = [match for match in _NEGATION.finditer(chars) if match["no"] or match["wall"]]
    walls = [match.start() for match in found if match["wall"]]
    return np.array(walls, np.intp), np.array([match.end() - 1 for match in found], np.intp)
