"""The written table of speech backends. A new one is one module with a Recogniser, and one line here."""

import inspect
import math
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
    card: int = 0,
    progress: Progress | None = None,
) -> Recogniser:
    """Whisper on this machine; see `load_transcriber` for the arguments, `card` is the number of the GPU."""
    # Imported here: CTranslate2 and its libraries take a second and 100 MB that judging a text does not need.
    from asr.whisper import WhisperRecogniser

    return WhisperRecogniser(model_folder(model, models, progress), Path(model).name, profile, device, threads, card)


def model_folder(model: str, models: Path | None = None, progress: Progress | None = None) -> Path:
    """Folder of a Whisper model, which is joined or downloaded first if need be. Raises AsrError `model_…`."""
    if folder := local_folder(model, models, progress):
        return folder
    from asr.whisper import known_folder

    return known_folder(model, models, progress)


def openai(
    model: str,
    url: str = "",
    key: str | None = None,
    timeout: float = 60.0,
    tries: int = 3,
    times: bool = True,
    pause: float = 1.0,
) -> Recogniser:
    """A server that speaks OpenAI's transcription protocol at `url`; see `OpenAiRecogniser` for the rest.

    Raises AsrError `bad_option` without a proper `url`.
    """
    from asr.openai_api import OpenAiRecogniser

    if not url.startswith(("http://", "https://")):
        raise AsrError("bad_option", f"语音识别后端 openai 需要服务地址（http://…/v1），得到：{url!r}")
    return OpenAiRecogniser(model, url, key, timeout, tries, times, pause)


BACKENDS: dict[str, Callable[..., Recogniser]] = {
    "whisper": whisper,
    "openai": openai,
}


#: Options of every backend: what is asked of models on this machine means nothing to a server, and may stay set.
COMMON = frozenset({"models", "profile", "device", "threads", "card", "progress"})
#: Options that count something or are a time: at least this much.
LEAST = {"threads": 1, "tries": 1, "timeout": 0.001, "pause": 0.0, "card": 0}


def load_recogniser(name: str, model: str, options: dict[str, Any]) -> Recogniser:
    """The recogniser of backend `name` for `model`.

    Raises AsrError `unknown_backend`, `bad_option` for an option that the backend does not have or a number that
    makes no sense, and what the backend raises.
    """
    if name not in BACKENDS:
        raise AsrError("unknown_backend", f"没有名为 {name} 的语音识别后端，可选：{'、'.join(BACKENDS)}")
    known = set(inspect.signature(BACKENDS[name]).parameters) - {"model"}
    for option, value in options.items():
        _require_option(name, option, value, known | COMMON)
    return BACKENDS[name](model, **{option: value for option, value in options.items() if option in known})


def _require_option(backend: str, option: str, value: object, known: set[str]) -> None:
    if option not in known:
        message = f"语音识别后端 {backend} 没有选项 {option}，可选：{'、'.join(sorted(known))}"
        raise AsrError("bad_option", message)
    if option in LEAST and not (isinstance(value, int | float) and LEAST[option] <= value < math.inf):
        raise AsrError("bad_option", f"语音识别选项 {option} 不能小于 {LEAST[option]}，得到：{value!r}")
