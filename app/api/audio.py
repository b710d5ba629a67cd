"""A call's recording, whole or in part."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from itertools import chain
from pathlib import PurePath

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from app.api.access import CallId, Reader, ServiceDep
from app.audiotypes import TYPES
from app.errors import AppError, NotFound
from app.sealing import SealError
from app.store import calls

router = APIRouter(prefix="/v1/calls", tags=["通话"])

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
    """The recording as received; `Range: bytes=…` gives a part of it."""
    with service.database.transaction() as session:
        call = calls.get(session, call_id, who)
    if call.recording is None or call.recording_bytes is None:
        raise NotFound(f"通话 {call_id} 没有录音", code="no_recording")
    size = call.recording_bytes
    if not service.recordings.has(call.recording, size):
        raise _Missing(f"通话 {call_id} 的录音文件不在，或不完整")
    part = _part(request.headers.get("range"), size)
    start, end = part or (0, size)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Length": str(end - start),
        "ETag": f'"{call.recording}"',
        "X-Content-Type-Options": "nosniff",
    }
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    body = _begun(partial(service.recordings.read, call.recording, start, end))
    kind = TYPES.get(PurePath(call.recording_name or "").suffix.lower(), "application/octet-stream")
    return StreamingResponse(body, 206 if part else 200, headers, kind)


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
