"""One pass over a text finds every core of every family; families are then put together from the hits alone."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import ahocorasick

from rules.lexicon import NUMBER, Family, Gap
from rules.text import Text

#: What a plain gap must not contain. 您不还 or 一直没接 between two cores denies neither, and 不然 is no negation.
_NEGATION = re.compile(
    r"特别|分别|区别|别的|别人|别处|差不多|要不|不然|不过|不管|不仅|不但|不光|不论|不好意思|不断|不停|(.)[不没]\1"
    r"|[不没](?:按时|能|肯|想|主动)?(?:还|接|给|来|处理|交|付|动静|回)|(?P<no>[不没别未勿])"
)


@dataclass(frozen=True, slots=True)
class View:
    """One way of reading a text: `read` gives one symbol for each character, so that positions stay."""

    name: str
    read: Callable[[str], str]
    confidence: float  #: how far a core seen in this view alone is believed


CHARACTERS = View("characters", lambda chars: chars, 1.0)


@dataclass(frozen=True, slots=True)
class Span:
    """A family found: characters `start` to `end` (exclusive) of the scanned text."""

    start: int
    end: int
    confidence: float
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


@dataclass(frozen=True, slots=True)
class _Hit:
    core: str
    start: int
    end: int
    confidence: float


#: Where a family got to, and the hits it got there by.
_Ways = dict[int, tuple[_Hit, ...]]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A family waits for its most telling slot: most families are never looked at in a call."""

    group: str
    family: Family
    slot: int


@dataclass(slots=True)
class _Hits:
    """The hits in one text, reachable from both ends."""

    text: Text
    by_start: dict[int, list[_Hit]] = field(default_factory=lambda: defaultdict(list))
    by_end: dict[int, list[_Hit]] = field(default_factory=lambda: defaultdict(list))
    negations: frozenset[int] = frozenset()

    def add(self, hit: _Hit) -> None:
        self.by_start[hit.start].append(hit)
        self.by_end[hit.end].append(hit)


class Matcher:
    """Finds groups of families in text. Built once for a pack, then only read: threads may share it.

    `groups` gives each list of families its name.
    """

    def __init__(self, groups: Mapping[str, Iterable[Family]], views: tuple[View, ...] = (CHARACTERS,)) -> None:
        self._anchors: dict[str, list[_Anchor]] = defaultdict(list)
        cores: set[str] = set()
        for group, families in groups.items():
            for family in families:
                cores.update(*family.slots)
                slot = _telling_slot(family)
                for core in family.slots[slot]:
                    self._anchors[core].append(_Anchor(group, family, slot))
        self._views = [(view, _automaton(cores - {NUMBER}, view)) for view in views]

    def scan(self, text: Text) -> Scan:
        """Everything in `text`: one pass per view, then families from the hits."""
        hits = self._hits(text)
        groups: dict[str, list[Span]] = defaultdict(list)
        present = {hit.core for starting in hits.by_start.values() for hit in starting}
        possible = {core: self._possible(core, present) for core in present if core in self._anchors}
        for hit in [hit for starting in hits.by_start.values() for hit in starting if hit.core in possible]:
            for anchor in possible[hit.core]:
                if span := _assemble(anchor, hit, hits):
                    groups[anchor.group].append(span)
        for spans in groups.values():
            spans.sort(key=lambda span: (span.start, span.end))
        return Scan(tuple(sorted(text.stops)), groups)

    def _possible(self, core: str, present: set[str]) -> list[_Anchor]:
        """The families that wait for `core` and have something for every other slot too."""
        return [
            anchor
            for anchor in self._anchors[core]
            if not any(slot.isdisjoint(present) for slot in anchor.family.slots)
        ]

    def _hits(self, text: Text) -> _Hits:
        inside = {at for start, end in text.numbers for at in range(start + 1, end)}
        negations = frozenset(match.start("no") for match in _NEGATION.finditer(text.chars) if match["no"])
        hits = _Hits(text, negations=negations)
        seen: set[tuple[str, int]] = set()
        for view, automaton in self._views:
            for last, cores in automaton.iter(view.read(text.chars)) if automaton else ():
                for core in cores:
                    start, end = last + 1 - len(core), last + 1
                    # 1点 is no part of 11点: a hit never cuts a number in two.
                    if start not in inside and end not in inside and (core, start) not in seen:
                        seen.add((core, start))
                        hits.add(_Hit(core, start, end, view.confidence))
        for start, end in text.numbers:
            hits.add(_Hit(NUMBER, start, end, 1.0))
        return hits


def _automaton(cores: set[str], view: View) -> ahocorasick.Automaton | None:
    """The automaton of one view; cores that read the same in it share an entry. None where there is nothing to find."""
    by_reading: dict[str, list[str]] = defaultdict(list)
    for core in sorted(cores):
        by_reading[view.read(core)].append(core)
    if not by_reading:
        return None
    automaton = ahocorasick.Automaton()
    for reading, alike in by_reading.items():
        automaton.add_word(reading, tuple(alike))
    automaton.make_automaton()
    return automaton


def _telling_slot(family: Family) -> int:
    """The slot whose shortest core is longest; among equals the one with the fewest alternatives."""
    return max(
        range(len(family.slots)),
        key=lambda slot: (min(len(core) for core in family.slots[slot]), -len(family.slots[slot])),
    )


def _assemble(anchor: _Anchor, hit: _Hit, hits: _Hits) -> Span | None:
    """The shortest way the family is complete around `hit`, or None."""
    family = anchor.family
    if len(family.slots) == 1 and not family.at_start and not family.at_end:
        return Span(hit.start, hit.end, hit.confidence, family, ((hit.start, hit.end),))
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
    start, end = max(starts), min(ends)
    way = (*lefts[start], *rights[end])
    return Span(start, end, min(one.confidence for one in way), family, tuple((one.start, one.end) for one in way))


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


def _surer(one: tuple[_Hit, ...] | None, other: tuple[_Hit, ...]) -> tuple[_Hit, ...]:
    if one is None or min(hit.confidence for hit in other) > min(hit.confidence for hit in one):
        return other
    return one
