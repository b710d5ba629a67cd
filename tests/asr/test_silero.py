"""A voice is one for a good part of a sound, not for a moment."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE, decode
from asr.silero import is_voice
from tests.asr.damage import damaged
from tests.asr.recordings import as_samples, speech, write_as


def sound(start: float, end: float) -> NDArray[np.float32]:
    """Seconds of the agent's channel of a sample."""
    agent: NDArray[np.float32] = speech("threat", start, end)[0].astype(np.float32) / 32768
    return agent


@pytest.mark.parametrize(
    ("seconds", "voice"),
    [((0.6, 1.0), True), ((4.0, 11.0), True), ((2.2, 3.8), False), ((0.0, 0.5), False)],
)
def test_speech_and_the_pauses_between(seconds: tuple[float, float], voice: bool) -> None:
    assert is_voice(sound(*seconds)) == voice


def test_a_voice_that_comes_late_is_found() -> None:
    assert is_voice(np.concatenate([np.zeros(2 * SAMPLE_RATE, np.float32), sound(4.0, 6.0)]))


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.5])
def test_a_short_answer_after_a_noise_is_a_voice(seconds: float) -> None:
    word = sound(0.6, 1.0)
    noise = np.random.default_rng(1).normal(0, 0.05 * np.abs(word).max(), int(seconds * SAMPLE_RATE))
    pause = np.zeros(SAMPLE_RATE // 4, np.float32)
    assert is_voice(np.concatenate([noise.astype(np.float32), pause, word, pause]))


def test_noise_cut_in_two_by_damage_is_no_voice(tmp_path: Path) -> None:
    """Damage made noise in AAC jump: Silero was sure of a voice for 0.1 s, and Whisper wrote 嗯嗯嗯."""
    noise = as_samples(*np.random.default_rng(7).normal(0, 0.05, (2, 2 * SAMPLE_RATE)))
    path = write_as(tmp_path, "call.m4a", noise)
    path.write_bytes(damaged(path.read_bytes(), 625))
    heard = decode(path)
    assert not is_voice(heard.cut(1, 8_480, 18_240))
