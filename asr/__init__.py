"""Sound to Transcript: `load_transcriber().transcribe(path)`."""

from typing import Any

from asr.audio import MAX_SECONDS, AudioInfo, probe
from asr.backends import load_recogniser
from asr.errors import AsrError
from asr.transcriber import Side, Transcriber
from asr.transcript import Speaker, SpeakerSource, Transcript, Utterance

__all__ = [
    "AsrError",
    "AudioInfo",
    "Side",
    "Speaker",
    "SpeakerSource",
    "Transcriber",
    "Transcript",
    "Utterance",
    "load_transcriber",
    "probe",
]


def load_transcriber(
    name: str = "packaged", *, backend: str = "whisper", max_seconds: float = MAX_SECONDS, **options: Any
) -> Transcriber:
    """A transcriber for model `name`: `packaged`, a folder, or a name known to faster-whisper.

    Options of the `whisper` backend: `models` (folder to keep models in; the user's cache folder when not given), `profile`
    (`fast` or `accurate`), `device` (`auto`, `cpu`, `cuda`), `threads` (1), `model_progress` (told 0 to 1 while the
    model is joined or downloaded). `max_seconds`: longest recording accepted. Raises AsrError when the model cannot
    be had.
    """
    return Transcriber(load_recogniser(backend, name, options), max_seconds)
