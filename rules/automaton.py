"""One pass over a text finds every core of every lexicon: one automaton on its characters, one on its sound."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import ahocorasick

from rules.lexicon import NUMBER
from rules.phonetics import by_sound, likeness, sounds_of
from rules.text import Text

#: A core is heard only where its characters are this like what was written, on average: see `phonetics.likeness`.
LEAST_LIKENESS = 0.6

#: Cores of so many characters may have one syllable heard wrong altogether (朋友前 for 朋友圈 in 发到朋友圈).
FORGIVING = 5


class CoreHit(NamedTuple):
    """A core found: characters `start` to `end` (exclusive) of the scanned text.

    A named tuple: a call has thousands, and a frozen dataclass takes three times as long to make.
    """

    core: str
    start: int
    end: int
    support: float  #: characters' worth of evidence
    most: float  #: the support it would have if all were as written


class Cores:
    """All cores of a pack, ready to be looked for. Only read once built: threads may share it."""

    def __init__(self, cores: Iterable[str]) -> None:
        self._cores = sorted(set(cores) - {NUMBER})

    def find(self, text: Text, *, by_ear: bool) -> Iterator[CoreHit]:
        """Every core in `text`, also by sound where a recogniser wrote it, and every number."""
        inside = {at for start, end in text.numbers for at in range(start + 1, end)}
        exact = [
            CoreHit(core, last + 1 - len(core), last + 1, len(core), len(core))
            for last, core in (self._characters.iter(text.chars) if self._characters else ())
            # 1点 is no part of 11点: a hit never cuts a number in two.
            if last + 1 - len(core) not in inside and last + 1 not in inside
        ]
        yield from exact
        if by_ear:
            yield from self._heard(text.chars, {(hit.core, hit.start) for hit in exact}, inside)
        for start, end in text.numbers:
            yield CoreHit(NUMBER, start, end, min(end - start, 2), min(end - start, 2))

    def _heard(self, chars: str, known: set[tuple[str, int]], inside: set[int]) -> Iterator[CoreHit]:
        """Cores that are not written there but sound like what is."""
        for last, pieces in self._sound.iter(by_sound(chars)) if self._sound else ():
            for core, tail in pieces:
                end = last + 1 + tail
                start = end - len(core)
                # 逾期六十二天 is heard as 于762天: by ear, a core without digits may end in the middle of a number.
                cuts = start in inside or (end in inside and core[-1].isdigit())
                if start < 0 or end > len(chars) or cuts or (core, start) in known:
                    continue
                known.add((core, start))
                support = _support(core, chars[start:end])
                if support:
                    yield CoreHit(core, start, end, support, len(core))

    @cached_property
    def _characters(self) -> ahocorasick.Automaton | None:
        return _automaton((core, core) for core in self._cores)

    @cached_property
    def _sound(self) -> ahocorasick.Automaton | None:
        """Sounds of cores, or of their halves where one syllable is forgiven: one half is always heard right."""
        pieces: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for core in self._cores:
            for sound in sounds_of(core) if len(core) > 1 else ():
                middle = len(sound) // 2 if len(sound) >= FORGIVING else 0
                pieces[sound[middle:]].add((core, 0))
                if middle:
                    pieces[sound[:middle]].add((core, len(sound) - middle))
        return _automaton((piece, tuple(sorted(of))) for piece, of in pieces.items())


def _support(core: str, heard: str) -> float:
    """How many characters' worth of evidence `heard` is for `core`; 0 where it is too little."""
    alike = likeness(core, heard)
    wrong = alike.count(0.0)
    if wrong > (len(core) >= FORGIVING) or sum(alike) / len(core) < LEAST_LIKENESS:
        return 0.0
    return sum(alike)


def _automaton(words: Iterable[tuple[str, object]]) -> ahocorasick.Automaton | None:
    """An automaton over the words with what each stands for. None where there is nothing to find."""
    automaton = ahocorasick.Automaton()
    for word, meaning in words:
        automaton.add_word(word, meaning)
    if not len(automaton):
        return None
    automaton.make_automaton()
    return automaton
