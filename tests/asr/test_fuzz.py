"""Damaged files: 520 mutations of every format end in sound or in an AsrError, soon, and noise never becomes text."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asr import AsrError, Transcriber
from asr.audio import SAMPLE_RATE, decode
from tests.asr.recordings import FORMATS, Samples, as_samples, speech, write_as

ROUNDS = 26
#: Seconds that one damaged file of two seconds of sound may take.
PATIENCE = 5.0

Random = np.random.Generator


def flip(data: bytearray, random: Random) -> bytes:
    for at in random.integers(0, len(data), size=random.integers(1, 40)):
        data[at] ^= 1 << int(random.integers(8))
    return bytes(data)


def overwrite(data: bytearray, random: Random) -> bytes:
    start, length = int(random.integers(len(data))), int(random.integers(1, 400))
    data[start : start + length] = random.bytes(length)
    return bytes(data)


def damage_head(data: bytearray, random: Random) -> bytes:
    for at in random.integers(0, min(len(data), 120), size=random.integers(1, 8)):
        data[at] = int(random.choice([0, 1, 0x7F, 0x80, 0xFF]))
    return bytes(data)


def cut(data: bytearray, random: Random) -> bytes:
    return bytes(data[: int(random.integers(1, len(data)))])


def remove(data: bytearray, random: Random) -> bytes:
    start = int(random.integers(len(data)))
    return bytes(data[:start] + data[start + int(random.integers(1, 2000)) :])


def repeat(data: bytearray, random: Random) -> bytes:
    start, length = int(random.integers(len(data))), int(random.integers(1, 4000))
    return bytes(data[: start + length] + data[start:])


MUTATIONS: list[Callable[[bytearray, Random], bytes]] = [flip, overwrite, damage_head, cut, remove, repeat]


def noise(random: Random) -> Samples:
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
        random = np.random.default_rng(seed)
        path.write_bytes(MUTATIONS[seed % len(MUTATIONS)](bytearray(whole), random))
        found.append(outcome(decode, path))
    assert [result for result in found if isinstance(result, bytes)] == []  # an error that does not name its file
    assert any(isinstance(result, str) for result in found)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_noise_is_never_text(transcriber: Transcriber, tmp_path: Path, name: str) -> None:
    whole = write_as(tmp_path, name, noise(np.random.default_rng(7))).read_bytes()
    path = tmp_path / f"damaged-{name}"
    heard = []
    for seed in range(ROUNDS):
        random = np.random.default_rng(1000 + seed)
        path.write_bytes(MUTATIONS[seed % len(MUTATIONS)](bytearray(whole), random))
        heard.append(outcome(lambda file: transcriber.transcribe(file).utterances, path))
    assert [result for result in heard if result != () and not isinstance(result, str)] == []
