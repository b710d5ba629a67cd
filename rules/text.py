"""Text as matching sees it: one script, one width, numbers in digits, no punctuation, and the way back.

Recognisers write the same words in many ways (投訴, ＡＰＰ, 一二三七八, with or without commas), so phrases and speech
are brought to one form before they meet. Nothing here depends on punctuation being there: it only marks where a clause
surely ends.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import opencc

from rules.numerals import find_numbers

#: Stands between texts that were put together, and in no other place: nothing is found across it.
WALL = " "

_STOP = re.compile(r"[\s，。！？；：、…—,.!?;:]")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Text:
    """Normalised characters with the way back to the text they came from."""

    chars: str
    starts: Sequence[int]  #: for each character, where it begins in the original
    ends: Sequence[int]  #: and one past where it ends; a number's digits all point at the whole number
    stops: frozenset[int]  #: positions in `chars` before which a clause ends
    numbers: Sequence[tuple[int, int]]  #: spans of `chars` that are one number each

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that the characters from `start` to `end` (exclusive) came from."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> str:
    """Simplified characters, half width, lower case: one character for one, so positions stay."""
    return text.translate(_folding())


def normalise(text: str) -> Text:
    """Bring `text` to the form that phrases are matched in."""
    folded = fold(text)
    if folded.isalnum() and not find_numbers(folded):
        size = len(folded)
        return Text(folded, tuple(range(size)), tuple(range(1, size + 1)), frozenset(), ())
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    stops: set[int] = set()
    numbers: list[tuple[int, int]] = []
    for start, end, digits in _pieces(folded):
        if digits is None:
            if _STOP.search(folded, start, end):
                stops.add(len(starts))
        elif digits:
            numbers.append((len(starts), len(starts) + len(digits)))
            chars.append(digits)
            starts.extend([start] * len(digits))
            ends.extend([end] * len(digits))
        else:
            chars.append(folded[start:end])
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
    return Text("".join(chars), tuple(starts), tuple(ends), frozenset(stops), tuple(numbers))


def _pieces(folded: str) -> list[tuple[int, int, str | None]]:
    """The text cut into numbers (with their digits), words (empty string) and what is between words (None)."""
    cuts = [(number.start, number.end, re.sub(r"\W", "", number.digits)) for number in find_numbers(folded)]
    pieces: list[tuple[int, int, str | None]] = []
    for (_, left, _), number in pairwise([(0, 0, ""), *cuts, (len(folded), len(folded), "")]):
        at = left
        for word in _WORDS.finditer(folded, left, number[0]):
            if word.start() > at:
                pieces.append((at, word.start(), None))
            pieces.append((word.start(), word.end(), ""))
            at = word.end()
        if number[0] > at:
            pieces.append((at, number[0], None))
        if number[2]:
            pieces.append(number)
    return pieces


@cache
def _folding() -> dict[int, int]:
    """One character to one: traditional to simplified (tw2s: t2s leaves 著), full width to half, upper to lower case.

    Characters whose lower case or compatibility form is longer than one character (İ, ㎏) stay as they are: spans must
    map back.
    """
    table = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "，！？；：．"}
    table |= {code: ord(chr(code - 0xFEE0).lower()) for code in range(0xFF21, 0xFF3B)}
    table |= {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
    table[0x3000] = 0x20
    han = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0xF900, 0xFB00))]
    simplified = opencc.OpenCC("tw2s").convert("\n".join(han)).split("\n")
    table |= {ord(old): ord(new) for old, new in zip(han, simplified, strict=True) if len(new) == 1 and new != old}
    # tw2s reads 么 as the traditional form of 幺, which is the digit one: 什么 would become 什1.
    del table[ord("么")]
    return table
