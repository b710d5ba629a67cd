"""Waveforms, kept by recording."""

import base64

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.tables import Waveform as Row
from asr.waveform import Waveform


def get(session: Session, recording: str) -> Waveform | None:
    """The waveform of a recording, None if it was not made yet."""
    kept = session.get(Row, recording)
    # A server of an older version that still runs keeps peaks as lists: such a one is made again.
    if kept is None or not all(isinstance(channel, str) for channel in kept.body["peaks"]):
        return None
    return Waveform(kept.body["duration"], tuple(map(base64.b64decode, kept.body["peaks"])))


def keep(session: Session, recording: str, wave: Waveform) -> None:
    """Keep a waveform in place of any that is there."""
    body = {"duration": wave.duration, "peaks": [base64.b64encode(channel).decode() for channel in wave.peaks]}
    kept = insert(Row).values(recording=recording, body=body)
    session.execute(kept.on_conflict_do_update(index_elements=[Row.recording], set_={"body": body}))
