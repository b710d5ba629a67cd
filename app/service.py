"""What one running service is made of, built from settings in one place."""

from dataclasses import dataclass
from functools import cache, partial

import asr
from app.database import Database
from app.jobs import Bench
from app.pipeline import Judge
from app.settings import Settings
from app.storage import Recordings
from asr import Transcriber
from asr.models import local_folder


@dataclass(frozen=True, slots=True)
class Service:
    """The parts the HTTP side works with."""

    settings: Settings
    database: Database
    recordings: Recordings
    judge: Judge


def build_service(settings: Settings) -> Service:
    """Wire the parts together. `settings.database_url` must be set."""
    assert settings.database_url
    return Service(settings, Database(settings.database_url), Recordings(settings.recordings), build_judge(settings))


def build_judge(settings: Settings) -> Judge:
    """The judge with the institution's own packs and templates."""
    return Judge(settings.templates, settings.packs)


def build_bench(settings: Settings) -> Bench:
    """A worker's parts; the speech model is loaded when the first recording needs it."""
    service = build_service(settings)
    transcriber = cache(partial(load_transcriber, settings))
    return Bench(service.database, service.recordings, service.judge, transcriber)


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
    return asr.load_transcriber(
        settings.asr_backend,
        model=settings.asr_model,
        device=settings.asr_device,
        profile=settings.asr_profile,
        models=settings.models,
        max_seconds=settings.max_call_hours * 3600,
        progress=progress,
    )
