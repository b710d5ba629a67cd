"""Waveforms, kept by recording."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.tables import Waveform


def get(session: Session, recording: str) -> Mapping[str, Any] | None:
    """The waveform of a recording, None if it was not made yet."""
    kept = session.get(Waveform, recording)
    return kept.body if kept else None


def keep(session: Session, recording: str, body: Mapping[str, Any]) -> None:
    """Keep a waveform; one that somebody else made meanwhile is the same."""
    session.execute(insert(Waveform).values(recording=recording, body=body).on_conflict_do_nothing())
