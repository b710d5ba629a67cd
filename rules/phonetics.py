"""Text by sound: what recognisers write wrong is mostly written as it sounds (于七 for 逾期, 千款 for 欠款).

Each character is read as its most common toneless syllable, and syllables that telephone speech confuses are one
class. A class is one private-use character, so a text keeps its length and any string automaton can scan it.

The confusions are those that paid on recorded calls: zh/z ch/c sh/s, n/l/r, f/h before u, in/ing en/eng an/ang.
Reading whole words with pypinyin costs a hundred times more than this table and finds little more.
"""

import re
import unicodedata
from functools import cache, lru_cache

from pypinyin.constants import PINYIN_DICT

#: What one character counts for as evidence that it was said.
SAME, HOMOPHONE, CONFUSED = 1.0, 0.75, 0.5

_HAN = range(0x4E00, 0x9FA6)
_DIGITS = dict(zip("0123456789", ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"), strict=True))
_CONFUSIONS = (
    (re.compile(r"^([zcs])h"), r"\1"),
    (re.compile(r"^[nr](?!$)"), "l"),
    (re.compile(r"^hu(?=[aeino])"), "f"),
    (re.compile(r"^hu$"), "fu"),
    (re.compile(r"(in|en|(?<![iu])an|uan)g$"), r"\1"),
)


#: Characters of the trade with a second reading that recognisers write down differently (还款 heard as 环款).
_SECOND_READINGS = {"还": "huan", "行": "hang", "了": "liao", "长": "chang", "重": "chong"}


def by_sound(chars: str) -> str:
    """The text as confusion classes, one symbol for each character; what has no reading stays as it is."""
    return chars.translate(_classes())


def sounds_of(core: str) -> tuple[str, ...]:
    """Every way `core` may sound, as `by_sound` would write it."""
    first = by_sound(core)
    second = core.translate(_second_classes())
    return (first,) if second == core else (first, by_sound(second))


def evidence(written: str, heard: str) -> tuple[float, ...]:
    """For each character of `written`, how well the character heard in its place supports it; 0 where not at all."""
    return tuple(map(_alike, written, heard))


@lru_cache(maxsize=65536)
def _alike(one: str, other: str) -> float:
    if one == other:
        return SAME
    readings = _readings()
    spoken = readings.get(other)
    if spoken is None:
        return 0.0
    meant = [reading for reading in (readings.get(one), _SECOND_READINGS.get(one)) if reading]
    if spoken in meant:
        return HOMOPHONE
    return CONFUSED if confusable(spoken) in map(confusable, meant) else 0.0


def confusable(syllable: str) -> str:
    """The class of a toneless syllable, named by its plainest member: zhang and zan are both zan."""
    for pattern, plain in _CONFUSIONS:
        syllable = pattern.sub(plain, syllable)
    return syllable


@cache
def _readings() -> dict[str, str]:
    # The first reading is the most common one. pypinyin asked character by character says the same.
    han = {chr(code): _toneless(PINYIN_DICT[code].split(",")[0]) for code in _HAN if code in PINYIN_DICT}
    return _DIGITS | han


def _toneless(syllable: str) -> str:
    plain = unicodedata.normalize("NFD", syllable.replace("ü", "v").replace("ǚ", "v").replace("ǜ", "v"))
    return "".join(char for char in plain if not unicodedata.combining(char))


@cache
def _symbols() -> dict[str, int]:
    classes = sorted({confusable(syllable) for syllable in _readings().values()})
    return {name: 0xE000 + at for at, name in enumerate(classes)}


@cache
def _classes() -> dict[int, int]:
    return {ord(char): _symbols()[confusable(syllable)] for char, syllable in _readings().items()}


@cache
def _second_classes() -> dict[int, int]:
    return {ord(char): _symbols()[confusable(syllable)] for char, syllable in _SECOND_READINGS.items()}
