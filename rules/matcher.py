"""Families are put together from the hits of their cores: the text is read once, whatever is looked for.

Each family waits for its most telling slot. From there it grows slot by slot, first to the right, then to the left: all
families of all lexicons together, as columns of numbers, because a call has thousands that begin and few that end.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from rules.arrays import Column, Floats, Ints, Lists, among, codes, numbers
from rules.automaton import CoreHits, Cores
from rules.growth import Side
from rules.hits import View, barriers
from rules.lexicon import MAX_GAP, NUMBER, Family
from rules.text import Text

#: What a family must have behind it, in characters of cores longer than one, before it counts by sound, and how alike
#: it must be on average. Below these, talk about anything else sounds like a threat: see tests/benchmarks/accuracy.py.
LEAST_SUPPORT = 3.5
LEAST_LIKENESS = 0.75

#: How likely a number is to be anywhere: one character in thirty of a call.
_NUMBERS = 0.03

_START = attrgetter("start")

#: What families are found by: the name of a lexicon, or of a guard and which of its lists.
Group = str | tuple[str, str]


class Span(NamedTuple):
    """A family found: characters `start` to `end` (exclusive) of the scanned text."""

    start: int
    end: int
    confidence: float  #: 1 when every character is as written, less where the words only sound alike
    family: Family
    cores: tuple[tuple[int, int], ...]  #: where its cores stand

    def inside(self, other: "Span") -> bool:
        """Whether a core of this span is part of `other`: the 他 of 其他, the 打 of 打扰."""
        return any(other.start <= start and end <= other.end for start, end in self.cores)

    def holds(self, other: "Span") -> bool:
        """Whether `other` stands in one of the gaps of this span."""
        gaps = pairwise(self.cores)
        return any(left <= other.start and other.end <= right for (_, left), (right, _) in gaps)


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything found in one text, by group name."""

    stops: Sequence[int]  #: where clauses end, ascending
    walls: Sequence[int]  #: characters that nothing reaches over, ascending
    groups: Mapping[Group, Sequence[Span]]

    def found(self, group: Group) -> Sequence[Span]:
        """The spans of one group, in order of start."""
        return self.groups.get(group, ())


def near(spans: Sequence[Span], start: int, end: int) -> Sequence[Span]:
    """Those of the spans that begin no further from characters `start` to `end` than a gap can reach."""
    # A span is a tuple that begins with its start: compared as such, no key is asked for.
    left = bisect_left(spans, (start - 2 * MAX_GAP,))
    return spans[left : bisect_left(spans, (end + MAX_GAP + 1,), left)]


class Matcher:
    """Finds groups of families in text. Built once for a pack, then only read: threads may share it.

    `groups` gives each list of families its name.
    """

    def __init__(self, groups: Mapping[Group, Iterable[Family]]) -> None:
        self._named = [(group, family) for group, families in groups.items() for family in families]
        families = [family for _, family in self._named]
        slots = {slot: at for at, slot in enumerate(dict.fromkeys(slot for one in families for slot in one.slots))}
        ways = [[slots[slot] for slot in one.slots] for one in families]
        self._cores = Cores(frozenset[str]().union(*slots))
        if not families:
            return
        places = {core: at for at, core in enumerate(self._cores.words)}
        cores = Lists.of([[places[core] for core in slot] for slot in slots])
        common = _commonness(self._cores.words, cores, numbers(chain.from_iterable(ways))).tolist()
        telling = [min(range(len(way)), key=lambda at, way=way: common[way[at]]) for way in ways]  # type: ignore[misc]
        self._right, self._left = _sides(families, ways, telling, len(slots))
        self._slots = len(slots)
        # For each core the slots it fills, and the families that wait for it.
        self._fills = Lists.grouped(*cores.at(np.arange(len(slots))), len(places))
        self._waiting = Lists.grouped(
            *cores.at(numbers(way[at] for way, at in zip(ways, telling, strict=True))), len(places)
        )

    def scan(self, text: Text, *, by_ear: bool = False) -> Scan:
        """Everything in `text`: one pass per view, then families from the hits.

        `by_ear` says that a recogniser wrote the text: then words that sound like a core count too.
        """
        if not self._named:
            return Scan((), (), {})
        found = self._cores.find(text, by_ear=by_ear)
        family, hit = self._candidates(found)
        if not len(family):
            return Scan((), (), {})
        right = self._right.grow(family, hit, View(text, found), self._fills, found.support)
        family, hit = family[right.row], hit[right.row]
        left = self._left.grow(family, hit, View(text, found, backwards=True), self._fills, found.support)
        family, hit = family[left.row], hit[left.row]
        ways = np.column_stack((left.hits[:, ::-1], hit, right.hits[left.row]))
        return Scan(text.stops, barriers(text.chars)[0].tolist(), self._spans(family, ways, found))

    def _candidates(self, found: CoreHits) -> tuple[Ints, Ints]:
        """The hits of telling slots, each with the families that wait for it and find all other slots filled too."""
        family, hit = self._waiting.at(found.core)
        cores = np.flatnonzero(among(found.core, len(self._cores.words)))
        # A family that has no more slots has -1 for them, which is the last.
        filled = np.append(among(self._fills.at(cores)[0], self._slots), True)
        possible = np.all(filled[np.hstack((self._right.slots, self._left.slots))], axis=1)
        chosen = np.flatnonzero(possible.take(family))
        return family[chosen], hit[chosen]

    def _spans(self, family: Ints, ways: Ints, found: CoreHits) -> dict[Group, list[Span]]:
        """The families found along these ways, by group; those left out of which too much only sounds right."""
        sure, chosen = _likeness(ways, found)
        way = ways[chosen]
        hits = way[way >= 0]
        cores = [*zip(found.start[hits].tolist(), found.end[hits].tolist(), strict=True)]
        lasts = (way >= 0).sum(axis=1).cumsum().tolist()
        groups: dict[Group, list[Span]] = defaultdict(list)
        first = 0
        for at, last, confidence in zip(family[chosen].tolist(), lasts, sure[chosen].tolist(), strict=True):
            group, one = self._named[at]
            groups[group].append(Span(cores[first][0], cores[last - 1][1], confidence, one, tuple(cores[first:last])))
            first = last
        for spans in groups.values():
            spans.sort(key=_START)
        return groups


def _likeness(ways: Ints, found: CoreHits) -> tuple[Floats, Ints]:
    """How alike what was heard along each way is to what is written; and which of the ways are alike enough."""
    support, most = np.append(found.support, 0)[ways], np.append(found.most, 0)[ways]
    alike = support.sum(axis=1) / most.sum(axis=1)
    # 你 and 我 are in every sentence: single characters support nothing that is not heard clearly.
    telling = np.where(most > 1, support, 0).sum(axis=1)
    enough = (alike == 1) | (telling >= LEAST_SUPPORT) & (alike >= LEAST_LIKENESS)
    return alike.round(3), np.flatnonzero(enough)


def _sides(
    families: Sequence[Family], ways: Sequence[Sequence[int]], telling: Sequence[int], count: int
) -> tuple[Side, Side]:
    """What the families need to the right and to the left of their telling slot."""
    right = [
        [*zip(way[at + 1 :], one.gaps[at:], strict=True)] for one, way, at in zip(families, ways, telling, strict=True)
    ]
    left = [
        [*zip(way[:at], one.gaps[:at], strict=True)][::-1] for one, way, at in zip(families, ways, telling, strict=True)
    ]
    ends = [one.after.width if one.at_end else -1 for one in families]
    starts = [one.before.width if one.at_start else -1 for one in families]
    return Side(right, ends, count), Side(left, starts, count)


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
