"""Many families put together from the hits of their cores, all at once, as columns of numbers.

Each family waits for its most telling slot. From there it grows slot by slot, first to the right, then to the left.

A text may hold a family in several ways: 扯呼 ~6 <数> in 扯呼一二，三四 with either number. It is found at its nearest:
in the ways between whose first and last core no other way fits; of several between the same places in the worthiest.
So what is found depends on the family and the text alone, and not on which slot is the most telling, which depends on
all the other families.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from rules.arrays import Bits, Column, Flags, Floats, Ints, Lists, bits, codes, numbers
from rules.automaton import CoreHits
from rules.growth import Side, Worth
from rules.hits import Fills, View, barriers
from rules.lexicon import NUMBER, Family
from rules.text import Text

#: What a family must have behind it, in characters of cores longer than one, before it counts by sound, and how alike
#: it must be on average. Below these, talk about anything else sounds like a threat: see tests/benchmarks/accuracy.py.
LEAST_SUPPORT = 3.5
LEAST_LIKENESS = 0.75

#: How likely a number is to be anywhere: one character in thirty of a call.
_NUMBERS = 0.03

#: What a hit loses in worth for each of its characters, and for each that stands before it: less than support differs.
_LONGER, _FURTHER = 2.0**-8, 2.0**-30


class Found(NamedTuple):
    """The families found in one text, a column for each thing known of them, in order of start."""

    family: Ints  #: which it is
    sure: Floats  #: how sure that is
    first: Ints  #: where its cores begin among those of all
    last: Ints  #: and end, exclusive
    starts: Ints  #: where each core stands
    ends: Ints


class Asked(NamedTuple):
    """Whose words families are looked for in, each speaker as one bit: what nobody asks for is not put together."""

    families: Ints  #: for each family, in whose
    voices: Ints  #: for each character of the text, whose it is


class Families:
    """Families ready to be put together. `words` are their cores.

    One that may be known by its sound is there twice: as it is written, and as it is heard, when cores that only sound
    alike fill its slots too. In one reading for both, such a core would hide the very word a little further on.
    """

    def __init__(self, families: Sequence[Family], words: Sequence[str]) -> None:
        self._written, self._words = len(families), len(words)
        slots = {slot: at for at, slot in enumerate(dict.fromkeys(chain.from_iterable(one.slots for one in families)))}
        places = {core: at for at, core in enumerate(words)}
        cores = Lists.of([[places[core] for core in slot] for slot in slots])
        ways = [[slots[slot] for slot in one.slots] for one in families]
        lengths = [*map(_length, slots)]
        audible = [at for at, way in enumerate(ways) if sum(lengths[slot] for slot in way) >= LEAST_SUPPORT]
        of = [*range(len(families)), *audible]
        common = _commonness(words, cores, numbers(chain.from_iterable(ways))).tolist()
        telling = [min(range(len(way)), key=lambda at, way=way: common[way[at]]) for way in ways]  # type: ignore[misc]
        self._listed(cores, len(slots), numbers(ways[at][telling[at]] for at in of))
        heard = [[slot + len(slots) for slot in ways[at]] for at in audible]
        twice = [(families[at], way, telling[at]) for at, way in zip(of, ways + heard, strict=True)]
        self._right, self._left = _sides(twice, 2 * len(slots))
        self._ways = numbers(chain.from_iterable(ways + heard))
        self._begins = np.cumsum([0, *map(len, ways + heard)])[:-1]
        self._of = numbers(of)

    def _listed(self, cores: Lists, slots: int, telling: Ints) -> None:
        """List for each core the slots it fills, and the families that wait for it."""
        # Cores heard by sound, and slots that these fill too, have numbers beyond the others.
        core, slot = cores.at(np.arange(slots))
        self._slots = 2 * slots
        self._fills = Lists.grouped(
            np.concatenate((core, core, core + self._words)),
            np.concatenate((slot, slot + slots, slot + slots)),
            2 * self._words,
        )
        core, family = cores.at(telling)
        heard = family >= self._written
        self._waiting = Lists.grouped(
            np.append(core, core[heard] + self._words), np.append(family, family[heard]), 2 * self._words
        )

    def find(self, text: Text, found: CoreHits, asked: Asked | None = None) -> Found | None:
        """Every family found, in whosever words or where it is asked for."""
        family, hit = self._waiting.at(found.core)
        if asked:
            wanted = np.flatnonzero(asked.families[self._of[family]] & asked.voices[found.start[hit]])
            family, hit = family[wanted], hit[wanted]
        if not len(family):
            return None
        family, worth, ways = self._grown(text, found, family, hit)
        there = ways >= 0
        hits, ends = ways[there], there.sum(axis=1).cumsum()
        begins = np.append(0, ends)[:-1]
        start, end = found.start[hits], found.end[hits]
        sure, enough = _likeness(found, hits, begins)
        enough |= family < self._written
        enough &= _nearest(family, end[begins], start[ends - 1], worth)
        kept = np.flatnonzero(enough)
        kept = kept[np.lexsort((family[kept], end[ends[kept] - 1], start[begins[kept]]))]
        return Found(self._of[family[kept]], sure[kept], begins[kept], ends[kept], start, end)

    def _grown(self, text: Text, found: CoreHits, family: Ints, hit: Ints) -> tuple[Ints, Column, Ints]:
        """Families that are complete, what they are worth, and the hits of their slots; -1 before and after these.

        They begin from hits of their telling slots, each with a family that waits for it.
        """
        fills = Fills(found.core, self._fills)
        near = self._possible(text, found, fills, family, hit)
        family, hit = family[near], hit[near]
        worth = self._worth(found)
        right = self._right.grow(family, hit, View(text, found), fills, worth)
        family, hit = family[right.row], hit[right.row]
        left = self._left.grow(family, hit, View(text, found, backwards=True), fills, worth)
        family, hit, right = family[left.row], hit[left.row], right.take(left.row)
        whole = left.worth + worth(family, hit) + right.worth
        return family, whole, np.column_stack((left.hits[:, ::-1], hit, right.hits))

    def _worth(self, found: CoreHits) -> Worth:
        """What a hit is worth to a family: its length to one written; to one heard, that it lacks little and is short.

        So a family is quoted whole, and no longer word lends its support to another that only sounds alike.
        """
        written, heard = found.support, found.support - found.most - _LONGER * found.most
        both = np.stack((written, heard)) - _FURTHER * found.start
        return lambda family, hits: both[(family >= self._written).view(np.int8), hits]

    def _possible(self, text: Text, found: CoreHits, fills: Fills, family: Ints, hit: Ints) -> Flags:
        """Whether the families, each at a hit of its telling slot, have all their slots filled there.

        There: between the same two walls, across which nothing is found.
        """
        breath = np.searchsorted(barriers(text.chars)[0], found.start)
        filled = fills.breaths(breath, fills.cores >= 0, self._slots)
        possible: Bits = np.bitwise_and.reduceat(filled.take(self._ways, axis=0), self._begins)
        # One heard in which all is as written is found as written.
        heard = fills.cores >= self._words
        if heard.any():
            by_sound = fills.breaths(breath, heard, self._slots)
            possible[self._written :] &= np.bitwise_or.reduceat(
                by_sound.take(self._ways, axis=0), self._begins[self._written :]
            )
        else:
            possible[self._written :] = 0
        return bits(possible, family, breath[hit])


def _likeness(found: CoreHits, hits: Ints, begins: Ints) -> tuple[Floats, Flags]:
    """How alike what was heard along each way is to what is written; and whether that makes it known by sound.

    The ways are given by their hits, one way after the other, and where each begins.
    """
    support, most = found.support[hits], found.most[hits]
    alike = np.add.reduceat(support, begins) / np.add.reduceat(most, begins)
    # 你 and 我 are in every sentence: single characters support nothing that is not heard clearly.
    telling = np.add.reduceat(np.where(most > 1, support, 0), begins)
    return alike.round(3), (alike < 1) & (alike >= LEAST_LIKENESS) & (telling >= LEAST_SUPPORT)


def _nearest(family: Ints, first_end: Ints, last_start: Ints, worth: Column) -> Flags:
    """Of the ways of one family those that have no other between their first and last core; of equals the worthiest."""
    several = np.flatnonzero(np.bincount(family)[family] > 1)
    family, last_start = family[several], last_start[several]
    order = np.lexsort((-worth[several], last_start, -first_end[several], family))
    # From right to left: what ends no earlier than another one already passed has that one within.
    ends = last_start[order] - family[order] * (last_start.max(initial=0) + 1)
    nearest = np.ones(len(worth), bool)
    nearest[several[order[1:]]] = ends[1:] < np.minimum.accumulate(ends)[:-1]
    return nearest


def _length(slot: frozenset[str]) -> int:
    """How many characters could be heard in a slot that count as support."""
    longest = max(2 if core == NUMBER else len(core) for core in slot)
    return longest if longest > 1 else 0


def _sides(families: Sequence[tuple[Family, Sequence[int], int]], slots: int) -> tuple[Side, Side]:
    """What families, given with their slots and which of these is telling, need to the right and to the left of it."""
    right = [[*zip(way[at + 1 :], one.gaps[at:], strict=True)] for one, way, at in families]
    left = [[*zip(way[:at], one.gaps[:at], strict=True)][::-1] for one, way, at in families]
    ends = [one.after.width if one.at_end else -1 for one, _, _ in families]
    starts = [one.before.width if one.at_start else -1 for one, _, _ in families]
    return Side(right, ends, slots), Side(left, starts, slots)


def _commonness(words: Sequence[str], slots: Lists, used: Ints) -> Column:
    """How likely each slot is to be filled, reckoned by how often its characters stand in the families themselves."""
    cores, of = slots.at(used)
    weights = np.bincount(cores, 1 / np.bincount(of)[of], len(words))
    _, which = np.unique(codes("".join(words)), return_inverse=True)
    sizes = numbers(map(len, words))
    often = np.bincount(which, np.repeat(weights, sizes))
    likely = np.multiply.reduceat((often / often.sum())[which], np.cumsum(sizes) - sizes)
    likely[[word == NUMBER for word in words]] = _NUMBERS
    cores, of = slots.at(np.arange(used.max() + 1))
    common: Column = np.bincount(of, likely[cores])
    return common
