"""A recording's waveform: decoded once, when it is first asked for."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.access import CallId, Reader, ServiceDep
from app.errors import NotFound, Unprocessable
from app.sealing import SealError
from app.security import Principal
from app.service import Service
from app.store import calls, recordings, waveforms
from app.turns import Turns
from asr import AsrError, sandbox
from asr.waveform import Waveform, draw

router = APIRouter(prefix="/v1/calls", tags=["通话"])

#: Decoding takes a core and, for hours of sound, a gigabyte: one at a time.
_ONE = Turns(1, "正在绘制另一段录音的波形，请稍后重试", again=5)


class WaveformOut(BaseModel):
    """How loud a recording, or a part of it, is over its length."""

    duration: float  #: seconds
    start: float  #: where the peaks begin, in seconds of the recording
    end: float
    peaks: list[list[int]]  #: for each channel, left first: 0 (silence) to 100, each for an equal stretch; 1200 at most


class Part(BaseModel):
    """Which part of a recording, in seconds from its start; without `end`, to its end."""

    start: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    end: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


@router.get("/{call_id}/waveform")
def get_waveform(call_id: CallId, service: ServiceDep, who: Reader, part: Annotated[Part, Query()]) -> WaveformOut:
    """How loud each channel is over the recording's length, or a part of it seen closely, to be drawn."""
    with service.database.transaction() as session:
        call = calls.get(session, call_id, who)
        known = waveforms.get(session, call.recording) if call.recording else None
    if call.recording is None:
        raise NotFound(f"通话 {call_id} 没有录音", code="no_recording")
    wave = known or _made(service, who, call_id, call.recording)
    seen = wave.part(part.start, part.end)
    return WaveformOut(
        duration=wave.duration, start=seen.start, end=seen.end, peaks=[list(channel) for channel in seen.peaks]
    )


def _made(service: Service, who: Principal, call_id: int, recording: str) -> Waveform:
    try:
        with _ONE, service.recordings.opened(recording) as path:
            wave = draw(sandbox.decode(path, service.settings.max_seconds))
    except AsrError as error:
        raise Unprocessable(str(error), code=error.code) from error
    except SealError as error:
        raise Unprocessable(str(error), code="recording_sealed") from error
    with service.database.transaction() as session:
        recordings.share(session, recording)
        calls.get(session, call_id, who)  # that took its time: nothing of a call that was deleted meanwhile comes back
        waveforms.keep(session, recording, wave)
    return wave
