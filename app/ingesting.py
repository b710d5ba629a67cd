"""What the `tingjian` command does with recordings and call detail records; imported late, as app.operations is."""

from pathlib import Path

from rich.console import Console
from rich.progress import track

from app import cdr, logs
from app.errors import AppError
from app.operations import connected_database, connected_service, record
from app.sealing import SealError
from app.service import Service, build_service
from app.serving import wait_until_stopped
from app.settings import Settings
from app.store import recordings
from app.watch import watching

_err = Console(stderr=True)


def watch(settings: Settings, folder: Path) -> None:
    """Take recordings from a folder until told to stop."""
    logs.configure()
    with connected_database(settings) as database:
        used = {"database_url": database.url, "watch": folder.resolve()}
        with watching(build_service(settings.model_copy(update=used))):
            _err.print(f"正在监视 {folder}", markup=False, highlight=False)
            wait_until_stopped()


def import_cdr(settings: Settings, file: Path) -> tuple[int, int]:
    """Import call detail records; how many rows were new, and how many known."""
    with connected_database(settings) as database, database.transaction() as session:
        new, known = cdr.take(session, file.read_bytes(), file.name)
        record(session, "import_cdr", new=new, known=known)
        return new, known


def reseal(settings: Settings) -> bool:
    """Keep every recording as the keys now say; whether all are."""
    failed = changed = 0
    with connected_service(settings) as service:
        with service.database.transaction() as session:
            kept = recordings.every(session)
        for sha256 in track(kept, "重新保存", console=_err):
            try:
                changed += _reseal(service, sha256)
            except (AppError, SealError, OSError) as error:
                failed += 1
                _err.print(f"{sha256}: {error}", style="red", markup=False, highlight=False)
        with service.database.transaction() as session:
            record(session, "seal_recordings", changed=changed, failed=failed)
    _err.print(f"共 {len(kept)} 份录音，改动 {changed} 份，失败 {failed} 份")
    return not failed


def _reseal(service: Service, sha256: str) -> bool:
    with service.database.transaction() as session:
        # One that is deleted meanwhile must not be written anew.
        recordings.share(session, sha256)
        return recordings.is_used(session, sha256) and service.recordings.reseal(sha256)
