"""Who said what in mono recordings: the same calls on two channels, mixed to one with voice prints, and without.

    uv run python -m tests.benchmarks.speakers [--calls FOLDER] [--only NAME ...]

FOLDER holds two-channel recordings (agent left), each with NAME.transcript.json; `samples` when not given. Printed for
each way: CPU seconds (one thread) and their part for voice prints, CER of the whole text, and of 100 characters
heard (aligned with what was said) how many have the right speaker; `unknown` is not right. Then, of all calls, in how
many the words alone name the agent, rightly or not, on two channels and in the mix.

Measured on 24 development calls (868 s, 3 451 characters), busy 2 cores of an AMD EPYC, a quarter of the calls in each
process:

                       CPU s  ratio  prints  CER % right %  apart  named  wrong
    channels            84.5   1.00     0.0   15.9    99.9     24     24      0
    mono               110.0   1.30    21.9   17.7    97.4     23     23      0
    mono, no prints     84.2   1.00     0.0   18.5     0.0      0      0      0

In one call the voices are so alike that nobody is named; in the other 23, 99.5 % of the characters are rightly given.
The noise of both lines on the mix costs CER, whether or not voices are told apart.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np
from numpy.typing import NDArray

import asr
from asr.audio import MAX_SECONDS, Audio, decode
from asr.models import default_models
from asr.roles import NAMED, guess_agent
from asr.speakers import Separated, Separator
from asr.transcript import Transcript
from asr.vad import Span
from tests.benchmarks.asr import turns_of
from tests.benchmarks.scoring import Turn, errors, fold, rate

WAYS = ("channels", "mono", "mono, no prints")


class Timed(Separator):
    """A separator that adds up the CPU seconds it takes."""

    cpu = 0.0

    def separate(self, audio: Audio, levels: NDArray[np.float32], found: Sequence[Span]) -> Separated | None:
        """As it is, timed."""
        began = time.process_time()
        apart = super().separate(audio, levels, found)
        self.cpu += time.process_time() - began
        return apart


@dataclass(slots=True)
class Tally:
    """What one way did with all calls."""

    cpu: float = 0.0
    prints: float = 0.0
    errors: list[tuple[int, int]] = field(default_factory=list)
    right: int = 0  #: characters with the right speaker
    aligned: int = 0
    guesses: list[tuple[bool, float]] = field(default_factory=list)  #: (right, confidence) of each call told apart


def mixed(path: str | Path, max_seconds: float = MAX_SECONDS) -> Audio:
    """Both channels of a recording on one."""
    audio = decode(path, max_seconds)
    mono = audio.samples.astype(np.int32).sum(axis=0, keepdims=True).clip(-32768, 32767)
    return Audio(audio.source, mono.astype(np.int16))


def by_speaker(turns: Sequence[Turn], transcript: Transcript) -> tuple[int, int]:
    """Characters with the right speaker, and characters heard that can be aligned with what was said."""
    said = [(who, character) for turn in turns for who, character in _characters(turn.speaker, turn.text)]
    heard = [pair for one in transcript.utterances for pair in _characters(one.speaker, one.text)]
    if not said or not heard:
        return 0, 0
    texts = ["".join(character for _, character in pairs) for pairs in (said, heard)]
    (chunks,) = jiwer.process_characters(texts[0], texts[1]).alignments
    pairs = [
        (said[chunk.ref_start_idx + at][0], heard[chunk.hyp_start_idx + at][0])
        for chunk in chunks
        if chunk.type in ("equal", "substitute")
        for at in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    return sum(one == other for one, other in pairs), len(pairs)


def _characters(who: str, text: str) -> list[tuple[str, str]]:
    return [(who, character) for character in fold(text)]


def agent_voice(turns: Sequence[Turn], transcript: Transcript) -> int | None:
    """The voice that speaks while the agent does; None when voices were not told apart."""
    seconds = [0.0, 0.0]
    for one in transcript.utterances:
        if one.voice is None or one.start is None or one.end is None:
            return None
        for turn in turns:
            shared = max(0.0, min(one.end, turn.end) - max(one.start, turn.start))
            seconds[one.voice] += shared if turn.speaker == "agent" else -shared
    return int(seconds[1] > seconds[0])


def measure(way: str, calls: Sequence[Path]) -> Tally:
    """All calls in one way."""
    separator = Timed(default_models())
    model = asr.load_transcriber()
    apart = separator if way == "mono" else None
    transcriber = asr.Transcriber(model._recogniser, MAX_SECONDS, decode if way == "channels" else mixed, apart)
    tally = Tally()
    for path in calls:
        began, turns = time.process_time(), turns_of(path)
        transcript = transcriber.transcribe(path)
        tally.cpu += time.process_time() - began
        add(tally, turns, transcript)
    tally.prints = separator.cpu
    return tally


def add(tally: Tally, turns: Sequence[Turn], transcript: Transcript) -> None:
    """Count one call."""
    ordered = sorted(turns, key=lambda turn: turn.start)
    whole = ("".join(turn.text for turn in ordered), "".join(one.text for one in transcript.utterances))
    tally.errors.append(errors(*whole))
    right, aligned = by_speaker(ordered, transcript)
    tally.right += right
    tally.aligned += aligned
    if (agent := agent_voice(turns, transcript)) is not None:
        guess = guess_agent(transcript.utterances, len({one.voice for one in transcript.utterances}))
        tally.guesses.append((guess.agent == agent, guess.confidence))


def report(way: str, tally: Tally, unit: float) -> str:
    """One line of the table."""
    right = 100 * tally.right / max(tally.aligned, 1)
    named = [right for right, confidence in tally.guesses if confidence >= NAMED]
    cost = f"{tally.cpu:7.1f} {tally.cpu / unit:6.2f} {tally.prints:7.1f}"
    roles = f"{len(tally.guesses):6} {sum(named):6} {len(named) - sum(named):6}"
    return f"{way:16} {cost} {rate(tally.errors):6.1f} {right:7.1f} {roles}"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=Path, default=Path("samples"))
    parser.add_argument("--only", nargs="+", default=list(WAYS), choices=WAYS)
    options = parser.parse_args()
    calls = sorted(options.calls.glob("*.wav"))
    head = f"{'CPU s':>7} {'ratio':>6} {'prints':>7} {'CER %':>6} {'right %':>7} {'apart':>6} {'named':>6} {'wrong':>6}"
    print(f"{len(calls)} calls\n{'':16} {head}", flush=True)
    unit = 0.0
    for way in options.only:
        tally = measure(way, calls)
        unit = unit or tally.cpu
        print(report(way, tally, unit), flush=True)


if __name__ == "__main__":
    main()
