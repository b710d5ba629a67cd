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


BACKENDS: dict[str, Callable[..., Recogniser]] = {
    "whisper": whisper,
}


def load_recogniser(name: str, model: str, options: dict[str, Any]) -> Recogniser:
    """The recogniser of backend `name` for `model`. Raises AsrError `unknown_backend`, and what the backend raises."""
    if name not in BACKENDS:
        raise AsrError("unknown_backend", f"没有名为 {name} 的语音识别后端，可选：{'、'.join(BACKENDS)}")
    return BACKENDS[name](model, **options)
