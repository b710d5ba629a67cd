"""Guards: words around a match that take it back, such as 不会 before 起诉您 or 都是诈骗 after it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.lexicon import MAX_GAP, Family
from rules.matcher import Group, Scan, Span, near

#: The lists of phrases a guard has.
PARTS = ("before", "after", "inside", "unless_inside", "breakers")


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """One reason to forgive a match, as data. Packs that use the same files share it, so it is equal to itself only."""

    name: str
    title: str  #: the reason in words, for the reviewer
    before: tuple[Family, ...] = ()  #: phrases that forgive when they end before the match, never inside it
    after: tuple[Family, ...] = ()  #: phrases that forgive when they begin after it
    inside: tuple[Family, ...] = ()  #: phrases that forgive when they stand between its cores: 会依法起诉
    unless_inside: tuple[Family, ...] = ()  #: where this guard's words mean something else: 不能还, 别怪我
    breakers: tuple[Family, ...] = ()  #: phrases in between that end the guard's reach: 就, 否则
    across_clauses: bool = False  #: whether the reach goes on over the end of a clause
    suspicion_below: float = 0.0  #: a match in a sentence suspected of less is doubted: see `Call.matches`
    innocent_below: float = 0.0  #: and one in a sentence suspected of less than this is forgiven

    def groups(self) -> Iterator[tuple[Group, tuple[Family, ...]]]:
        """The families to look for, each list under the name that they are found by."""
        for part in PARTS:
            yield (self.name, part), getattr(self, part)

    def forgives(self, match: Span, scan: Scan) -> bool:
        """Whether words in reach of `match` take it back."""
        return Reach(self, scan).forgives(match)


class Reach:
    """How far the words of one guard reach in one text: which places they guard, whatever matches there."""

    def __init__(self, guard: Guard, scan: Scan) -> None:
        self._ends = scan.walls if guard.across_clauses else scan.stops
        self._breakers = scan.found((guard.name, "breakers"))
        self._else = scan.found((guard.name, "unless_inside"))
        # Where a match is taken back that begins there, if its first core ends from here on; and one that ends there.
        self._begins: dict[int, int] = {}
        self._finishes: set[int] = set()
        for word in self._meant(scan.found((guard.name, "before"))):
            self._begins |= dict.fromkeys(range(word.end, self._last(word) + 1), 0)
            # 没有要 takes back 要投诉 though they share a character.
            for at in range(word.start + 1, word.end):
                if not _among(self._ends, at):
                    self._begins[at] = min(word.end, self._begins.get(at, word.end))
        for word in self._meant(scan.found((guard.name, "after"))):
            self._finishes.update(range(self._first(word), word.start + 1))
        self._between = self._meant(scan.found((guard.name, "inside")))

    def __bool__(self) -> bool:
        return bool(self._begins or self._finishes or self._between)

    def forgives(self, match: Span) -> bool:
        """Whether a match is taken back."""
        from_here_on = self._begins.get(match.start)
        if from_here_on is not None and from_here_on <= match.cores[0][1]:
            return True
        return match.end in self._finishes or any(map(match.holds, self._between))

    def _last(self, word: Span) -> int:
        """The last place after a word at which a match may begin."""
        last = min(word.end + word.family.after.width, word.start + 2 * MAX_GAP)
        at = bisect_left(self._ends, word.end)
        if at < len(self._ends):
            last = min(last, self._ends[at] - 1)
        for breaker in self._breakers[bisect_left(self._breakers, (word.end,)) :]:
            if breaker.start > last:
                break
            last = min(last, breaker.end - 1)
        return last

    def _first(self, word: Span) -> int:
        """The first place before a word at which a match may end."""
        first = word.start - word.family.before.width
        at = bisect_right(self._ends, word.start)
        if at:
            first = max(first, self._ends[at - 1] + 1)
        for breaker in self._breakers[bisect_left(self._breakers, (first,)) :]:
            if breaker.start >= word.start:
                break
            if breaker.end <= word.start:
                first = max(first, breaker.start + 1)
        return first

    def _meant(self, words: Sequence[Span]) -> Sequence[Span]:
        """Those of the words that do not mean something else."""
        if not self._else:
            return words
        return [word for word in words if not any(map(word.inside, near(self._else, word.start, word.end)))]


def _among(places: Sequence[int], at: int) -> bool:
    """Whether `at` is one of the places, which are ascending."""
    found = bisect_left(places, at)
    return found < len(places) and places[found] == at
