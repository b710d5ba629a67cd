"""A folder whose recordings become calls, with what is known of them beside them or in their names.

Beside `a.wav` may lie `a.json` or `a.csv`, or a CSV with a column `file`. A recording is taken when `a.wav.done` lies
there too, or when nothing about it has changed for a while, the CSV included; then it goes to `done/`, or to `failed/`
with the reason. It is moved only after its call is stored, and the call's id tells its content: killed in between, we
take it again and find the same call.
"""

import errno
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from app.audiotypes import TYPES
from app.beside import Found, Stamp, State, is_file, opened, stamp
from app.errors import NO_ROOM, AppError, NotFound, Unavailable
from app.intake import Sent, completed, take_recording
from app.schemas import CALL_ZONE, CallFacts
from app.security import Principal
from app.service import Service
from app.store import audit, users
from app.wording import Language, faults_of, told

log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks at the folder.
_PAUSE = 2.0
_ENDED = ("done", "failed")

#: Faults of the disk a recording comes from or goes to: like NO_ROOM, they say nothing of the recording.
_DISK = {errno.EIO, errno.ESTALE, errno.ENOENT}


class Watch:
    """Takes recordings out of one folder and its subfolders; a subfolder's name is their source (settings.sources)."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._folder = folder
        self._settle = service.settings.watch_settle_seconds
        self._seen: dict[Path, tuple[State, float]] = {}

    def look(self) -> int:
        """Take every recording that is complete; returns how many.

        Raises:
            Unavailable, OSError, SQLAlchemyError: no more can be taken now; what is left stays for the next look.
                What is wrong with one recording is never raised, and what is wrong with its template not before all
                have had their turn: the others must not wait for it.
        """
        found = list(self._recordings())
        self._seen = {one.path: self._seen[one.path] for one in found if one.path in self._seen}
        ready = [one for one in found if self._is_ready(one)]
        broken: Unavailable | None = None
        for one in ready:
            try:
                self._take(one)
            except Unavailable as error:
                if error.code != "bad_pack":
                    raise
                broken = error
        if broken:
            raise broken
        return len(ready)

    def run(self, stopping: threading.Event) -> None:
        """Look until told to stop; what goes wrong is logged and tried again."""
        while not stopping.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - nobody would notice that the folder is no longer watched
                log.warning("watch pauses", reason=getattr(error, "code", type(error).__name__))
                stopping.wait(10 * _PAUSE)
            stopping.wait(_PAUSE)

    def _recordings(self) -> Iterator[Found]:
        tables = cache(_tables)
        for path in sorted(self._files()):
            # A link may lead to what this service can read and who put it there cannot.
            if not path.name.startswith(".") and path.suffix.lower() in TYPES and is_file(path):
                names = [path.with_name(f"{path.name}.done"), path.with_suffix(".json"), path.with_suffix(".csv")]
                yield Found(path, tuple(name for name in names if is_file(name)), tables(path.parent))

    def _files(self) -> Iterator[Path]:
        """Every file but those that are through: reading the names of a year of them would take minutes."""
        for folder, inside, names in os.walk(self._folder):
            if Path(folder) == self._folder:
                inside[:] = set(inside).difference(_ENDED)
            yield from (Path(folder, name) for name in names)

    def _is_ready(self, one: Found) -> bool:
        if one.is_done:
            return True
        try:
            state = one.state()
        except FileNotFoundError:
            return False
        now = time.monotonic()
        before, since = self._seen.get(one.path, (None, now))
        if state != before:
            self._seen[one.path] = state, now
            return False
        return now - since >= self._settle

    def _take(self, one: Found) -> None:
        try:
            call_id = self._post(one)
            self._record(call_id, {})
        except (Unavailable, SQLAlchemyError):
            raise
        except Exception as error:
            number = error.errno if isinstance(error, OSError) else None
            if number in NO_ROOM:
                raise
            log.info("watch refused", code=getattr(error, "code", type(error).__name__))
            if number not in _DISK:
                self._record(None, {"refused": getattr(error, "code", type(error).__name__)})
                self._set_aside(one, _reason(error, self._service.settings.language))
        else:
            log.info("watch took", call_id=call_id)
            self._move(one, "done")

    def _record(self, call_id: int | None, detail: dict[str, str]) -> None:
        """Put on record what came of a recording; before it is moved: killed in between, we say it again."""
        with self._service.database.transaction() as session:
            audit.record(session, "watch", "post_call", call_id=call_id, detail=detail)

    def _set_aside(self, one: Found, reason: str) -> None:
        # Names are bytes, in any encoding, and may leave no room for the ending.
        name = os.fsdecode(os.fsencode(one.path.name)[-240:])
        (self._move(one, "failed") / f"{name}.reason.txt").write_text(reason, "utf-8", "backslashreplace")

    def _post(self, one: Found) -> int:
        who = self._who(one)
        with opened(one.path) as file:
            facts = completed(self._service, who, Sent(CallFacts.model_validate(one.facts()), one.path.name))
            if facts.external_id is None:
                # Hashed: a name may hold a debtor's number, and bytes that are no text.
                told = hashlib.file_digest(file, "sha256")
                told.update(os.fsencode(one.path.name))
                facts = facts.model_copy(update={"external_id": f"watch:{told.hexdigest()[:32]}"})
            with self._service.recordings.arriving(file, one.path.name) as arrival:
                return take_recording(self._service, who, arrival, facts).call.id

    def _who(self, one: Found) -> Principal:
        parts = one.path.relative_to(self._folder).parts
        return Principal(self._user_id, parts[0] if len(parts) > 1 else "watch", "dialer")

    @cached_property
    def _user_id(self) -> int:
        with self._service.database.transaction() as session:
            try:
                return users.named(session, "watch").id
            except NotFound:
                return users.add(session, "watch", "dialer").id

    def _move(self, one: Found, where: str) -> Path:
        """Move a recording and what belongs to it; returns the folder, which is fresh if the name was there before."""
        day = self._folder / where / f"{datetime.now(CALL_ZONE):%Y-%m-%d}"
        folder = day / one.path.relative_to(self._folder).parent
        if (folder / one.path.name).exists():
            folder = folder / f"{datetime.now(CALL_ZONE):%H%M%S.%f}"
        folder.mkdir(parents=True, exist_ok=True)
        # The recording first: found again without what lay beside it, it would be another call.
        for path in (one.path, *one.beside):
            path.rename(folder / path.name)
        return folder


def _tables(folder: Path) -> dict[Path, Stamp]:
    """The CSV files in a folder that belong to no recording alone: those move away with theirs."""
    alone = {path.stem for path in folder.iterdir() if path.suffix.lower() in TYPES}
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        # Another may take a table away while we look: then it tells of nothing.
        with suppress(FileNotFoundError):
            if path.stem not in alone and is_file(path):
                tables[path] = stamp(path)
    return tables


@contextmanager
def watching(service: Service) -> Iterator[None]:
    """Watch the configured folder, if there is one, while the block runs."""
    if service.settings.watch is None:
        yield
        return
    stopping = threading.Event()
    thread = threading.Thread(target=Watch(service, service.settings.watch).run, args=(stopping,), name="watch")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _reason(error: Exception, language: Language) -> str:
    if isinstance(error, AppError):
        return f"{error.code}: {told(error.code, error.detail, language)}\n"
    if isinstance(error, ValidationError):
        return f"invalid: {faults_of(error.errors(), language)}\n"
    return f"unusable: {told('unusable', f'无法处理（{type(error).__name__}），详见日志', language)}\n"
