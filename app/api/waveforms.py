"""A recording's waveform: decoded once, when it is first asked for."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.access import CallId, Reader, ServiceDep
from app.errors import NotFound, Unavailable, Unprocessable
from app.pipeline import to_json
from app.sealing import SealError
from app.service import Service
from app.store import calls, waveforms
from asr import AsrError, sandbox
from asr.waveform import draw

router = APIRouter(prefix="/v1/calls", tags=["通话"])

#: Decoding takes a core and, for hours of sound, a gigabyte: one at a time.
_ONE = threading.Lock()


class WaveformOut(BaseModel):
    """How loud a recording is over its length."""

    duration: float  #: seconds
    peaks: list[list[int]]  #: for each channel, left first: 0 (silence) to 100, each for an equal stretch


@router.get("/{call_id}/waveform")
def get_waveform(call_id: CallId, service: ServiceDep, who: Reader) -> WaveformOut:
    """How loud each channel is over the recording's length, to be drawn."""
    with service.database.transaction() as session:
        call = calls.get(session, call_id, who)
        known = waveforms.get(session, call.recording) if call.recording else None
    if call.recording is None:
        raise NotFound(f"通话 {call_id} 没有录音", code="no_recording")
    return WaveformOut.model_validate(known or _made(service, call.recording))


@contextmanager
def _alone() -> Iterator[None]:
    """A turn at decoding. Nobody waits for it: whoever did would keep a thread from those who want something else."""
    if not _ONE.acquire(blocking=False):
        raise Unavailable("正在绘制另一段录音的波形，请稍后重试", code="busy", headers={"Retry-After": "5"})
    try:
        yield
    finally:
        _ONE.release()


def _made(service: Service, recording: str) -> Mapping[str, Any]:
    try:
        with _alone(), service.recordings.opened(recording) as path:
            body: Mapping[str, Any] = to_json(draw(sandbox.decode(path, service.settings.max_seconds)))
    except AsrError as error:
        raise Unprocessable(str(error), code=error.code) from error
    except SealError as error:
        raise Unprocessable(str(error), code="recording_sealed") from error
    with service.database.transaction() as session:
        waveforms.keep(session, recording, body)
    return body
