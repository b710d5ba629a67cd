"""The written table of speech backends. A new one is one module with a Recogniser, and one line here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from asr.errors import AsrError
from asr.models import Progress, local_folder
from asr.recogniser import Recogniser


def whisper(
    model: str,
    models: Path | None = None,
    profile: str = "fast",
    device: str = "auto",
    threads: int = 1,
    progress: Progress | None = None,
) -> Recogniser:
    """Whisper on this machine; see `load_transcriber` for the arguments."""
    # Imported here: CTranslate2 and its libraries take a second and 100 MB that judging a text does not need.
    from asr.whisper import WhisperRecogniser, known_folder

    folder = local_folder(model, models, progress) or known_folder(model, models, progress)
    return WhisperRecogniser(folder, Path(model).name, profile, device, threads)


def openai(
    model: str,
    url: str = "",
    key: str | None = None,
    timeout: float = 60.0,
    tries: int = 3,
    times: bool = True,
    **_local: Any,
) -> Recogniser:
    """A server that speaks OpenAI's transcription protocol at `url`; see `OpenAiRecogniser` for the rest.

    Options for models on this machine mean nothing to it. Raises AsrError `bad_option` without a proper `url`.
    """
    from asr.openai_api import OpenAiRecogniser

    if not url.startswith(("http://", "https://")):
        raise AsrError("bad_option", f"语音识别后端 openai 需要服务地址（http://…/v1），得到：{url!r}")
    return OpenAiRecogniser(model, url, key, timeout, tries, times)


BACKENDS: dict[str, Callable[..., Recogniser]] = {
    "whisper": whisper,
    "openai": openai,
}


def load_recogniser(name: str, model: str, options: dict[str, Any]) -> Recogniser:
    """The recogniser of backend `name` for `model`. Raises AsrError `unknown_backend`, and what the backend raises."""
    if name not in BACKENDS:
        raise AsrError("unknown_backend", f"没有名为 {name} 的语音识别后端，可选：{'、'.join(BACKENDS)}")
    return BACKENDS[name](model, **options)
