"""Models: the packaged one is joined, verified and shared between processes; wrong names are said plainly."""

import multiprocessing
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import asr
from asr import AsrError
from asr import models as models_module
from asr.models import PACKAGED_FILES, local_folder, packaged, packaged_ready


def test_the_packaged_model_is_joined_once(tmp_path: Path) -> None:
    told: list[float] = []
    assert not packaged_ready(tmp_path)
    folder = packaged(tmp_path, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 100
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.name for file in PACKAGED_FILES)
    assert list(tmp_path.iterdir()) == [folder]
    told.clear()
    began = time.process_time()
    assert packaged(tmp_path, told.append) == folder
    assert (told, packaged_ready(tmp_path)) == ([], True)
    assert time.process_time() - began < 0.1


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        folders = pool.map(packaged, [tmp_path] * 3)
    assert len(set(folders)) == 1
    assert list(tmp_path.iterdir()) == [folders[0]]


def test_a_half_written_model_is_built_again(tmp_path: Path, models: Path) -> None:
    folder = packaged(models)
    broken = tmp_path / folder.name
    broken.mkdir()
    for file in PACKAGED_FILES[1:]:
        (broken / file.name).write_bytes((folder / file.name).read_bytes())
    (broken / "model.bin").write_bytes(b"half")
    assert (packaged(tmp_path) / "model.bin").stat().st_size == PACKAGED_FILES[0].size


def test_a_wrong_checksum_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = (*PACKAGED_FILES[:1], replace(PACKAGED_FILES[1], sha256="0" * 64))
    monkeypatch.setattr(models_module, "PACKAGED_FILES", changed)
    with pytest.raises(AsrError, match=r"config\.json 校验失败") as caught:
        packaged(tmp_path)
    assert caught.value.code == "model_damaged"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = (replace(PACKAGED_FILES[0], parts=(("no_such_wheel", "model.bin"),)),)
    monkeypatch.setattr(models_module, "PACKAGED_FILES", changed)
    with pytest.raises(AsrError, match="no-such-wheel") as caught:
        packaged(tmp_path)
    assert caught.value.code == "model_missing"


def test_a_folder_is_a_model(models: Path, tmp_path: Path) -> None:
    folder = packaged(models)
    assert local_folder(str(folder)) == folder
    with pytest.raises(AsrError, match=r"缺少文件：model\.bin") as caught:
        local_folder(str(tmp_path))
    assert caught.value.code == "model_missing"


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("whisper", {"model": "/no/such/folder"}, "model_missing"),
        ("whisper", {"model": "whisper-9000"}, "model_missing"),
        ("whisper", {"profile": "psychic"}, "bad_option"),
        ("whisper", {"device": "abacus"}, "bad_option"),
        ("telepathy", {}, "unknown_backend"),
    ],
)
def test_what_cannot_be_loaded(models: Path, name: str, options: dict[str, Any], code: str) -> None:
    with pytest.raises(AsrError) as caught:
        asr.load_transcriber(name, models=models, **options)
    assert caught.value.code == code


def test_importing_the_library_loads_no_engine() -> None:
    code = "import sys, asr; print([m for m in ('ctranslate2', 'faster_whisper', 'onnxruntime') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_hub_that_cannot_be_reached(tmp_path: Path) -> None:
    """In a process of its own: the hub's address is read when its library is imported."""
    code = "import asr, sys; asr.load_transcriber(model='tiny', models=__import__('pathlib').Path(sys.argv[1]))"
    nobody = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9"}
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=nobody)
    assert "无法从 huggingface.co 下载语音模型 tiny" in ran.stderr
