"""The parts that need no database, built from settings: the speech recogniser and the judge."""

import asr
from app.pipeline import Judge
from app.settings import Settings
from asr import Transcriber
from asr.models import local_folder


def build_judge(settings: Settings) -> Judge:
    """The judge with the institution's own packs and templates."""
    return Judge(settings.templates, settings.packs)


def prepare_model(settings: Settings, progress: asr.Progress) -> None:
    """Have the speech model on disk before anything needs it; `progress` is told the share done, if there is work.

    Raises:
        asr.AsrError: it cannot be had.
    """
    if settings.asr_backend == "whisper" and not local_folder(settings.asr_model, settings.models, progress):
        load_transcriber(settings, progress)


def load_transcriber(settings: Settings, progress: asr.Progress | None = None) -> Transcriber:
    """The speech recogniser that the settings ask for.

    Raises:
        asr.AsrError: the model is not there or not what it should be.
    """
    server = {"url": settings.asr_url, "key": settings.asr_key and settings.asr_key.get_secret_value()}
    return asr.load_transcriber(
        settings.asr_backend,
        model=settings.asr_model,
        device=settings.asr_device,
        profile=settings.asr_profile,
        models=settings.models,
        max_seconds=settings.max_seconds,
        progress=progress,
        **{name: value for name, value in server.items() if value},
    )
