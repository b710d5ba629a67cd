"""Damaged files of every format end in sound or in an AsrError, soon, and noise never becomes text.

A hundred and twenty here; `python -m tests.benchmarks.fuzz --count 520` tries as many as are asked for.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asr import AsrError, Transcriber
from asr.audio import SAMPLE_RATE, decode
from tests.asr.damage import damaged
from tests.asr.recordings import FORMATS, Samples, as_samples, speech, write_as

ROUNDS = 6
#: Seconds that one damaged file of two seconds of sound may take.
PATIENCE = 5.0


def noise(random: np.random.Generator) -> Samples:
    return as_samples(*random.normal(0, 0.05, (2, 2 * SAMPLE_RATE)))


def outcome(attempt: Callable[[Path], object], path: Path) -> object:
    """What came of the file: a value, or the code of the error; anything else is a failure of the test."""
    began = time.monotonic()
    try:
        found = attempt(path)
    except AsrError as error:
        found = error.code if path.name in str(error) else str(error).encode()
    assert time.monotonic() - began < PATIENCE
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_speech_is_sound_or_an_error(tmp_path: Path, name: str) -> None:
    whole = write_as(tmp_path, name, speech(start=4.0, end=6.0)).read_bytes()
    path = tmp_path / f"damaged-{name}"
    found = []
    for seed in range(ROUNDS):
        path.write_bytes(damaged(whole, seed))
        found.append(outcome(decode, path))
    assert [result for result in found if isinstance(result, bytes)] == []  # an error that does not name its file
    assert any(isinstance(result, str) for result in found)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_noise_is_never_text(transcriber: Transcriber, tmp_path: Path, name: str) -> None:
    whole = write_as(tmp_path, name, noise(np.random.default_rng(7))).read_bytes()
    path = tmp_path / f"damaged-{name}"
    heard = []
    for seed in range(ROUNDS):
        path.write_bytes(damaged(whole, 1000 + seed))
        heard.append(outcome(lambda file: transcriber.transcribe(file).utterances, path))
    assert [result for result in heard if result != () and not isinstance(result, str)] == []
