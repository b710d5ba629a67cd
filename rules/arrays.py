"""Lists of numbers in one array each: what a call has thousands of is worked on all at once, not one by one."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]
Codes = NDArray[np.uint32]
Floats = NDArray[np.float64]
Column = NDArray[Any]  #: one of several kinds of numbers side by side
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint64]  #: 64 flags in each


def numbers(values: Iterable[int]) -> Ints:
    """The numbers as an array."""
    return np.fromiter(values, np.intp)


def codes(text: str) -> Codes:
    """The code point of each character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def ranges(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """For each row the `count` numbers from `first` on, one row after the other; and the row each belongs to."""
    rows = np.arange(len(count)).repeat(count)
    shift: Column = first - (count.cumsum() - count)
    return np.arange(len(rows)) + shift[rows], rows


def firsts(*keys: Ints) -> Flags:
    """Where a row differs from the one before it in any of its keys: the first of each kind, in sorted rows."""
    new = np.zeros(len(keys[0]), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def worthiest(keys: Ints, worth: Column) -> Ints:
    """For each key, in order, the row that is worth most: of equals the first."""
    order = np.argsort(keys, kind="stable")
    new = firsts(keys[order])
    most = np.maximum.reduceat(worth[order], np.flatnonzero(new))
    best = order[worth[order] == most[new.cumsum() - 1]]
    rows: Ints = best[firsts(keys[best])]
    return rows


def among(values: Ints, size: int) -> Flags:
    """Whether each number below `size` is one of the values. One of -1 is not any."""
    flags = np.zeros(size + 1, bool)
    flags[values] = True
    return flags[:-1]


def distinct(values: Ints, size: int) -> tuple[Ints, Ints]:
    """The different values, all below `size`, in order; and which of them each value is."""
    found = np.flatnonzero(among(values, size))
    places = np.empty(size, np.intp)
    places[found] = np.arange(len(found))
    return found, places[values]


def ordered(values: Ints) -> Ints:
    """The places of the values in ascending order, equal ones as they come.

    Numbers of two bytes are sorted in one go, without comparing: five times as fast.
    """
    return np.argsort(values.astype(np.uint16) if values.max(initial=0) < 1 << 16 else values, kind="stable")


def packed(flags: Flags) -> Bits:
    """Each row of flags in bits, where its length is a multiple of 64."""
    return np.packbits(flags, axis=1).view(np.uint64)


def bits(rows: Bits, row: Ints, column: Ints) -> Flags:
    """The flags at these places of such rows."""
    flags: Flags = (rows.view(np.uint8)[row, column >> 3] << (column & 7)) & 0x80 > 0
    return flags


class Lists:
    """Many short lists of numbers, one for each of the numbers from 0 on."""

    def __init__(self, values: Column, sizes: Ints) -> None:
        self._values, self._sizes = values, sizes
        self._starts = np.cumsum(sizes) - sizes

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> "Lists":
        """These lists."""
        return cls(numbers(chain.from_iterable(lists)), numbers(map(len, lists)))

    @classmethod
    def grouped(cls, keys: Ints, values: Ints, size: int) -> "Lists":
        """For each number below `size` the values that have it as their key, in order."""
        return cls(values[ordered(keys)], np.bincount(keys, minlength=size))

    def __len__(self) -> int:
        return len(self._sizes)

    def at(self, keys: Ints) -> tuple[Column, Ints]:
        """What is in the lists of `keys`, in order; and which of the keys each belongs to, by its place."""
        places, rows = ranges(self._starts[keys], self._sizes[keys])
        return self._values[places], rows
