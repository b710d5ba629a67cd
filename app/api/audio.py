"""A call's recording, whole or in part."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import chain
from pathlib import PurePath

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from app.api.access import CallId, Reader, ServiceDep
from app.api.spooled import spooled
from app.audiotypes import TYPES
from app.beeping import Beeped, secret_seconds
from app.errors import AppError, Conflict, NotFound, Unprocessable
from app.pipeline import read_transcript
from app.sealing import SealError
from app.service import Service
from app.store import calls
from app.tables import Call, Transcript
from app.turns import Turns
from asr import AsrError, sandbox

router = APIRouter(prefix="/v1/calls", tags=["通话"])

#: Recordings that are decoded at once to cover what was said: each takes a core and, an hour long, 230 MB.
_COVERING = Turns(2, "正在处理的录音太多，请稍后重试", again=5, patience=5)

#: What is covered is written to disk before it leaves, so a player that asks for the rest of a call gets so many bytes
#: of it, and asks for more: RFC 9110 allows it.
_PIECE = 16 * 1024 * 1024

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


class _OutOfRange(AppError):
    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    code = "out_of_range"


class _Missing(AppError):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "recording_missing"


class _Damaged(AppError):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "recording_damaged"


@router.get("/{call_id}/audio", response_class=StreamingResponse)
def get_audio(call_id: CallId, request: Request, service: ServiceDep, who: Reader) -> StreamingResponse:
    """The recording as received, or with a tone over personal data; `Range: bytes=…` gives a part of it."""
    with service.database.transaction() as session:
        call = calls.get(session, call_id, who)
        transcript = calls.transcript_of(session, call_id)
    if call.recording is None or call.recording_bytes is None:
        raise NotFound(f"通话 {call_id} 没有录音", code="no_recording")
    if not service.recordings.has(call.recording, call.recording_bytes):
        raise _Missing(f"通话 {call_id} 的录音文件不在，或不完整")
    asked = request.headers.get("range")
    if not service.settings.beep or who.may("unmask"):
        return _answer(_received(service, call), asked)
    with _COVERING:
        return _answer(_beeped(service, call, transcript), asked)


@dataclass(frozen=True, slots=True)
class _Sound:
    """What is played."""

    size: int  #: bytes
    etag: str
    kind: str  #: media type
    read: Callable[[int, int], Iterator[bytes]]  #: bytes from one to another
    most: int = sys.maxsize  #: bytes in answer to a request for a part


def _answer(sound: _Sound, asked: str | None) -> StreamingResponse:
    part = _part(asked, sound.size)
    start, end = (part[0], min(part[1], part[0] + sound.most)) if part else (0, sound.size)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Length": str(end - start),
        "ETag": f'"{sound.etag}"',
        "X-Content-Type-Options": "nosniff",
    }
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{sound.size}"
    return StreamingResponse(_begun(partial(sound.read, start, end)), 206 if part else 200, headers, sound.kind)


def _received(service: Service, call: Call) -> _Sound:
    assert call.recording is not None
    assert call.recording_bytes is not None
    kind = TYPES.get(PurePath(call.recording_name or "").suffix.lower(), "application/octet-stream")
    return _Sound(call.recording_bytes, call.recording, kind, partial(service.recordings.read, call.recording))


def _beeped(service: Service, call: Call, transcript: Transcript | None) -> _Sound:
    if transcript is None:
        raise Conflict(f"通话 {call.id} 转写完成之前，没有查看未脱敏内容权限的人不能收听", code="no_transcript")
    assert call.recording is not None
    try:
        with service.recordings.opened(call.recording) as path:
            audio = sandbox.decode(path, service.settings.max_seconds)
    except AsrError as error:
        raise Unprocessable(str(error), code=error.code) from error
    except SealError as error:
        raise _Damaged(str(error)) from error
    beeped = Beeped(audio, tuple(secret_seconds(read_transcript(transcript.body))))
    tag = f"{call.recording}-{transcript.id}"
    # Decoded anew for each part that is asked for: what is kept would outlive a call that another process deletes.
    return _Sound(beeped.size, tag, "audio/wav", lambda *part: spooled(beeped.read(*part)), _PIECE)


def _begun(read: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """What `read` gives, the first piece read: what is wrong with the storage is an answer, not a connection cut."""
    try:
        pieces = read()
        first = next(pieces, b"")
    except SealError as error:
        raise _Damaged(str(error)) from error
    return chain((first,), pieces)


def _part(header: str | None, size: int) -> tuple[int, int] | None:
    """The bytes asked for, end exclusive; None for several ranges or another unit: all, as RFC 9110 allows."""
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if not match:
        return None
    first, last, suffix = match.groups()
    start = max(0, size - int(suffix)) if suffix else int(first)
    end = min(size, int(last) + 1) if last else size
    if start >= end:
        raise _OutOfRange(f"录音只有 {size} 字节", headers={"Content-Range": f"bytes */{size}"})
    return start, end
