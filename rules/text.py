"""Text as matching sees it: one script, one width, numbers in digits, no punctuation, and the way back.

Recognisers write the same words in many ways (投訴, ＡＰＰ, 一二三七八, with or without commas), so phrases and speech
are brought to one form before they meet. Nothing here depends on punctuation being there: it only marks where a clause
surely ends.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

import opencc

from asr.transcript import Speaker
from rules.numerals import find_numbers

#: Stands between texts that were put together, and in no other place: nothing is found across it.
WALL = " "

_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
_STOP = re.compile(rf"[\s，。！？；：、…—,.!?;:{_EMOJI}]")
_FACES = re.compile(f"[{_EMOJI}]")
_WORDS = re.compile(r"\w+")

#: Four characters and more, each by itself. 1 2 3 4 alone is how numbers are spelled out.
_APART = re.compile(r"(?<!\S)(?=\D)[^\sA-Za-z](?:\s[^\sA-Za-z]){3,}(?!\S)")


@dataclass(frozen=True, slots=True)
class Text:
    """Normalised characters with the way back to the text they came from."""

    chars: str
    starts: Sequence[int]  #: for each character, where it begins in the original
    ends: Sequence[int]  #: and one past where it ends; a number's digits all point at the whole number
    stops: Sequence[int]  #: positions in `chars` before which a clause ends, ascending
    numbers: Sequence[tuple[int, int]]  #: spans of `chars` that are one number each
    voices: Sequence[Speaker] = ()  #: who speaks from wall to wall; empty where that is not known

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that the characters from `start` to `end` (exclusive) came from."""
        return self.starts[start], self.ends[end - 1]


def begins(texts: Sequence[Text]) -> list[int]:
    """Where each of these texts begins in what they are `together`, and where the last ends."""
    return [0, *accumulate(len(text.chars) for text in texts)]


def together(texts: Sequence[Text]) -> Text:
    """Texts one after the other, to be looked through as one: there is no way back from it."""
    pairs = [*zip(begins(texts), texts, strict=False)]
    stops = [begin + stop for begin, text in pairs for stop in text.stops]
    numbers = [(begin + start, begin + end) for begin, text in pairs for start, end in text.numbers]
    voices = [voice for text in texts for voice in text.voices]
    return Text("".join(text.chars for text in texts), (), (), stops, numbers, voices)


def fold(text: str) -> str:
    """Simplified characters, half width, lower case: one character for one, so positions stay."""
    return text.translate(_folding())


def faceless(folded: str) -> str:
    """Full stops for emoji, which stand where these would."""
    return _FACES.sub("。", folded)


def normalise(text: str) -> Text:
    """Bring `text` to the form that phrases are matched in."""
    return read_folded(fold(text))


def read_folded(folded: str) -> Text:
    """What `normalise` makes of a text that is folded already."""
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    numbers: list[tuple[int, int]] = []
    at = 0
    for number in (*find_numbers(folded), None):
        for word in _WORDS.finditer(folded, at, number.start if number else len(folded)):
            first, at = word.span()
            chars.append(word.group())
            starts += range(first, at)
            ends += range(first + 1, at + 1)
        if number:
            digits, at = number.digits.replace(".", ""), number.end
            numbers.append((len(starts), len(starts) + len(digits)))
            chars.append(digits)
            starts += [number.start] * len(digits)
            ends += [number.end] * len(digits)
    return Text("".join(chars), starts, ends, _stops(folded, starts, ends), numbers)


def read_words(joined: str) -> list[str]:
    """What `normalise` makes of each of some words with `|` between them, all at once: a lexicon has 50 000."""
    folded = fold(joined)
    if not find_numbers(folded):
        return folded.split("|") if folded else []
    text = normalise(folded)
    bars = [bisect_left(text.starts, bar.start()) for bar in re.finditer(r"\||$", folded)]
    return [text.chars[first:last] for first, last in pairwise([0, *bars])]


def _stops(folded: str, starts: list[int], ends: list[int]) -> list[int]:
    """Where clauses end, in characters of the normalised text. The comma of 1,000 ends none."""
    marks = [match.start() for match in _STOP.finditer(folded)]
    places = [bisect_left(starts, mark) for mark in marks]
    return sorted({place for place, mark in zip(places, marks, strict=True) if not place or ends[place - 1] <= mark})


def unspaced(text: str) -> str:
    """The text without blanks where a recogniser wrote one after every character: 您 好 请 问. Others mean a pause."""
    return _APART.sub(lambda spelled: "".join(spelled.group().split()), text)


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
