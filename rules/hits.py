"""The cores found in one text: what begins and ends where, what fills which slots, and where no gap reaches over."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache, reduce
from operator import or_

from rules.automaton import CoreHit
from rules.lexicon import Gap
from rules.text import WALL, Text

#: Most gaps are no wider: whether something is beside a core at all is asked before anything is tried.
BESIDE = 8

#: What a plain gap must not contain. 您不还 or 一直没接 between two cores denies neither, and 不然 is no negation.
_NEGATION = re.compile(
    r"特别|分别|区别|别的|别人|别处|差不多|要不|不然|不过|不管|不仅|不但|不光|不论|不好意思|不断|不停|(.)[不没]\1"
    rf"|[不没](?:按时|能|肯|想|主动)?(?:还|接|给|来|处理|交|付|动静|回)|(?P<no>[不没别未勿])|(?P<wall>{WALL})"
)


class Hits:
    """The hits in one text, reachable from both ends.

    Single characters are in every sentence and stand where they are written: they are read off the text instead.
    """

    def __init__(self, text: Text, hits: list[CoreHit], fills: Mapping[str, int]) -> None:
        self.text = text
        self.all = hits
        self.by_start: dict[int, list[CoreHit]] = defaultdict(list)
        self.by_end: dict[int, list[CoreHit]] = defaultdict(list)
        # For each character the slots that something beginning, or ending, there fills.
        self.begins = [fills.get(letter, 0) for letter in text.chars]
        self.ends = [0, *self.begins]
        self.begins.append(0)
        for hit in hits:
            if not is_letter(hit.core):
                self.by_start[hit.start].append(hit)
                self.by_end[hit.end].append(hit)
                filled = fills.get(hit.core, 0)
                self.begins[hit.start] |= filled
                self.ends[hit.end] |= filled
        self.walls, self.barriers = _barriers(text.chars)

    def stretches(self) -> Iterator[tuple[list[CoreHit], int]]:
        """The hits between two walls, in order, with all the slots that something fills there."""
        first = start = 0
        for wall in (*self.walls, len(self.text.chars)):
            last = bisect_left(self.all, (wall,), first)
            if last > first:
                yield self.all[first:last], reduce(or_, self.begins[start:wall])
            first, start = last, wall

    def before(self, at: int) -> int:
        """The slots that something ending at most `BESIDE` characters before `at` fills."""
        return reduce(or_, self.ends[max(at - BESIDE, 0) : at + 1])

    def after(self, at: int) -> int:
        """The slots that something beginning at most `BESIDE` characters after `at` fills."""
        return reduce(or_, self.begins[at : at + BESIDE + 1])

    def open_right(self, at: int, gap: Gap) -> int:
        """How far a core may begin to the right of `at`: the gap's width, or where something stands in the way."""
        barriers = self.walls if gap.over_negation else self.barriers
        index = bisect_left(barriers, at)
        return min(at + gap.width, barriers[index] if index < len(barriers) else len(self.text.chars))

    def open_left(self, at: int, gap: Gap) -> int:
        """How far a core may end to the left of `at`."""
        barriers = self.walls if gap.over_negation else self.barriers
        index = bisect_left(barriers, at)
        return max(at - gap.width, barriers[index - 1] + 1 if index else 0)

    def beginning(self, at: int, cores: frozenset[str]) -> Iterator[CoreHit]:
        """Those of `cores` that begin there."""
        letter = self.text.chars[at]
        if letter in cores and is_letter(letter):
            yield CoreHit(at, at + 1, letter, 1, 1)
        for hit in self.by_start.get(at, ()):
            if hit.core in cores:
                yield hit

    def ending(self, at: int, cores: frozenset[str]) -> Iterator[CoreHit]:
        """Those of `cores` that end there."""
        letter = self.text.chars[at - 1]
        if letter in cores and is_letter(letter):
            yield CoreHit(at - 1, at, letter, 1, 1)
        for hit in self.by_end.get(at, ()):
            if hit.core in cores:
                yield hit


def is_letter(core: str) -> bool:
    """Whether a core is one character. A digit is not: it may be in the middle of a number."""
    return len(core) == 1 and not core.isdigit()


@lru_cache(maxsize=8)  # several matchers read one call
def _barriers(chars: str) -> tuple[list[int], list[int]]:
    """Where walls stand, and where anything stands that a plain gap does not leap over."""
    found = [match for match in _NEGATION.finditer(chars) if match["no"] or match["wall"]]
    return [match.start() for match in found if match["wall"]], [match.end() - 1 for match in found]
