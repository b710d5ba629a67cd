"""Options of backends: what is misspelt or makes no sense is refused by name, before anything is loaded."""

import subprocess
import sys
from typing import Any

import pytest

import asr

URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("backend", "options", "named"),
    [
        ("whisper", {"thread": 2}, "thread，"),
        ("whisper", {"url": URL}, "url，"),
        ("whisper", {"threads": -3}, "threads 不能小于 1，得到：-3"),
        ("whisper", {"threads": 0}, "threads 不能小于 1，得到：0"),
        ("whisper", {"threads": "two"}, "threads 不能小于 1，得到：'two'"),
        ("whisper", {"profile": "best"}, "没有名为 best 的识别方案"),
        ("whisper", {"device": "tpu"}, "不支持的设备 tpu"),
        ("whisper", {"max_seconds": 0}, "max_seconds 必须大于 0"),
        ("openai", {"url": URL, "tries": 0}, "tries 不能小于 1，得到：0"),
        ("openai", {"url": URL, "timeout": -1.0}, "timeout 不能小于"),
        ("openai", {"url": URL, "timeout": float("nan")}, "timeout 不能小于"),
        ("openai", {"url": URL, "retries": 3}, "retries，"),
        ("openai", {"url": "ftp://server/v1"}, "需要服务地址"),
    ],
)
def test_a_bad_option_is_named(backend: str, options: dict[str, Any], named: str) -> None:
    with pytest.raises(asr.AsrError, match=named) as caught:
        asr.load_transcriber(backend, **options)
    assert caught.value.code == "bad_option"


def test_options_of_models_on_this_machine_mean_nothing_to_a_server() -> None:
    loaded = asr.load_transcriber("openai", model="m", url=URL, profile="accurate", device="cuda", threads=2)
    assert loaded.engine == "openai-api/m/127.0.0.1"


def test_judging_needs_neither_ffmpeg_nor_whisper() -> None:
    """Whoever reads transcripts should not wait for a second of libraries that hear."""
    program = "import asr, rules, sys; print({'av', 'ctranslate2', 'faster_whisper', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
