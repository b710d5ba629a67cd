"""One line saved twice is told from two people, however it was saved."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE, Audio, decode
from asr.channels import told_apart
from tests.asr.recordings import SAMPLES, as_samples, speech, write

Rows = NDArray[np.float64]


def line() -> Rows:
    """Both people of a call on one line, with its noise."""
    both = speech("threat", 4.0, 24.0).astype(np.float64).sum(axis=0) / 65536
    noisy: Rows = both + np.random.default_rng(0).normal(0, 1e-3, len(both))
    return noisy


def later(row: Rows, seconds: float) -> Rows:
    delay = round(seconds * SAMPLE_RATE)
    return np.concatenate([np.zeros(delay), row])[: len(row)]


@pytest.mark.parametrize(
    ("decibels", "seconds", "encoder"),
    [
        (0.0, 0.0, "pcm_s16le"),
        (-6.0, 0.0, "pcm_s16le"),
        (6.0, 0.0, "pcm_mulaw"),
        (-12.0, 0.0, "pcm_alaw"),
        (0.0, 0.0013, "pcm_s16le"),
        (0.0, 0.2, "pcm_s16le"),
        (-12.0, 0.2, "pcm_alaw"),
        (4.0, 0.02, "pcm_mulaw"),
    ],
)
def test_one_line_twice(tmp_path: Path, decibels: float, seconds: float, encoder: str) -> None:
    copy = later(line(), seconds) * 10 ** (decibels / 20)
    path = write(tmp_path / "mono.wav", as_samples(line(), copy), encoder=encoder)
    audio, levels = told_apart(decode(path))
    assert (len(audio.samples), len(levels)) == (1, 1)
    assert np.abs(audio.samples).max() >= 0.9 * 32767 * max(np.abs(line()).max(), np.abs(copy).max())


def test_one_side_dead() -> None:
    nothing = np.zeros(len(line()))
    for rows in ((line(), nothing), (nothing, line())):
        audio, _ = told_apart(Audio("dead", as_samples(*rows)))
        assert len(audio.samples) == 1
        assert np.abs(audio.samples).max() > 1000


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.wav")))
def test_two_people(name: str) -> None:
    assert len(told_apart(decode(SAMPLES / f"{name}.wav"))[0].samples) == 2


@pytest.mark.parametrize("decibels", [-12.0, -20.0, -30.0])
def test_two_people_on_a_leaking_line(decibels: float) -> None:
    agent, customer = speech("threat").astype(np.float64) / 32768
    leak = 10 ** (decibels / 20)
    rows = as_samples(agent + leak * later(customer, 0.05), customer + leak * later(agent, 0.05))
    assert len(told_apart(Audio("leak", rows))[0].samples) == 2


def test_silence_and_next_to_nothing() -> None:
    for samples in (0, 1, 159, 160, 16000):
        assert len(told_apart(Audio("short", np.zeros((2, samples), np.int16)))[0].samples) == 2
