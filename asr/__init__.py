"""Sound to Transcript: `load_transcriber().transcribe(path)`."""

from typing import Any

from asr.audio import MAX_SECONDS, AudioInfo, probe
from asr.backends import load_recogniser
from asr.errors import AsrError
from asr.models import Progress, default_models
from asr.roles import Side, swap_speakers
from asr.speakers import Separator
from asr.transcriber import Transcriber
from asr.transcript import Speaker, SpeakerSource, Transcript, Utterance
from asr.voiceprint import installed

__all__ = [
    "AsrError",
    "AudioInfo",
    "Progress",
    "Side",
    "Speaker",
    "SpeakerSource",
    "Transcriber",
    "Transcript",
    "Utterance",
    "load_transcriber",
    "probe",
    "swap_speakers",
]


def load_transcriber(
    name: str = "whisper", *, model: str = "packaged", max_seconds: float = MAX_SECONDS, **options: Any
) -> Transcriber:
    """A transcriber on the backend `name` with `model`; recordings longer than `max_seconds` are refused.
    They are decoded in a child process, see `asr.sandbox`.

    For `whisper` (the default, on this machine) the model is `packaged`, a folder, or a name known to faster-whisper,
    and the options are `models` (folder to keep models in; in the user's cache when not given), `profile` (`fast` or
    `accurate`), `device` (`auto`, `cpu`, `cuda`), `threads` (1) and `progress` (told 0 to 1 while the model is joined
    or downloaded). Where the extra `speakers` is installed, voices of mono recordings are told apart, by a network
    kept in `models` too, whatever the backend. Raises AsrError when the backend or the model cannot be had.
    """
    if not max_seconds > 0:
        raise AsrError("bad_option", f"录音时长上限 max_seconds 必须大于 0 秒，得到：{max_seconds!r}")
    # Imported here: run as a program in its child, the sandbox must not be there before.
    from asr import sandbox

    models = options.get("models") or default_models()
    separator = Separator(models) if installed(models) else None
    return Transcriber(load_recogniser(name, model, options), max_seconds, sandbox.decode, separator)
