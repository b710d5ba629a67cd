"""Families are put together from the hits of their cores: the text is read once, whatever is looked for.

Most families are never looked at. Each waits for its most telling slot, and is tried only where something fills its
other slots nearby: sets of slots are bits of one number, so that asking costs a single comparison.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from math import prod
from operator import attrgetter, or_
from typing import NamedTuple

from rules.automaton import CoreHit, Cores
from rules.hits import BESIDE, Hits, is_letter
from rules.lexicon import MAX_GAP, NUMBER, Family, Gap
from rules.text import Text

#: What a family must have behind it, in characters of cores longer than one, before it counts by sound, and how alike
#: it must be on average. Below these, talk about anything else sounds like a threat: see tests/benchmarks/accuracy.py.
LEAST_SUPPORT = 2.7
LEAST_LIKENESS = 0.75

#: How likely a number is to be anywhere: one character in thirty of a call.
_NUMBERS = 0.03

_START = attrgetter("start")


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
    groups: Mapping[str, Sequence[Span]]

    def found(self, group: str) -> Sequence[Span]:
        """The spans of one group, in order of start."""
        return self.groups.get(group, ())

    def near(self, group: str, start: int, end: int) -> Sequence[Span]:
        """Those spans of the group that begin no further from characters `start` to `end` than a gap can reach."""
        spans = self.groups.get(group)
        if not spans:
            return ()
        left = bisect_left(spans, start - 2 * MAX_GAP, key=_START)
        return spans[left : bisect_left(spans, end + MAX_GAP + 1, left, key=_START)]

    def stop_between(self, start: int, end: int) -> bool:
        """Whether a clause ends anywhere from `start` to `end`."""
        return _between(self.stops, start, end)

    def wall_between(self, start: int, end: int) -> bool:
        """Whether what stands from `start` to `end` was not said in one breath."""
        return _between(self.walls, start, end)


def _between(places: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] <= end


#: Where a family got to, and the hits it got there by.
_Ways = dict[int, tuple[CoreHit, ...]]


class _Slot(NamedTuple):
    """One slot of a family, and the gap to the slot before it on the way from the telling one."""

    cores: frozenset[str]
    bit: int
    gap: Gap


class _Anchor(NamedTuple):
    """A family, waiting for its telling slot; the others are tried outwards from there."""

    group: str
    family: Family
    left: tuple[_Slot, ...]
    right: tuple[_Slot, ...]
    needs: int  #: all other slots, as bits
    before: int  #: the next slot to the left where it must be near, as a bit
    after: int  #: and to the right
    alone: bool  #: no other slots, and no clause to begin or end


class Matcher:
    """Finds groups of families in text. Built once for a pack, then only read: threads may share it.

    `groups` gives each list of families its name.
    """

    def __init__(self, groups: Mapping[str, Iterable[Family]]) -> None:
        named = [(group, family) for group, families in groups.items() for family in families]
        common = _commonness(family for _, family in named)
        bits = _bits({slot for _, family in named if len(family.slots) > 1 for slot in family.slots}, common)
        self._fills: dict[str, int] = defaultdict(int)
        for slot, bit in bits.items():
            for core in slot:
                self._fills[core] |= bit
        self._anchors: dict[str, list[_Anchor]] = defaultdict(list)
        for group, family in named:
            telling = min(range(len(family.slots)), key=lambda at: common(family.slots[at]))
            anchor = _anchor(group, family, telling, bits)
            for core in family.slots[telling]:
                self._anchors[core].append(anchor)
        cores = self._anchors.keys() | self._fills.keys()
        self._cores = Cores(core for core in cores if core in self._anchors or not is_letter(core))

    def scan(self, text: Text, *, by_ear: bool = False) -> Scan:
        """Everything in `text`: one pass per view, then families from the hits.

        `by_ear` says that a recogniser wrote the text: then words that sound like a core count too.
        """
        found = self._cores.find(text, by_ear=by_ear)
        if not any(hit.core in self._anchors for hit in found):
            return Scan((), (), {})
        hits = Hits(text, found, self._fills)
        groups: dict[str, list[Span]] = defaultdict(list)
        for stretch, filled in hits.stretches():
            for hit in stretch:
                for anchor in self._waiting(hit, filled, hits):
                    if span := _assemble(anchor, hit, hits):
                        groups[anchor.group].append(span)
        for spans in groups.values():
            spans.sort(key=_START)
        return Scan(sorted(text.stops), hits.walls, groups)

    def _waiting(self, hit: CoreHit, filled: int, hits: Hits) -> Iterator[_Anchor]:
        """The families that wait for it and have something for their other slots in the same stretch and beside it."""
        waiting = [anchor for anchor in self._anchors.get(hit.core, ()) if anchor.needs & filled == anchor.needs]
        if waiting and not all(anchor.alone for anchor in waiting):
            before, after = hits.before(hit.start), hits.after(hit.end)
            return (
                anchor
                for anchor in waiting
                if anchor.before & before == anchor.before and anchor.after & after == anchor.after
            )
        return iter(waiting)


def _anchor(group: str, family: Family, telling: int, bits: Mapping[frozenset[str], int]) -> _Anchor:
    slots, gaps = family.slots, family.gaps
    left = tuple(_Slot(slots[at], bits[slots[at]], gaps[at]) for at in range(telling - 1, -1, -1))
    right = tuple(_Slot(slots[at], bits[slots[at]], gaps[at - 1]) for at in range(telling + 1, len(slots)))
    needs = reduce(or_, (slot.bit for slot in (*left, *right)), 0)
    before, after = (side[0].bit if side and side[0].gap.width <= BESIDE else 0 for side in (left, right))
    return _Anchor(group, family, left, right, needs, before, after, not (needs or family.at_start or family.at_end))


def _bits(slots: Iterable[frozenset[str]], common: Callable[[frozenset[str]], float]) -> dict[frozenset[str], int]:
    """A bit for each slot. However many there are, a set of them stays small: slots may share a bit.

    Then a family is tried in vain now and then. Slots that something in every sentence fills share among themselves.
    """
    ranked = sorted(slots, key=lambda slot: (common(slot), sorted(slot)))
    rare = len(ranked) * 3 // 4
    return {slot: 1 << (at % 768 if at < rare else 768 + at % 256) for at, slot in enumerate(ranked)}


def _commonness(families: Iterable[Family]) -> Callable[[frozenset[str]], float]:
    """How likely a slot is to be filled, reckoned by how often its characters stand in the families themselves."""
    letters: dict[str, float] = defaultdict(float)
    for family in families:
        for slot in family.slots:
            for letter in "".join(slot):
                letters[letter] += 1 / len(slot)
    total = sum(letters.values())

    def common(core: str) -> float:
        return _NUMBERS if core == NUMBER else prod(letters[letter] / total for letter in core)

    return lambda slot: sum(map(common, slot))


def _assemble(anchor: _Anchor, hit: CoreHit, hits: Hits) -> Span | None:
    """The shortest way the family is complete around `hit`, or None."""
    family = anchor.family
    if anchor.alone:
        return _span((hit,), family)
    rights: _Ways = {hit.end: (hit,)}
    for slot in anchor.right:
        rights = _rightwards(rights, slot, hits)
    lefts: _Ways = {hit.start: ()} if rights else {}
    for slot in anchor.left:
        lefts = _leftwards(lefts, slot, hits)
    if family.at_end:
        rights = {at: way for at, way in rights.items() if _ends_clause(at, family.after.width, hits.text)}
    if family.at_start:
        lefts = {at: way for at, way in lefts.items() if _begins_clause(at, family.before.width, hits.text)}
    if not rights or not lefts:
        return None
    return _span((*lefts[max(lefts)], *rights[min(rights)]), family)


def _span(way: tuple[CoreHit, ...], family: Family) -> Span | None:
    """The family found along `way`, or None where too much of it only sounds right."""
    cores = tuple([hit[:2] for hit in way])
    start, end = cores[0][0], cores[-1][1]
    support, most = sum([hit.support for hit in way]), sum([hit.most for hit in way])
    if support == most:
        return Span(start, end, 1.0, family, cores)
    # 你 and 我 are in every sentence: single characters support nothing that is not heard clearly.
    telling = sum([hit.support for hit in way if hit.most > 1])
    if telling < LEAST_SUPPORT or support < LEAST_LIKENESS * most:
        return None
    return Span(start, end, round(support / most, 3), family, cores)


def _ends_clause(at: int, width: int, text: Text) -> bool:
    return at + width >= len(text.chars) or any(edge in text.stops for edge in range(at, at + width + 1))


def _begins_clause(at: int, width: int, text: Text) -> bool:
    return at <= width or any(edge in text.stops for edge in range(at - width, at + 1))


def _rightwards(froms: _Ways, slot: _Slot, hits: Hits) -> _Ways:
    reached: _Ways = {}
    for at, way in froms.items():
        for start in range(at, hits.open_right(at, slot.gap) + 1):
            if hits.begins[start] & slot.bit:
                for hit in hits.beginning(start, slot.cores):
                    reached[hit.end] = _surer(reached.get(hit.end), (*way, hit))
    return reached


def _leftwards(froms: _Ways, slot: _Slot, hits: Hits) -> _Ways:
    reached: _Ways = {}
    for at, way in froms.items():
        for end in range(at, hits.open_left(at, slot.gap) - 1, -1):
            if hits.ends[end] & slot.bit:
                for hit in hits.ending(end, slot.cores):
                    reached[hit.start] = _surer(reached.get(hit.start), (hit, *way))
    return reached


def _surer(one: tuple[CoreHit, ...] | None, other: tuple[CoreHit, ...]) -> tuple[CoreHit, ...]:
    return other if one is None or sum(hit.support for hit in other) > sum(hit.support for hit in one) else one
