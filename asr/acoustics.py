"""How it was said: pace, silence, overlap, loudness and response time, measured on the channels without any model.

1.4 ms per second of call. Stored with the transcript; what makes a value a fault is for others to say.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asr.transcript import Acoustics, Speaker, Stretch, Utterance, Voice
from asr.vad import FRAME, FRAMES_PER_SECOND, Span

#: Shorter pauses belong to talking; from here on they are listed and a rule may ask about them.
SILENCE = 2.0
#: Shorter overlaps are "mm-hm" and the edges of turns.
OVERLAP = 0.3
#: An utterance this far above its speaker's usual level is a jump: 6 dB is twice the amplitude.
JUMP = 6.0
#: A pause longer than this before an answer is not a response but a new topic.
LONGEST_RESPONSE = 10.0


@dataclass(frozen=True, slots=True)
class _Turn:
    speaker: Speaker
    start: float
    end: float
    level: float


def measure(
    levels: NDArray[np.float32], spans: Sequence[Span], utterances: Sequence[Utterance], speakers: Sequence[Speaker]
) -> Acoustics:
    """Acoustics of a call from `vad.frame_levels`, the spans of speech in it, and what was said in them.

    `speakers` names the channels; for a mono recording there is one voice, `unknown`, and no overlap.
    """
    turns = [_turn(levels, span, speakers) for span in sorted(spans)]
    total = levels.shape[1] / FRAMES_PER_SECOND
    return Acoustics(
        voices=tuple(_voice(who, turns, utterances) for who in dict.fromkeys(speakers)),
        silences=tuple(_silences(turns, total)),
        overlaps=tuple(
            Stretch(second.start, min(first.end, second.end), second.speaker) for first, second in _overlapping(turns)
        ),
    )


def _turn(levels: NDArray[np.float32], span: Span, speakers: Sequence[Speaker]) -> _Turn:
    first, last = span.start // FRAME, span.end // FRAME
    energy = float(np.mean(10 ** (levels[span.channel, first:last] / 10)))
    second = FRAMES_PER_SECOND
    return _Turn(speakers[span.channel], first / second, last / second, round(10 * float(np.log10(energy)), 1))


def _silences(turns: Sequence[_Turn], total: float) -> list[Stretch]:
    """Stretches of at least SILENCE in which nobody speaks, the ends of the call included."""
    found, quiet_since = [], 0.0
    for start, end in [*((turn.start, turn.end) for turn in turns), (total, total)]:
        if start - quiet_since >= SILENCE:
            found.append(Stretch(quiet_since, start))
        quiet_since = max(quiet_since, end)
    return found


def _overlapping(turns: Sequence[_Turn]) -> list[tuple[_Turn, _Turn]]:
    """Pairs of turns that are spoken at once: who was there, who came second."""
    found = []
    for index, first in enumerate(turns):
        for second in itertools.islice(turns, index + 1, None):
            if second.start >= first.end:
                break
            if second.speaker != first.speaker and min(first.end, second.end) - second.start >= OVERLAP:
                found.append((first, second))
    return found


def _voice(who: Speaker, turns: Sequence[_Turn], utterances: Sequence[Utterance]) -> Voice:
    mine = [turn for turn in turns if turn.speaker == who]
    seconds, spoken = _length(mine), _length(turns)
    usual = float(np.median([turn.level for turn in mine])) if mine else None
    return Voice(
        speaker=who,
        seconds=round(seconds, 2),
        share=round(seconds / spoken, 3) if spoken else 0.0,
        characters_per_minute=_pace(who, utterances),
        response=_response(who, turns),
        loudness=usual,
        jumps=tuple(_jumps(mine, usual)),
        interruptions=_interruptions(who, turns),
    )


def _jumps(mine: Sequence[_Turn], usual: float | None) -> list[Stretch]:
    rises = [(turn, round(turn.level - usual, 1)) for turn in mine if usual is not None]
    return [Stretch(turn.start, turn.end, turn.speaker, rise) for turn, rise in rises if rise >= JUMP]


def _interruptions(who: Speaker, turns: Sequence[_Turn]) -> int:
    """Times `who` came second and went on after the other stopped; what the other talks over was a "mm-hm"."""
    return sum(second.speaker == who and second.end > first.end for first, second in _overlapping(turns))


def _length(turns: Sequence[_Turn]) -> float:
    return sum(turn.end - turn.start for turn in turns)


def _pace(who: Speaker, utterances: Sequence[Utterance]) -> float | None:
    """Characters a minute while speaking; marks and spaces do not count."""
    mine = [u for u in utterances if u.speaker == who]
    seconds = sum((u.end or 0.0) - (u.start or 0.0) for u in mine)
    return round(60 * sum(len(re.sub(r"\W", "", u.text)) for u in mine) / seconds, 1) if seconds else None


def _response(who: Speaker, turns: Sequence[_Turn]) -> float | None:
    """Median seconds from the other's last word to this speaker's first; 0 when coming in early."""
    waits = [
        max(after.start - before.end, 0.0)
        for before, after in itertools.pairwise(turns)
        if after.speaker == who != before.speaker and after.start - before.end < LONGEST_RESPONSE
    ]
    return round(float(np.median(waits)), 2) if waits else None
