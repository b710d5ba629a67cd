"""Reading recordings in a child: the same as in this process, and whatever a recording does, it does to the child."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from asr import AsrError, audio, sandbox
from tests.asr.recordings import FORMATS, speech, write_as
from tests.conftest import SAMPLES


@pytest.mark.parametrize("name", ["mulaw.wav", "call.mp3", "call.opus", "call.amr"])
def test_it_decodes_as_this_process_does(tmp_path: Path, name: str) -> None:
    path = write_as(tmp_path, name, speech(end=2.0))
    assert sandbox.probe(path) == audio.probe(path)
    there, here = sandbox.decode(path), audio.decode(path)
    assert there.source == here.source
    np.testing.assert_array_equal(there.samples, here.samples)


def test_errors_come_through(tmp_path: Path) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes((SAMPLES / "threat.wav").read_bytes()[:5000])
    for read in (sandbox.probe, sandbox.decode):
        with pytest.raises(AsrError, match=r"cut\.wav") as caught:
            read(cut)
        assert caught.value.code == "truncated"
    with pytest.raises(AsrError, match="超过上限") as long:
        sandbox.decode(SAMPLES / "threat.wav", max_seconds=1.0)
    assert long.value.code == "too_long"


@pytest.fixture
def harmful(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose Python does to the child what a hostile recording would: what a file's name says."""
    (tmp_path / "sitecustomize.py").write_text(
        """
import sys
if "sandbox" in " ".join(sys.orig_argv):
    import os, time
    import asr.audio as audio
    probe = audio.probe
    def harm(path, max_seconds):
        name = os.path.basename(str(path))
        if name.startswith("crash"):
            os.kill(os.getpid(), 11)
        if name.startswith("hang"):
            while True: pass
        if name.startswith("swell"):
            held = bytearray(1 << 31)
        return probe(path, max_seconds)
    audio.probe = harm
    decode_into = audio.decode_into
    def die_half_way(write, path, max_seconds):
        if os.path.basename(path).startswith("half") and not os.path.exists(path + ".died"):
            open(path + ".died", "w").close()
            write(b"half" * 100_000)
            os.kill(os.getpid(), 9)
        return decode_into(write, path, max_seconds)
    audio.decode_into = die_half_way
"""
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    sandbox._end_all()
    return tmp_path


def test_a_recording_that_harms_the_decoder_costs_only_itself(harmful: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_LOOK", 1)
    good = SAMPLES / "threat.wav"
    harms = {"crash.wav": "decoder_crashed", "hang.wav": "decoder_timeout", "swell.wav": "decoder_crashed"}
    for name, code in harms.items():
        bad = harmful / name
        bad.write_bytes(good.read_bytes())
        with pytest.raises(AsrError, match=name) as caught:
            sandbox.probe(bad)
        assert caught.value.code == code
        assert sandbox.probe(good).channels == 2
    sandbox._end_all()


def test_a_child_that_dies_half_way_leaves_none_of_its_half(harmful: Path) -> None:
    path = harmful / "half.wav"
    path.write_bytes((SAMPLES / "threat.wav").read_bytes())
    np.testing.assert_array_equal(sandbox.decode(path).samples, audio.decode(path).samples)
    assert (harmful / "half.wav.died").exists()
    sandbox._end_all()


def test_a_child_that_was_killed_is_replaced_without_a_word(tmp_path: Path) -> None:
    good = SAMPLES / "threat.wav"
    sandbox.probe(good)
    for child in children():
        child.send_signal(signal.SIGKILL)
    assert sandbox.probe(good).channels == 2


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "asr.sandbox" in child.cmdline()]


def test_many_threads_share_few_children() -> None:
    good = SAMPLES / "threat.wav"
    with ThreadPoolExecutor(12) as pool:
        heard = list(pool.map(lambda _: sandbox.decode(good).samples.sum(), range(24)))
    assert len(set(heard)) == 1
    assert len(children()) <= 4


def test_samples_outlive_the_next_recording() -> None:
    first = sandbox.decode(SAMPLES / "threat.wav")
    before = first.samples[:, :1000].copy()
    sandbox.decode(SAMPLES / "abuse.wav")
    np.testing.assert_array_equal(first.samples[:, :1000], before)
    assert first.duration > 1


def test_every_format_a_recorder_writes_begins_as_known(tmp_path: Path) -> None:
    for name in FORMATS:
        sandbox.probe(write_as(tmp_path, name, speech(end=0.5)))
