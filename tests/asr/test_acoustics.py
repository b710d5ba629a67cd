"""Acoustics: measured on sound whose silences, overlaps, loudness and pace are known."""

import numpy as np
import pytest

from asr.acoustics import measure
from asr.audio import SAMPLE_RATE, Audio, decode
from asr.transcript import Acoustics, Speaker, Stretch, Utterance, Voice
from asr.vad import frame_levels, spans
from tests.asr.recordings import SAMPLES, as_samples

#: seconds of noise: (channel, start, end, amplitude)
Burst = tuple[int, float, float, float]


def call(seconds: float, *bursts: Burst, utterances: tuple[Utterance, ...] = (), channels: int = 2) -> Acoustics:
    random = np.random.default_rng(0)
    rows = random.normal(0, 1e-4, (channels, int(seconds * SAMPLE_RATE)))
    for channel, start, end, amplitude in bursts:
        first, last = int(start * SAMPLE_RATE), int(end * SAMPLE_RATE)
        rows[channel, first:last] += random.normal(0, amplitude, last - first)
    levels = frame_levels(Audio("made", as_samples(*rows)))
    speakers: list[Speaker] = ["agent", "customer"] if channels == 2 else ["unknown"]
    return measure(levels, spans(levels), utterances, speakers)


def about(stretch: Stretch, start: float, end: float) -> bool:
    return abs(stretch.start - start) < 0.1 and abs(stretch.end - end) < 0.1


def voice(acoustics: Acoustics, speaker: str) -> Voice:
    return next(voice for voice in acoustics.voices if voice.speaker == speaker)


def test_silences_of_two_seconds_are_listed() -> None:
    found = call(20, (0, 1, 4, 0.1), (1, 5, 7, 0.1), (0, 11, 14, 0.1)).silences
    assert [about(stretch, *times) for stretch, times in zip(found, [(7, 11), (14, 20)], strict=True)] == [True] * 2


def test_overlap_belongs_to_who_came_second() -> None:
    acoustics = call(15, (0, 1, 5, 0.1), (1, 4, 7, 0.1), (0, 6.9, 9, 0.1))
    (overlap,) = acoustics.overlaps
    assert about(overlap, 4, 5)
    assert overlap.speaker == "customer"
    assert (voice(acoustics, "customer").interruptions, voice(acoustics, "agent").interruptions) == (1, 0)


def test_a_remark_that_is_talked_over_is_no_interruption() -> None:
    acoustics = call(15, (0, 1, 8, 0.1), (1, 4, 4.8, 0.1))
    assert [about(overlap, 4, 4.8) for overlap in acoustics.overlaps] == [True]
    assert [voice.interruptions for voice in acoustics.voices] == [0, 0]


def test_shares_and_seconds() -> None:
    acoustics = call(15, (0, 1, 7, 0.1), (1, 8, 10, 0.1))
    agent, customer = acoustics.voices
    assert [agent.seconds, customer.seconds] == pytest.approx([6, 2], abs=0.1)
    assert [agent.share, customer.share] == pytest.approx([0.75, 0.25], abs=0.01)


def test_response_time_is_the_wait_before_answering() -> None:
    acoustics = call(30, (0, 1, 4, 0.1), (1, 5, 7, 0.1), (0, 7.2, 9, 0.1), (1, 12, 13, 0.1), (0, 25, 26, 0.1))
    assert voice(acoustics, "customer").response == pytest.approx(2.0, abs=0.1)
    assert voice(acoustics, "agent").response == pytest.approx(0.2, abs=0.1)  # after 12 s it is no answer


def test_shouting_is_a_jump_in_loudness() -> None:
    acoustics = call(20, (0, 1, 3, 0.02), (0, 5, 7, 0.02), (0, 9, 11, 0.02), (0, 13, 15, 0.08), (1, 16, 18, 0.1))
    (jump,) = voice(acoustics, "agent").jumps
    assert about(jump, 13, 15)
    assert jump.speaker == "agent"
    assert jump.rise == pytest.approx(12.0, abs=0.5)
    assert voice(acoustics, "agent").loudness == pytest.approx(20 * np.log10(0.02), abs=0.5)
    assert voice(acoustics, "customer").jumps == ()


def test_pace_counts_characters_and_not_marks() -> None:
    said = (Utterance("agent", "您好，请问您是张先生吗？", 1.0, 3.0), Utterance("customer", "是的。", 4.0, 5.0))
    acoustics = call(10, (0, 1, 3, 0.1), (1, 4, 5, 0.1), utterances=said)
    assert voice(acoustics, "agent").characters_per_minute == pytest.approx(300)
    assert voice(acoustics, "customer").characters_per_minute == pytest.approx(120)


def test_a_silent_call_has_no_values() -> None:
    acoustics = call(5)
    assert acoustics.overlaps == ()
    assert acoustics.silences == (Stretch(0.0, 5.0),)
    expected = [Voice(who, 0, 0.0, None, None, None, (), 0) for who in ("agent", "customer")]
    assert list(acoustics.voices) == expected


def test_mono_has_one_voice() -> None:
    acoustics = call(10, (0, 1, 4, 0.1), channels=1)
    (only,) = acoustics.voices
    assert (only.speaker, only.share, acoustics.overlaps) == ("unknown", 1.0, ())


def test_on_a_real_call() -> None:
    levels = frame_levels(decode(SAMPLES / "threat.wav"))
    acoustics = measure(levels, spans(levels), (), ["agent", "customer"])
    assert [about(stretch, 18.4, 20.6) for stretch in acoustics.silences] == [True]
    assert voice(acoustics, "agent").share > 0.6
