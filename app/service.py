"""What one running service is made of, built from settings in one place."""

from dataclasses import dataclass
from functools import cache, partial

from app.blobs import open_blobs
from app.database import Database
from app.engine import build_judge, load_transcriber
from app.filenames import FileName
from app.jobs import Bench
from app.pipeline import Judge
from app.references import References
from app.settings import Settings
from app.storage import Recordings


@dataclass(frozen=True, slots=True)
class Service:
    """The parts the HTTP side works with."""

    settings: Settings
    database: Database
    recordings: Recordings
    judge: Judge
    references: References
    file_names: tuple[FileName, ...]


def build_service(settings: Settings, statement_seconds: float | None = None) -> Service:
    """Wire the parts together. `settings.database_url` must be set; see Database for `statement_seconds`."""
    assert settings.database_url
    return Service(
        settings,
        Database(settings.database_url, statement_seconds),
        build_recordings(settings),
        build_judge(settings),
        References(settings.recording_sources, settings.max_upload),
        tuple(map(FileName, settings.file_names)),
    )


def build_recordings(settings: Settings) -> Recordings:
    """The place where recordings are kept."""
    return Recordings(open_blobs(settings.recordings_place), settings.incoming, settings.seal)


def build_bench(settings: Settings) -> Bench:
    """A worker's parts; the speech model is loaded when the first recording needs it."""
    service = build_service(settings)
    transcriber = cache(partial(load_transcriber, settings))
    return Bench(
        service.database, service.recordings, service.judge, transcriber, settings.max_seconds, service.references
    )
