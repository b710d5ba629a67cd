"""The parts that need no database, built from settings: the speech recogniser and the judge."""

from dataclasses import replace

import asr
from app.pipeline import Judge
from app.settings import Settings
from asr import Transcriber
from asr.backends import model_folder
from asr.machine import Fit, fit, this_machine
from asr.models import local_folder, weight


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
        threads=settings.asr_threads,
        card=settings.asr_card,
        profile=settings.asr_profile,
        models=settings.models,
        max_seconds=settings.max_seconds,
        progress=progress,
        **{name: value for name, value in server.items() if value},
    )


def fitted(settings: Settings) -> Fit:
    """How to use this machine for recognising speech; the model is had first if need be.

    Raises:
        asr.AsrError: it cannot be had.
    """
    machine, elsewhere = this_machine(), settings.asr_backend != "whisper"
    if elsewhere or settings.asr_device == "cpu":
        machine = replace(machine, cards=())
    size = 0 if elsewhere else weight(model_folder(settings.asr_model, settings.models))
    return fit(machine, size)
