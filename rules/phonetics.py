"""Text by sound: what recognisers write wrong is mostly written as it sounds (于七 for 逾期, 千款 for 欠款).

Each character is read as its most common toneless syllable, and syllables that telephone speech confuses are one
class. A class is one private-use character, so a text keeps its length and any string automaton can scan it.

The confusions are those that paid on recorded calls: zh/z ch/c sh/s, n/l/r, f/h before u, in/ing en/eng an/ang.
Reading whole words with pypinyin costs a hundred times more than this table and finds little more.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from rules.arrays import Codes, Floats, Ints, codes

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


def second_sound(chars: str) -> str:
    """The same with the second reading of the characters that have one."""
    return chars.translate(_second_classes())


def evidence(written: Codes, heard: Codes) -> Floats:
    """For each character written, how well the one heard in its place supports it; 0 where not at all. Code points."""
    readings, seconds, classes = _tables()
    spoken, first, second = (
        table.take(of, mode="clip") for table, of in ((readings, heard), (readings, written), (seconds, written))
    )
    sound = classes[spoken]
    homophone = (spoken == first) | (spoken == second)
    confused = (sound == classes[first]) | (sound == classes[second])
    heard_as = np.where(homophone, HOMOPHONE, np.where(confused, CONFUSED, 0.0))
    return np.where(written == heard, SAME, np.where(spoken > 0, heard_as, 0.0))


def likeliest(heard: str, words: Iterable[str]) -> str:
    """Which of the words what was heard supports best; what was heard itself, if none is as long."""
    alike = [word for word in sorted(words) if len(word) == len(heard)]
    if not alike:
        return heard
    support = evidence(codes("".join(alike)), np.tile(codes(heard), len(alike)))
    return alike[int(support.reshape(len(alike), -1).sum(axis=1).argmax())]


def confusable(syllable: str) -> str:
    """The class of a toneless syllable, named by its plainest member: zhang and zan are both zan."""
    for pattern, plain in _CONFUSIONS:
        syllable = pattern.sub(plain, syllable)
    return syllable


@cache
def _readings() -> dict[str, str]:
    # The first reading is the most common one. pypinyin asked character by character says the same.
    table = _pinyin()
    known = ((code, table.get(str(code))) for code in _HAN)
    return _DIGITS | {chr(code): _toneless(syllables.split(",")[0]) for code, syllables in known if syllables}


def _pinyin() -> dict[str, str]:
    """Every reading of each character, by its code point. pypinyin's own table."""
    package = find_spec("pypinyin")
    assert package
    assert package.origin
    # Imported, it would read its table of phrases too, which takes half a second of every start.
    table: dict[str, str] = json.loads(Path(package.origin).with_name("pinyin_dict.json").read_text(encoding="utf-8"))
    return table


@lru_cache(maxsize=2048)  # twenty thousand characters share some 1300 syllables
def _toneless(syllable: str) -> str:
    plain = unicodedata.normalize("NFD", syllable.replace("ü", "v").replace("ǚ", "v").replace("ǜ", "v"))
    return "".join(char for char in plain if not unicodedata.combining(char))


@cache
def _symbols() -> dict[str, int]:
    """The symbol of each syllable: that of its class."""
    plain = {syllable: confusable(syllable) for syllable in {*_readings().values(), *_SECOND_READINGS.values()}}
    classes = {name: 0xE000 + at for at, name in enumerate(sorted(set(plain.values())))}
    return {syllable: classes[name] for syllable, name in plain.items()}


@cache
def _classes() -> dict[int, int]:
    return {ord(char): _symbols()[syllable] for char, syllable in _readings().items()}


@cache
def _second_classes() -> dict[int, int]:
    return _classes() | {ord(char): _symbols()[syllable] for char, syllable in _SECOND_READINGS.items()}


@cache
def _tables() -> tuple[Ints, Ints, Ints]:
    """The number of each character's reading, of its second reading, and the class of each reading; 0 for none."""
    syllables = {syllable: at for at, syllable in enumerate(_symbols(), start=1)}
    readings, seconds = np.zeros(0x10000, np.intp), np.zeros(0x10000, np.intp)
    for table, known in ((readings, _readings()), (seconds, _SECOND_READINGS)):
        table[[ord(char) for char in known]] = [syllables[syllable] for syllable in known.values()]
    return readings, seconds, np.array([0, *_symbols().values()])
