"""Guards: words around a match that take it back, such as 不会 before 起诉您 or 都是诈骗 after it."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.lexicon import Family
from rules.matcher import Scan, Span

#: The lists of phrases a guard has.
PARTS = ("before", "after", "inside", "unless_inside", "breakers")


@dataclass(frozen=True, slots=True)
class Guard:
    """One reason to forgive a match, as data."""

    name: str
    title: str  #: the reason in words, for the reviewer
    before: tuple[Family, ...] = ()  #: phrases that forgive when they end before the match, never inside it
    after: tuple[Family, ...] = ()  #: phrases that forgive when they begin after it
    inside: tuple[Family, ...] = ()  #: phrases that forgive when they stand between its cores: 会依法起诉
    unless_inside: tuple[Family, ...] = ()  #: where this guard's words mean something else: 不能还, 别怪我
    breakers: tuple[Family, ...] = ()  #: phrases in between that end the guard's reach: 就, 否则
    across_clauses: bool = False  #: whether the reach goes on over the end of a clause
    suspicion_below: float = 0.0  #: a match in a sentence suspected of less is doubted: see `Call.matches`

    def groups(self) -> Iterator[tuple[str, tuple[Family, ...]]]:
        """The families to look for, each list under the name that `forgives` finds it by."""
        for part in PARTS:
            yield f"{self.name}.{part}", getattr(self, part)

    def forgives(self, match: Span, scan: Scan) -> bool:
        """Whether words in reach of `match` take it back."""
        for part, reaches in (("before", self._reaches_on), ("after", self._reaches_back)):
            for word in scan.near(f"{self.name}.{part}", match.start, match.end):
                if reaches(word, match, scan) and not self._means_else(word, scan):
                    return True
        between = scan.near(f"{self.name}.inside", match.start, match.end) if self.inside else ()
        return any(match.holds(word) and not self._means_else(word, scan) for word in between)

    def _means_else(self, word: Span, scan: Scan) -> bool:
        others = scan.near(f"{self.name}.unless_inside", word.start, word.end)
        return any(word.inside(other) for other in others)

    def _reaches_on(self, word: Span, match: Span, scan: Scan) -> bool:
        if word.start >= match.start or word.end > match.cores[0][1]:
            return False
        # 没有要 takes back 要投诉 though they share a character.
        return self._links(min(word.end, match.start), match.start, word.family.after.width, scan)

    def _reaches_back(self, word: Span, match: Span, scan: Scan) -> bool:
        return word.start >= match.end and self._links(match.end, word.start, word.family.before.width, scan)

    def _links(self, left: int, right: int, reach: int, scan: Scan) -> bool:
        return right - left <= reach and not self._broken(left, right, scan)

    def _broken(self, left: int, right: int, scan: Scan) -> bool:
        if scan.wall_between(left, right) if self.across_clauses else scan.stop_between(left, right):
            return True
        breakers = scan.near(f"{self.name}.breakers", left, right)
        return any(left <= word.start and word.end <= right for word in breakers)
