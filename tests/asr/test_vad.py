"""Finding speech: on the right channel, at the right second, and not in the other side's leakage."""

import itertools
import json

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE, Audio, decode
from asr.vad import LONGEST, frame_levels, spans
from tests.asr.recordings import SAMPLES, as_samples

NAMES = sorted(path.name.removesuffix(".transcript.json") for path in SAMPLES.glob("*.transcript.json"))


@pytest.mark.parametrize("name", NAMES)
def test_every_turn_of_the_samples_is_found_on_its_channel(name: str) -> None:
    turns = json.loads((SAMPLES / f"{name}.transcript.json").read_text("utf-8"))["utterances"]
    found = spans(frame_levels(decode(SAMPLES / f"{name}.wav")))
    errors = []
    for turn in turns:
        channel = int(turn["speaker"] == "customer")
        inside = [s for s in found if s.channel == channel and _overlap(s.start, s.end, turn) > 0]
        assert inside, turn
        errors += [abs(inside[0].start / SAMPLE_RATE - turn["start"]), abs(inside[-1].end / SAMPLE_RATE - turn["end"])]
    assert np.median(errors) < 0.1
    assert len(turns) >= 7


def _overlap(start: int, end: int, turn: dict[str, float]) -> float:
    return min(end / SAMPLE_RATE, turn["end"]) - max(start / SAMPLE_RATE, turn["start"])


def test_leakage_is_not_a_second_speaker() -> None:
    audio = decode(SAMPLES / "compliant.wav")
    agent = audio.samples[0].astype(np.float64) / 32768
    leaked = as_samples(agent, agent * 10 ** (-30 / 20))
    assert {span.channel for span in spans(frame_levels(Audio("leak", leaked)))} == {0}


def test_both_may_speak_at_once() -> None:
    agent = decode(SAMPLES / "compliant.wav").samples[0, : 14 * SAMPLE_RATE]
    customer = decode(SAMPLES / "threat.wav").samples[0, : 14 * SAMPLE_RATE]
    found = spans(frame_levels(Audio("both", np.stack([agent, customer]))))
    assert {span.channel for span in found} == {0, 1}
    assert any(a.channel != b.channel and a.start < b.end and b.start < a.end for a in found for b in found)


def test_long_speech_is_cut_to_fit_a_window() -> None:
    speech = decode(SAMPLES / "abuse.wav").samples[:1]
    loud = speech[:, np.abs(speech[0]) > 300]
    found = spans(frame_levels(Audio("monologue", np.tile(loud, 4))))
    assert len(found) > 1
    assert max(span.end - span.start for span in found) <= LONGEST * SAMPLE_RATE // 100
    assert all(left.end == right.start for left, right in itertools.pairwise(found))


@pytest.mark.parametrize("samples", [0, 1, 159, 160])
def test_next_to_no_sound(samples: int) -> None:
    assert spans(frame_levels(Audio("short", np.zeros((2, samples), np.int16)))) == []


def test_the_echo_of_a_word_is_not_an_answer() -> None:
    """Echo comes back late, in the gap before the next word, when its source is silent for a moment."""
    agent = decode(SAMPLES / "compliant.wav").samples[0].astype(np.float64) / 32768
    delay = int(0.18 * SAMPLE_RATE)
    echo = np.concatenate([np.zeros(delay), agent[:-delay]]) * 10 ** (-28 / 20)
    found = spans(frame_levels(Audio("echo", as_samples(agent, echo))))
    assert {span.channel for span in found} == {0}
