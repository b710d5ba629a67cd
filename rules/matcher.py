"""Families are put together from the hits of their cores: the text is read once, whatever is looked for.

All families of all lexicons together, as columns of numbers, because a call has thousands that begin and few that end.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from asr.transcript import Speaker
from rules.arrays import firsts, numbers, ordered
from rules.automaton import Cores
from rules.families import Asked, Families, Found
from rules.hits import barriers
from rules.lexicon import MAX_GAP, Family
from rules.text import Text, begins, together

#: What families are found by: the name of a lexicon, or of a guard and which of its lists.
Group = str | tuple[str, str]

#: Whose words each group is looked for in; None: anyone's. One that is missing is looked for in nobody's.
Whose = Mapping[Group, Speaker | None]

#: Each speaker as one bit, and those whose words are meant when one is asked: words of nobody known may be anyone's.
_VOICES: Mapping[Speaker, int] = {"agent": 1, "customer": 2, "unknown": 4}
_MEANT: Mapping[Speaker | None, int] = {who: bit | 4 for who, bit in _VOICES.items()} | {None: 7}


class Span(NamedTuple):
    """A family found: characters `start` to `end` (exclusive) of the scanned text."""

    start: int
    end: int
    confidence: float  #: 1 when every character is as written, less where the words only sound alike
    family: Family
    cores: tuple[tuple[int, int], ...]  #: where its cores stand

    def moved(self, by: int) -> "Span":
        """The same so many characters further on."""
        cores = tuple([(start + by, end + by) for start, end in self.cores])
        return Span(self.start + by, self.end + by, self.confidence, self.family, cores)

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

    def cut(self, texts: Sequence[Text]) -> list["Scan"]:
        """What was found in each of these texts, which were looked through as one."""
        starts = begins(texts)
        walls: list[list[int]] = [[] for _ in texts]
        groups: list[dict[Group, list[Span]]] = [defaultdict(list) for _ in texts]
        for wall in self.walls:
            at = bisect_right(starts, wall) - 1
            walls[at].append(wall - starts[at])
        for group, spans in self.groups.items():
            for span in spans:
                at = bisect_right(starts, span.start) - 1
                groups[at][group].append(span.moved(-starts[at]))
        return [Scan(text.stops, *own) for text, own in zip(texts, zip(walls, groups, strict=True), strict=True)]


def whose_words(asked: Iterable[tuple[Group, Speaker | None]]) -> Whose:
    """Whose words each group is looked for in, where it may be asked for several times."""
    whose: dict[Group, Speaker | None] = {}
    for group, who in asked:
        whose[group] = who if whose.get(group, who) == who else None
    return whose


def near(spans: Sequence[Span], start: int, end: int) -> Sequence[Span]:
    """Those of the spans that begin no further from characters `start` to `end` than a gap can reach."""
    # A span is a tuple that begins with its start: compared as such, no key is asked for.
    left = bisect_left(spans, (start - 2 * MAX_GAP,))
    return spans[left : bisect_left(spans, (end + MAX_GAP + 1,), left)]


class Matcher:
    """Finds groups of families in text. Built once for a pack, then only read: threads may share it.

    `groups` gives each list of families its name, also those without any.
    """

    def __init__(self, groups: Mapping[Group, Iterable[Family]]) -> None:
        listed = {group: tuple(families) for group, families in groups.items()}
        self.names = frozenset(listed)
        self._names, self._listed = [*listed], [*chain.from_iterable(listed.values())]
        self._group = np.arange(len(listed)).repeat([*map(len, listed.values())])
        self._cores = Cores(frozenset[str]().union(*[slot for family in self._listed for slot in family.slots]))
        self._families = Families(self._listed, self._cores.words) if self._listed else None
        self._read: Mapping[_Known, Scan] = {}

    def scan(self, text: Text, *, by_ear: bool = False, whose: Whose | None = None) -> Scan:
        """Everything in `text`: one pass per view, then families from the hits.

        `by_ear` says that a recogniser wrote the text: then words that sound like a core count too. With `whose`, only
        what is asked for in the words of those it is asked of.
        """
        if not self._families:
            return Scan((), (), {})
        if self._read and (known := self._read.get(_known(text, by_ear=by_ear))):
            return known
        asked = None if whose is None else self._asked(text, whose)
        found = self._families.find(text, self._cores.find(text, by_ear=by_ear), asked)
        return Scan(text.stops, barriers(text.chars)[0].tolist(), self._grouped(found) if found else {})

    def _asked(self, text: Text, whose: Whose) -> Asked:
        meant = numbers(_MEANT[whose[name]] if name in whose else 0 for name in self._names)
        walls, voices = barriers(text.chars)[0], numbers(_VOICES[voice] for voice in text.voices)
        return Asked(meant[self._group], voices.repeat(np.diff(walls + 1, prepend=0)))

    def _grouped(self, found: Found) -> dict[Group, list[Span]]:
        """What was found as spans, by group."""
        order = ordered(self._group[found.family])
        family, first, last = found.family[order], found.first[order], found.last[order]
        places = [*zip(found.starts.tolist(), found.ends.tolist(), strict=True)]
        cores = [tuple(places[one:other]) for one, other in zip(first.tolist(), last.tolist(), strict=True)]
        families = [self._listed[at] for at in family.tolist()]
        edges = found.starts[first].tolist(), found.ends[last - 1].tolist()
        spans = [*map(Span._make, zip(*edges, found.sure[order].tolist(), families, cores, strict=True))]
        group = self._group[family]
        begins = np.flatnonzero(firsts(group))
        names = [self._names[at] for at in group[begins].tolist()]
        return {
            name: spans[at:to] for name, (at, to) in zip(names, pairwise([*begins.tolist(), len(spans)]), strict=True)
        }

    def ahead(self, batches: Iterable[tuple[Sequence[Text], bool]], whose: Whose | None = None) -> "Matcher":
        """This matcher, having read some texts: each batch in one pass, and whether a recogniser wrote it.

        What is found in them is then what `whose` asks for, as in `scan`.
        """
        other = copy(self)
        other._read = {
            _known(text, by_ear=by_ear): scan
            for texts, by_ear in batches
            for text, scan in zip(texts, self.scan(together(texts), by_ear=by_ear, whose=whose).cut(texts), strict=True)
        }
        return other


#: All that tells what is found in one text from what is found in another.
_Known = tuple[str, tuple[int, ...], tuple[tuple[int, int], ...], tuple[Speaker, ...], bool]


def _known(text: Text, *, by_ear: bool) -> _Known:
    return text.chars, tuple(text.stops), tuple(text.numbers), tuple(text.voices), by_ear
