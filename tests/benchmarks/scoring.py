"""Comparing what was heard with what was said: folding, character error rate, and who said it when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np

from asr.normalise import normalise
from asr.transcript import Transcript, Utterance

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2, "幺": 1, "〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = re.compile("[零〇一二三四五六七八九两幺十百千万]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """What was really said."""

    speaker: str
    start: float
    end: float
    text: str


def fold(text: str) -> str:
    """Simplified characters and digits only: 一万二千三百 and 12300 are the same thing heard."""
    text = re.sub(r"[\W_]", "", normalise(text)).lower()
    return _NUMERAL.sub(lambda match: _digits(match.group()), text)


def _digits(numeral: str) -> str:
    if not set(numeral) & {"十", "百", "千", "万"}:
        return "".join(str(_DIGITS[character]) for character in numeral)
    total = section = digit = 0
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character == "万":
            total, section, digit = total + (section + digit) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * _UNITS[character], 0
    return str(total + section + digit)


def errors(said: str, heard: str) -> tuple[int, int]:
    """Characters wrong, and characters said (both folded)."""
    said, heard = fold(said), fold(heard)
    if not said:
        return len(heard), 0
    out = jiwer.process_characters(said, heard)
    return out.substitutions + out.deletions + out.insertions, len(said)


def rate(pairs: Sequence[tuple[int, int]]) -> float:
    """Character error rate in %."""
    return 100 * sum(wrong for wrong, _ in pairs) / sum(said for _, said in pairs)


def by_channel(turns: Sequence[Turn], heard: dict[str, str]) -> list[tuple[int, int]]:
    """Errors of each speaker's whole text."""
    return [errors("".join(t.text for t in turns if t.speaker == who), heard.get(who, "")) for who in heard]


def by_turn(turns: Sequence[Turn], transcript: Transcript) -> list[tuple[int, int]]:
    """Errors of each turn's own text: an utterance counts for the turn of its speaker that it overlaps most."""
    heard = [""] * len(turns)
    for utterance in transcript.utterances:
        assert utterance.start is not None
        assert utterance.end is not None
        shared = [
            min(utterance.end, t.end) - max(utterance.start, t.start) - 1e6 * (utterance.speaker != t.speaker)
            for t in turns
        ]
        heard[int(np.argmax(shared))] += utterance.text
    return [errors(turn.text, text) for turn, text in zip(turns, heard, strict=True)]


#: Seconds that a label's edges may be off.
NEAR = 0.3


def rightly(turns: Sequence[Turn], utterances: Sequence[Utterance]) -> tuple[int, int]:
    """Characters that were heard of a speaker at a moment when that speaker spoke, and all; evenly over utterances."""
    right = everything = 0
    for utterance in utterances:
        spoken = [(turn.start - NEAR, turn.end + NEAR) for turn in turns if turn.speaker == utterance.speaker]
        for index in range(len(utterance.text)):
            at = utterance.seconds((index, index + 1))[0] or 0.0
            right += any(start <= at <= end for start, end in spoken)
            everything += 1
    return right, everything


def edges(turns: Sequence[Turn], utterances: Sequence[Utterance]) -> list[float]:
    """Seconds between where each turn begins and ends, and where what was heard of its speaker during it does."""
    off = []
    for turn in turns:
        during = [
            (u.start or 0.0, u.end or 0.0)
            for u in utterances
            if u.speaker == turn.speaker and (u.start or 0.0) < turn.end and (u.end or 0.0) > turn.start
        ]
        if during:
            off += [abs(during[0][0] - turn.start), abs(during[-1][1] - turn.end)]
    return off
