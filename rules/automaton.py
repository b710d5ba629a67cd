"""One pass over a text finds every core of every lexicon: one automaton on its characters, one on its sound."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from ahocorasick_rs import AhoCorasick, Implementation

from rules.arrays import Column, Flags, Ints, Lists, codes, firsts, numbers, ranges
from rules.lexicon import NUMBER
from rules.phonetics import by_sound, evidence, second_sound
from rules.text import WALL, Text

#: A core is heard only where its characters are this like what was written, on average: see `phonetics.evidence`.
LEAST_LIKENESS = 0.6

#: Cores of so many characters may have one syllable heard wrong altogether (朋友前 for 朋友圈 in 发到朋友圈).
FORGIVING = 5


class CoreHits(NamedTuple):
    """The cores found in one text, a column for each thing known of them."""

    core: Column  #: its place in `Cores.words`; of one that only sounds so, as many further on as there are words
    start: Column  #: characters of the text, end exclusive
    end: Column
    support: Column  #: characters' worth of evidence
    most: Column  #: the support it would have if all were as written

    def take(self, which: Column) -> "CoreHits":
        """Only those."""
        return CoreHits(*[column[which] for column in self])


class Cores:
    """All cores of a pack, ready to be looked for. Only read once built: threads may share it."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = sorted(set(words))
        self._written = _Automaton(self.words)
        self._lengths = numbers(map(len, self.words))
        self._number = self.words.index(NUMBER) if NUMBER in self.words else None

    def find(self, text: Text, *, by_ear: bool) -> CoreHits:
        """Every core in `text`, also by sound where a recogniser wrote it, and every number."""
        # 1点 is no part of 11点: a hit never cuts a number in two.
        inside = np.zeros(len(text.chars) + 1, bool)
        for start, end in text.numbers:
            inside[start + 1 : end] = True
        parts = [self._exactly(text.chars, inside), self._numbers(text)]
        if by_ear:
            parts.append(self._heard(text.chars, inside))
        return CoreHits(*map(np.concatenate, zip(*parts, strict=True)))

    def _exactly(self, chars: str, inside: Flags) -> CoreHits:
        core, start, end = self._written.find(chars)
        whole = ~(inside[start] | inside[end])
        core, start, end = core[whole], start[whole], end[whole]
        return CoreHits(core, start, end, self._lengths[core], self._lengths[core])

    def _numbers(self, text: Text) -> CoreHits:
        spans = np.array(text.numbers if self._number is not None else (), np.intp).reshape(-1, 2)
        size = np.minimum(spans[:, 1] - spans[:, 0], 2)
        return CoreHits(np.full(len(spans), self._number or 0), spans[:, 0], spans[:, 1], size, size)

    def _heard(self, chars: str, inside: Flags) -> CoreHits:
        """Cores that are not written there but sound like what is."""
        sounds = self._sounds
        sound, _, last = sounds.automaton.find(by_sound(chars))
        piece, rows = sounds.pieces.at(sound)
        core, end = sounds.core[piece], last[rows] + sounds.tail[piece]
        start = end - self._lengths[core]
        there = (start >= 0) & (end <= len(chars))
        core, start, end = core[there], start[there], end[there]
        walls = np.append(0, (codes(chars) == ord(WALL)).cumsum())
        # 逾期六十二天 is heard as 于762天: by ear, a core without digits may end in the middle of a number.
        fits = (walls[start] == walls[end]) & ~inside[start] & ~(inside[end] & sounds.ends_in_digit[core])
        hits = self._supported(CoreHits(*[column[fits] for column in (core, start, end, start, start)]), chars)
        hits = hits.take(np.lexsort((hits.core, hits.start)))
        # One found by both its halves comes twice.
        return hits.take(firsts(hits.start, hits.core))

    def _supported(self, hits: CoreHits, chars: str) -> CoreHits:
        """Those of the hits for which what was heard is evidence, and not the very word."""
        if not len(hits.core):
            return hits
        size = self._lengths[hits.core]
        letter, rows = self._sounds.letters.at(hits.core)
        at, _ = ranges(hits.start, size)
        alike = evidence(letter, codes(chars)[at])
        support = np.bincount(rows, alike)
        wrong = np.bincount(rows, alike == 0)
        enough = (support >= LEAST_LIKENESS * size) & (wrong <= (size >= FORGIVING)) & (support < size)
        hits = hits._replace(core=hits.core + len(self.words), support=support, most=size)
        return hits.take(enough)

    @cached_property
    def _sounds(self) -> "_Sounds":
        return _Sounds(self.words)


class _Sounds:
    """How cores sound, or their halves where one syllable is forgiven: one half is always heard right."""

    def __init__(self, words: Sequence[str]) -> None:
        pieces: dict[str, set[tuple[int, int]]] = defaultdict(set)
        joined = "\n".join(words)
        for sounds in (by_sound(joined), second_sound(joined)):
            for core, sound in enumerate(sounds.split("\n")):
                # 二十四期一个月 is no 71个月, and 一七 (逾期 as heard) no 一期: short ones with a digit are as written.
                if len(sound) > 1 and not (len(sound) < FORGIVING and any(map(str.isdigit, words[core]))):
                    middle = len(sound) // 2 if len(sound) >= FORGIVING else 0
                    pieces[sound[middle:]].add((core, 0))
                    if middle:
                        pieces[sound[:middle]].add((core, len(sound) - middle))
        of = [sorted(pieces[sound]) for sound in pieces]
        self.automaton = _Automaton(list(pieces))
        flat = np.array([*chain.from_iterable(of)], np.intp).reshape(-1, 2)
        self.core, self.tail = flat[:, 0], flat[:, 1]
        self.pieces = Lists(np.arange(len(flat)), numbers(map(len, of)))
        self.letters = Lists(codes("".join(words)), numbers(map(len, words)))
        self.ends_in_digit = np.array([word[-1].isdigit() for word in words], bool)


class _Automaton:
    """Words to look for.

    ahocorasick-rs rather than pyahocorasick: that one walks the children of a node one by one, and with Chinese the
    first node has a thousand (measured side by side in tests/benchmarks/matching.py: 40 times slower).
    """

    def __init__(self, words: Sequence[str]) -> None:
        sizes = numbers(map(len, words))
        single, self._longer = np.flatnonzero(sizes == 1), np.flatnonzero(sizes > 1)
        letters = codes("".join([words[at] for at in single.tolist()]))
        self._letters = np.full(letters.max(initial=0) + 2, -1)
        self._letters[letters] = single
        longer = [words[at] for at in self._longer.tolist()]
        self._words = AhoCorasick(longer, implementation=Implementation.ContiguousNFA) if longer else None

    def find(self, text: str) -> tuple[Ints, Ints, Ints]:
        """Every word found in `text`, overlapping ones too: which it is, where it starts and ends."""
        found = self._words.find_matches_as_indexes(text, overlapping=True) if self._words else []
        word, start, end = numbers(chain.from_iterable(found)).reshape(-1, 3).T
        # Two thirds of all that is found are single characters, which a table finds without an object for each.
        letter = self._letters.take(codes(text), mode="clip")
        at = np.flatnonzero(letter >= 0)
        return np.append(self._longer[word], letter[at]), np.append(start, at), np.append(end, at + 1)
