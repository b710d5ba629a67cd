"""Lexicons: named families of phrases, written so that a QA lead can read and extend them.

A family is a line of short cores in order, with bounded gaps:

    再不还 ~6 坐牢|判刑|抓你

======================  ==============================================================================
written                 means
======================  ==============================================================================
``坐牢|判刑|抓你``        any one of these cores
``找 ~4 人``             the next core comes within 4 characters; punctuation does not count
``我们 是``              without ``~`` the next core follows at once
``~~6``                 the same gap, and it may contain a negation: plain ``~`` never leaps over 不 or 没,
                        so ``收 ~6 手续费`` does not find 收不收都行没有手续费
``{家人}``               a named list of words (``words:`` in the pack), usable among alternatives
``<数>``                 any number, however it was said: 三百, 300, 幺二三
``^`` and ``$``          the beginning and the end of a clause; ``是不是 ~4 $``: within 4 characters of the end
======================  ==============================================================================

Where a text holds a family in several ways it is found at its nearest: ``坐牢 ~6 <数>`` in 坐牢三年五年 takes 三.

In guards a gap may also stand last (``不会 ~8``) or first (``~8 都是诈骗``): it is the distance to the guarded words.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf, prod

from rules.text import read_words

#: The core that stands for any number.
NUMBER = "<数>"

#: Wider than a clause a gap links words that have nothing to do with each other.
MAX_GAP = 40

#: How deep named lists may name one another, and how many may stand in one word.
_DEEPEST = 5

_TOKEN = re.compile(r"(?P<gap>~~?)(?P<width>\d{1,3})|(?P<edge>[\^$])|(?P<cores>[^\s~^$]+)")
_WORDS = re.compile(r"\w+(?:\|\w+)*")
_NAME = re.compile(r"\{([^{}|]+)\}")


@dataclass(frozen=True, slots=True)
class Gap:
    """How far apart two neighbouring cores may be."""

    width: int = 0  #: characters, at most
    over_negation: bool = False  #: whether 不, 没 and the like may stand between


@dataclass(frozen=True, slots=True)
class Family:
    """Cores in order with bounded gaps: one way, with its variations, of saying one thing."""

    written: str  #: as it stands in the pack
    slots: tuple[frozenset[str], ...]  #: alternatives, normalised, for each place
    gaps: tuple[Gap, ...]  #: between the slots: one fewer than there are slots
    before: Gap = Gap()  #: distance to what comes before; only guards use it
    after: Gap = Gap()  #: distance to what comes after; only guards use it
    at_start: bool = False  #: must begin a clause
    at_end: bool = False  #: must end a clause


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """A named list of families for one meaning. Packs that use the same files share it."""

    name: str
    title: str
    families: tuple[Family, ...]
    unless_inside: tuple[Family, ...] = ()  #: innocent phrases: a match with a core inside one does not count
    guards: tuple[str, ...] = ()  #: guards that apply unless a rule names its own


@lru_cache(maxsize=1024)  # every pack reads the same lexicons
def parse_families(written: tuple[str, ...], words: tuple[tuple[str, str], ...]) -> tuple[Family | str, ...]:
    """Read a list of families, with the named lists as pairs; in place of one that cannot be read, why not."""
    known = dict(words)
    return tuple(_family_or_fault(line, known) for line in written)


def _family_or_fault(written: str, words: Mapping[str, str]) -> Family | str:
    try:
        return parse_family(written, words)
    except ValueError as error:
        return str(error)


def parse_family(written: str, words: Mapping[str, str]) -> Family:
    """Read one family. `words` are the named lists. Raises ValueError, in Chinese, saying what cannot be read."""
    tokens = _tokens(written)
    slots = [_cores(token["cores"], _named(token["cores"], words)) for token in tokens if token["cores"]]
    if not slots:
        raise ValueError(f"“{written}”里没有任何词")
    return Family(written, tuple(slots), *_gaps(written, tokens), *_edges(written, tokens))


def _tokens(written: str) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    for piece in written.split():
        found = list(_TOKEN.finditer(piece))
        if "".join(match.group() for match in found) != piece:
            raise ValueError(f"“{written}”里的“{piece}”读不懂：间隔写作 ~6，词之间用 | 或空格分开")
        tokens += found
    if any(left["gap"] and right["gap"] for left, right in pairwise(tokens)):
        raise ValueError(f"“{written}”里有两个相连的间隔")
    return tokens


def _named(token: str, words: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The named lists that a token, or a list it names, refers to."""
    named: dict[str, str] = {}
    ahead = _NAME.findall(token)
    while ahead:
        name = ahead.pop()
        if name not in words:
            raise ValueError(f"没有名为“{name}”的词组（words）")
        if name not in named:
            named[name] = words[name]
            ahead += _NAME.findall(words[name])
    return tuple(named.items())


@lru_cache(maxsize=16384)  # the same alternatives stand in many families, and every pack reads the same lexicons
def _cores(token: str, named: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The alternatives of a token, as they are matched."""
    options = [option for part in token.split("|") for option in _expand(part, dict(named), depth=0)]
    words = [option for option in options if option != NUMBER]
    joined = "|".join(words)
    if words and not _WORDS.fullmatch(joined):
        wrong = next(word for word in words if not re.fullmatch(r"\w+", word))
        raise ValueError(f"“{token}”里有空的或读不懂的词“{wrong}”")
    return frozenset([*read_words(joined), *([NUMBER] if len(words) < len(options) else [])])


def written_out(lines: Iterable[str], words: Mapping[str, str]) -> float:
    """How many words the named lists in these lines come to, written out; endless where they are nested too deep."""
    known = dict[tuple[str, int], float]()

    def named(name: str, depth: int) -> float:
        if (name, depth) not in known:
            known[name, depth] = inf if depth > _DEEPEST else count(words.get(name, ""), depth)
        return known[name, depth]

    def count(text: str, depth: int) -> float:
        parts = (_NAME.findall(part) for part in text.split("|"))
        return sum(prod((named(name, depth + 1) for name in names), start=1.0) for names in parts)

    return sum(count(token, 0) for line in lines if "{" in line for token in line.split())


def _expand(part: str, words: Mapping[str, str], depth: int) -> list[str]:
    """One alternative with its named lists written out: 你{家人} is 你爸|你妈|..."""
    match = _NAME.search(part)
    if match is None:
        return [part]
    if depth >= _DEEPEST:
        raise ValueError(f"词组“{match[1]}”套得太深，可能引用了自己")
    left, right = part[: match.start()], part[match.end() :]
    return [
        option
        for word in words[match[1]].split("|")
        for option in _expand(f"{left}{word.strip()}{right}", words, depth + 1)
    ]


def _gaps(written: str, tokens: list[re.Match[str]]) -> tuple[tuple[Gap, ...], Gap, Gap]:
    between: list[Gap] = []
    pending = Gap()
    seen = 0
    before = Gap()
    for token in tokens:
        if token["gap"]:
            pending = _gap(written, token)
        elif token["cores"]:
            if seen:
                between.append(pending)
            else:
                before = pending
            seen, pending = seen + 1, Gap()
    return tuple(between), before, pending


def _gap(written: str, token: re.Match[str]) -> Gap:
    width = int(token["width"])
    if width > MAX_GAP:
        raise ValueError(f"“{written}”里的间隔 {token.group()} 超过上限 {MAX_GAP}")
    return Gap(width, token["gap"] == "~~")


def _edges(written: str, tokens: list[re.Match[str]]) -> tuple[bool, bool]:
    for at, token in enumerate(tokens):
        if (token["edge"] == "^" and at != 0) or (token["edge"] == "$" and at != len(tokens) - 1):
            raise ValueError(f"“{written}”里 ^ 只能在最前，$ 只能在最后")
    return tokens[0]["edge"] == "^", tokens[-1]["edge"] == "$"
