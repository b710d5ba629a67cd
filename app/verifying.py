"""Whether everything is there and whole: each recording by its hash, each row by what it points at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.errors import AppError
from app.sealing import SealError
from app.service import Service
from app.store import integrity, recordings

#: An upload is on disk before its call is: only what is older without a call is nobody's.
_GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be."""

    what: str  #: in Simplified Chinese
    where: str  #: which call or recording
    orphan: str | None = None  #: the SHA-256 of a recording that no call has; costs room and nothing else


def verify(service: Service, progress: Callable[[int, int], None]) -> Iterator[Fault]:
    """Every fault there is; `progress` is told how many recordings were read, of how many."""
    began = datetime.now(UTC)
    with service.database.transaction() as session:
        known = integrity.recordings(session)
        yield from (Fault(what, f"通话 {call_id}") for what, call_id in integrity.faults(session))
    for done, (recording, size, calls) in enumerate(known, start=1):
        if (fault := _fault(service, recording, size)) and _is_used(service, recording):
            yield Fault(fault, f"录音 {recording}（通话 {'、'.join(map(str, calls))}）")
        progress(done, len(known))
    # Not older than a day by now: reading them all may take longer, and calls came meanwhile.
    yield from _orphans(service, {recording for recording, _, _ in known}, began - _GRACE)


def _fault(service: Service, recording: str, size: int) -> str | None:
    try:
        if not service.recordings.has(recording, size):
            return f"不在，或不是 {size} 字节"
        return None if service.recordings.whole(recording) else "内容与其 SHA-256 不符"
    except (AppError, SealError, OSError) as error:
        return f"无法读取：{error}"


def _is_used(service: Service, recording: str) -> bool:
    """Whether it is still to be here: its calls may have been deleted since we began."""
    with service.database.transaction() as session:
        return recordings.is_used(session, recording)


def _orphans(service: Service, known: set[str], old: datetime) -> Iterator[Fault]:
    for recording, when in service.recordings.kept():
        if recording not in known and when < old:
            yield Fault("没有通话用到它", f"录音 {recording}", orphan=recording)
