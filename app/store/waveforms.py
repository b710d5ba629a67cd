"""Waveforms, kept by recording."""

import base64

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.tables import Waveform as Row
from asr.waveform import Waveform


def get(session: Session, recording: str) -> Waveform | None:
    """The waveform of a recording, None if it was not made yet."""
    kept = session.get(Row, recording)
    return Waveform(kept.body["duration"], tuple(map(base64.b64decode, kept.body["peaks"]))) if kept else None


def keep(session: Session, recording: str, wave: Waveform) -> None:
    """Keep a waveform; one that somebody else made meanwhile is the same."""
    body = {"duration": wave.duration, "peaks": [base64.b64encode(channel).decode() for channel in wave.peaks]}
    session.execute(insert(Row).values(recording=recording, body=body).on_conflict_do_nothing())
