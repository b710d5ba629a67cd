"""Families are put together from the hits of their cores: the text is read once, whatever is looked for."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rules.automaton import CoreHit, Cores
from rules.lexicon import MAX_GAP, NUMBER, Family, Gap
from rules.text import Text

#: What a family must have behind it, in characters of cores longer than one, before it counts by sound, and how alike
#: it must be on average. Below these, talk about anything else sounds like a threat: see tests/benchmarks/accuracy.py.
LEAST_SUPPORT = 2.7
LEAST_LIKENESS = 0.75

#: What a plain gap must not contain. 您不还 or 一直没接 between two cores denies neither, and 不然 is no negation.
_NEGATION = re.compile(
    r"特别|分别|区别|别的|别人|别处|差不多|要不|不然|不过|不管|不仅|不但|不光|不论|不好意思|不断|不停|(.)[不没]\1"
    r"|[不没](?:按时|能|肯|想|主动)?(?:还|接|给|来|处理|交|付|动静|回)|(?P<no>[不没别未勿])"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A family found: characters `start` to `end` (exclusive) of the scanned text."""

    start: int
    end: int
    confidence: float  #: 1 when every character is as written, less where the words only sound alike
    family: Family
    cores: tuple[tuple[int, int], ...]  #: where its cores stand

    def inside(self, other: "Span") -> bool:
        """Whether a core of this span is part of `other`: the 他 of 其他, the 打 of 打扰."""
        return any(other.start <= start and end <= other.end for start, end in self.cores)


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything found in one text, by group name."""

    stops: tuple[int, ...]  #: where clauses end, ascending
    groups: Mapping[str, Sequence[Span]]

    def found(self, group: str) -> Sequence[Span]:
        """The spans of one group, in order of start."""
        return self.groups.get(group, ())

    def near(self, group: str, start: int, end: int) -> Sequence[Span]:
        """Those spans of the group that begin no further from characters `start` to `end` than a gap can reach."""
        spans = self.groups.get(group)
        if not spans:
            return ()
        left = bisect_left(spans, start - 2 * MAX_GAP, key=_start)
        return spans[left : bisect_left(spans, end + MAX_GAP + 1, key=_start)]

    def stop_between(self, start: int, end: int) -> bool:
        """Whether a clause ends anywhere from `start` to `end`."""
        at = bisect_left(self.stops, start)
        return at < len(self.stops) and self.stops[at] <= end


def _start(span: Span) -> int:
    return span.start


#: Where a family got to, and the hits it got there by.
_Ways = dict[int, tuple[CoreHit, ...]]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A family waits for its most telling slot: most families are never looked at in a call."""

    group: str
    family: Family
    slot: int
    needs: frozenset[int]  #: its other slots, by number


@dataclass(slots=True)
class _Hits:
    """The hits in one text, reachable from both ends."""

    text: Text
    by_start: dict[int, list[CoreHit]] = field(default_factory=lambda: defaultdict(list))
    by_end: dict[int, list[CoreHit]] = field(default_factory=lambda: defaultdict(list))
    negations: frozenset[int] = frozenset()

    def stretches(self) -> Iterator[list[CoreHit]]:
        """The hits in order, cut where no gap reaches over."""
        stretch: list[CoreHit] = []
        reach = 0
        for start, starting in sorted(self.by_start.items()):
            if stretch and start - reach > MAX_GAP:
                yield stretch
                stretch = []
            stretch += starting
            for hit in starting:
                reach = max(reach, hit.end)
        if stretch:
            yield stretch

    def add(self, hit: CoreHit) -> None:
        self.by_start[hit.start].append(hit)
        self.by_end[hit.end].append(hit)


class Matcher:
    """Finds groups of families in text. Built once for a pack, then only read: threads may share it.

    `groups` gives each list of families its name.
    """

    def __init__(self, groups: Mapping[str, Iterable[Family]]) -> None:
        self._anchors: dict[str, list[_Anchor]] = defaultdict(list)
        numbers: dict[frozenset[str], int] = {}
        for group, families in groups.items():
            for family in families:
                slots = [numbers.setdefault(slot, len(numbers)) for slot in family.slots]
                telling = _telling_slot(family)
                needs = frozenset(slots[:telling] + slots[telling + 1 :])
                for core in family.slots[telling]:
                    self._anchors[core].append(_Anchor(group, family, telling, needs))
        self._slots: dict[str, list[int]] = defaultdict(list)
        for slot, number in numbers.items():
            for core in slot:
                self._slots[core].append(number)
        self._cores = Cores(self._slots)

    def scan(self, text: Text, *, by_ear: bool = False) -> Scan:
        """Everything in `text`: one pass per view, then families from the hits.

        `by_ear` says that a recogniser wrote the text: then words that sound like a core count too.
        """
        if not self._anchors:
            return Scan((), {})
        hits = self._hits(text, by_ear)
        groups: dict[str, list[Span]] = defaultdict(list)
        for stretch in hits.stretches():
            for anchor, hit in self._waiting(stretch):
                if span := _assemble(anchor, hit, hits):
                    groups[anchor.group].append(span)
        for spans in groups.values():
            spans.sort(key=lambda span: (span.start, span.end))
        return Scan(tuple(sorted(text.stops)), groups)

    def _waiting(self, stretch: list[CoreHit]) -> Iterator[tuple[_Anchor, CoreHit]]:
        """Each hit with each family that waits for it and has something for its other slots in the same stretch."""
        filled: set[int] = set()
        for core in {hit.core for hit in stretch}:
            filled.update(self._slots[core])
        for hit in stretch:
            for anchor in self._anchors.get(hit.core, ()):
                if anchor.needs <= filled:
                    yield anchor, hit

    def _hits(self, text: Text, by_ear: bool) -> _Hits:
        negations = frozenset(match.start("no") for match in _NEGATION.finditer(text.chars) if match["no"])
        hits = _Hits(text, negations=negations)
        for hit in self._cores.find(text, by_ear=by_ear):
            hits.add(hit)
        return hits


def _telling_slot(family: Family) -> int:
    """The slot whose shortest core is longest; among equals the one with the fewest alternatives."""
    return max(
        range(len(family.slots)),
        key=lambda slot: (min(map(_telling, family.slots[slot])), -len(family.slots[slot])),
    )


def _telling(core: str) -> int:
    """How much it tells that a core is there: calls are full of numbers."""
    return 0 if core == NUMBER else len(core)


def _assemble(anchor: _Anchor, hit: CoreHit, hits: _Hits) -> Span | None:
    """The shortest way the family is complete around `hit`, or None."""
    family = anchor.family
    if len(family.slots) == 1 and not family.at_start and not family.at_end:
        return _span((hit,), family)
    rights: _Ways = {hit.end: (hit,)}
    for slot in range(anchor.slot + 1, len(family.slots)):
        rights = _rightwards(rights, family.slots[slot], family.gaps[slot - 1], hits)
    lefts: _Ways = {hit.start: ()}
    for slot in range(anchor.slot - 1, -1, -1):
        lefts = _leftwards(lefts, family.slots[slot], family.gaps[slot], hits)
    ends = [at for at in rights if not family.at_end or _ends_clause(at, family.after.width, hits.text)]
    starts = [at for at in lefts if not family.at_start or _begins_clause(at, family.before.width, hits.text)]
    if not ends or not starts:
        return None
    return _span((*lefts[max(starts)], *rights[min(ends)]), family)


def _span(way: tuple[CoreHit, ...], family: Family) -> Span | None:
    """The family found along `way`, or None where too much of it only sounds right."""
    most = sum(hit.most for hit in way)
    support = sum(hit.support for hit in way)
    if support < most:
        # 你 and 我 are in every sentence: single characters support nothing that is not heard clearly.
        telling = sum(hit.support for hit in way if hit.most > 1)
        if telling < LEAST_SUPPORT or support / most < LEAST_LIKENESS:
            return None
    cores = tuple((hit.start, hit.end) for hit in way)
    return Span(way[0].start, way[-1].end, round(support / most, 3), family, cores)


def _ends_clause(at: int, width: int, text: Text) -> bool:
    return at + width >= len(text.chars) or any(edge in text.stops for edge in range(at, at + width + 1))


def _begins_clause(at: int, width: int, text: Text) -> bool:
    return at <= width or any(edge in text.stops for edge in range(at - width, at + 1))


def _rightwards(froms: _Ways, cores: frozenset[str], gap: Gap, hits: _Hits) -> _Ways:
    reached: _Ways = {}
    for at, way in froms.items():
        for start in range(at, at + gap.width + 1):
            if start > at and start - 1 in hits.negations and not gap.over_negation:
                break
            for hit in hits.by_start.get(start, ()):
                if hit.core in cores:
                    reached[hit.end] = _surer(reached.get(hit.end), (*way, hit))
    return reached


def _leftwards(froms: _Ways, cores: frozenset[str], gap: Gap, hits: _Hits) -> _Ways:
    reached: _Ways = {}
    for at, way in froms.items():
        for end in range(at, max(at - gap.width, 0) - 1, -1):
            if end < at and end in hits.negations and not gap.over_negation:
                break
            for hit in hits.by_end.get(end, ()):
                if hit.core in cores:
                    reached[hit.start] = _surer(reached.get(hit.start), (hit, *way))
    return reached


def _surer(one: tuple[CoreHit, ...] | None, other: tuple[CoreHit, ...]) -> tuple[CoreHit, ...]:
    return other if one is None or sum(hit.support for hit in other) > sum(hit.support for hit in one) else one
