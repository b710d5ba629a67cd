"""The cut vocabulary: everything Mandarin needs stays, and the model writes the same with it."""

import json
import re
from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from asr.models import packaged
from asr.normalise import normalise
from asr.vocabulary import Numbers, cut, is_needed
from asr.whisper import WhisperRecogniser
from tests.asr.recordings import speech


def spelled(text: str) -> str:
    """Text as byte-level BPE spells it in a vocabulary file."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return "".join(chr(256 + others.index(byte)) if byte in others else chr(byte) for byte in text.encode())


@pytest.mark.parametrize(
    "text",
    ["还钱", "請", "，", "。", "？", "12300", " 8", "A", "QQ", " ok", "%", " ", "<|zh|>", "<|endoftext|>", "<|0.00|>"],
)
def test_kept(text: str) -> None:
    assert is_needed(text if text.startswith("<|") else spelled(text))


@pytest.mark.parametrize("text", ["hello", " the", "ありがとう", "감사", "спасибо", "مرحبا", "ação", "ไทย"])
def test_dropped(text: str) -> None:
    assert not is_needed(spelled(text))


def test_every_half_of_a_character_stays() -> None:
    for character in "还钱投诉":
        token = spelled(character)
        assert all(is_needed(token[:cut_at]) and is_needed(token[cut_at:]) for cut_at in (1, 2))


def test_the_packaged_model_keeps_its_layout(models: Path) -> None:
    made = cut(packaged(models))
    assert made is not None
    assert 4000 < len(made.kept) < 8000
    assert len(made.files["model.bin"]) == 145_217_532 - (51_865 - len(made.kept)) * 512 * 2
    config = json.loads(made.files["config.json"])
    assert all(0 <= number < len(made.kept) for number in config["lang_ids"] + config["suppress_ids"])
    numbers = Numbers(made.kept)
    kept = made.kept[:50].tolist()
    assert numbers.original(numbers.cut(kept)) == kept


def test_the_cut_model_writes_what_the_whole_one_writes(models: Path) -> None:
    recogniser = WhisperRecogniser(packaged(models), "packaged")
    sounds = [speech("threat", *times)[0].astype(np.float32) / 32768 for times in ((4.0, 12.0), (22.5, 29.0))]
    encoded = recogniser.encode([recogniser.mel(sound) for sound in sounds])
    whole = ctranslate2.models.Whisper(str(packaged(models)), compute_type="int8", intra_threads=1)
    tokenizer = recogniser.tokenizer
    prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    stored = ctranslate2.StorageView.from_array(recogniser.condensed(encoded, recogniser.profile.share).sounds)
    search = recogniser.profile
    results = whole.generate(stored, [prompt] * 2, beam_size=search.beam, patience=search.patience)
    expected = [_words(tokenizer.decode(result.sequences_ids[0])) for result in results]
    assert [_words(tokenizer.decode(tokens)) for tokens in recogniser.decode(encoded)] == expected
    assert "还不还" in expected[0]


def _words(text: str) -> str:
    return re.sub(r"\W", "", normalise(text))  # a closing mark may differ by one rounding


def test_a_layout_from_the_future_is_left_whole(tmp_path: Path, models: Path) -> None:
    folder = packaged(models)
    for name in ("config.json", "vocabulary.txt"):
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / "model.bin").write_bytes((7).to_bytes(4, "little") + bytes(64))
    assert cut(tmp_path) is None
