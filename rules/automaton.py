"""One pass over a text finds every core of every lexicon: one automaton on its characters, one on its sound."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Generic, NamedTuple, TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

from rules.lexicon import NUMBER
from rules.phonetics import by_sound, evidence, sounds_of
from rules.text import WALL, Text

Meaning = TypeVar("Meaning")

#: A core is heard only where its characters are this like what was written, on average: see `phonetics.evidence`.
LEAST_LIKENESS = 0.6

#: Cores of so many characters may have one syllable heard wrong altogether (朋友前 for 朋友圈 in 发到朋友圈).
FORGIVING = 5


class CoreHit(NamedTuple):
    """A core found: characters `start` to `end` (exclusive) of the scanned text.

    A named tuple: a call has thousands, and a frozen dataclass takes three times as long to make.
    """

    start: int
    end: int
    core: str
    support: float  #: characters' worth of evidence
    most: float  #: the support it would have if all were as written


class Cores:
    """All cores of a pack, ready to be looked for. Only read once built: threads may share it."""

    def __init__(self, cores: Iterable[str]) -> None:
        self._cores = sorted(set(cores) - {NUMBER})

    def find(self, text: Text, *, by_ear: bool) -> list[CoreHit]:
        """Every core in `text`, also by sound where a recogniser wrote it, and every number, in order of start."""
        # 1点 is no part of 11点: a hit never cuts a number in two.
        inside = {at for start, end in text.numbers for at in range(start + 1, end)}
        hits = [
            CoreHit(start, end, core, size, size)
            for (core, size), start, end in self._characters.find(text.chars)
            if start not in inside and end not in inside
        ]
        if by_ear:
            hits += set(self._heard(text.chars, inside))
        hits += [CoreHit(start, end, NUMBER, min(end - start, 2), min(end - start, 2)) for start, end in text.numbers]
        hits.sort()
        return hits

    def _heard(self, chars: str, inside: set[int]) -> Iterator[CoreHit]:
        """Cores that are not written there but sound like what is; one found by both its halves comes twice."""
        for pieces, _, last in self._sound.find(by_sound(chars)):
            for core, tail in pieces:
                start, end = last + tail - len(core), last + tail
                heard = chars[start:end] if start >= 0 else ""
                if heard == core or len(heard) < len(core) or WALL in heard:
                    continue
                # 逾期六十二天 is heard as 于762天: by ear, a core without digits may end in the middle of a number.
                if start in inside or (end in inside and core[-1].isdigit()):
                    continue
                if support := _support(core, heard):
                    yield CoreHit(start, end, core, support, len(core))

    @cached_property
    def _characters(self) -> "_Automaton[tuple[str, int]]":
        return _Automaton(self._cores, [(core, len(core)) for core in self._cores])

    @cached_property
    def _sound(self) -> "_Automaton[tuple[tuple[str, int], ...]]":
        """Sounds of cores, or of their halves where one syllable is forgiven: one half is always heard right."""
        pieces: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for core in self._cores:
            for sound in sounds_of(core) if len(core) > 1 else ():
                middle = len(sound) // 2 if len(sound) >= FORGIVING else 0
                pieces[sound[middle:]].add((core, 0))
                if middle:
                    pieces[sound[:middle]].add((core, len(sound) - middle))
        return _Automaton(list(pieces), [tuple(sorted(of)) for of in pieces.values()])


@lru_cache(maxsize=65536)
def _support(core: str, heard: str) -> float:
    """How many characters' worth of evidence `heard` is for `core`; 0 where it is too little."""
    alike = evidence(core, heard)
    support = sum(alike)
    if support < LEAST_LIKENESS * len(core) or alike.count(0.0) > (len(core) >= FORGIVING):
        return 0.0
    return support


class _Automaton(Generic[Meaning]):
    """Words and what each stands for.

    ahocorasick-rs rather than pyahocorasick: that one walks the children of a node one by one, and with Chinese the
    first node has a thousand (measured side by side in tests/benchmarks/matching.py: 40 times slower).
    """

    def __init__(self, words: Sequence[str], meanings: Sequence[Meaning]) -> None:
        self._meanings = meanings
        self._words = AhoCorasick(words, implementation=Implementation.ContiguousNFA) if words else None

    def find(self, text: str) -> list[tuple[Meaning, int, int]]:
        """What every word found in `text` stands for, overlapping ones too, with its span, end exclusive."""
        found = self._words.find_matches_as_indexes(text, overlapping=True) if self._words else ()
        meanings = self._meanings
        return [(meanings[word], start, end) for word, start, end in found]
