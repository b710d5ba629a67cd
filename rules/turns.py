"""Whose turn it is: speakers take turns, and 嗯 and 喂 are none."""

import re
from collections.abc import Sequence
from itertools import groupby

from asr.transcript import Speaker, Utterance

#: What people say to show that they listen. 好, 对 and 是 answer something, so they are turns.
_LISTENING = re.compile(r"[\W嗯恩唔呃额啊阿哦噢喔喂哎唉诶欸]*")


def turns(said: Sequence[Utterance]) -> tuple[int, ...]:
    """For each utterance, how often the speaker changed before it. One without a word is in the turn it falls into."""
    speaking: list[Speaker] = []
    for one in said:
        speaking.append(one.speaker if wordy(one.text) or not speaking else speaking[-1])
    return tuple(turn for turn, (_, same) in enumerate(groupby(speaking)) for _ in same)


def wordy(text: str) -> bool:
    """Whether there is a word in it, and not dots alone."""
    return any(map(str.isalnum, text))


def full_turns(said: Sequence[Utterance], turns: Sequence[int]) -> tuple[tuple[Speaker, int, int], ...]:
    """The turns that count: one speaker going on, over any 嗯 and 喂 of the other, which are no turns themselves.

    Each as who it is, and the first and last of `turns` in it.
    """
    full: list[tuple[Speaker, int, int]] = []
    for one, turn in zip(said, turns, strict=True):
        if _LISTENING.fullmatch(one.text):
            continue
        if full and full[-1][0] == one.speaker:
            full[-1] = (one.speaker, full[-1][1], turn)
        else:
            full.append((one.speaker, turn, turn))
    return tuple(full)
