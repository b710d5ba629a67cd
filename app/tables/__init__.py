"""The tables, as SQLAlchemy typed models."""

from app.tables.base import Base
from app.tables.calls import STAGE, Call, Dial, RecordingUrl, Transcript, Waveform
from app.tables.numbers import DayTotal, StaleDay, Tally
from app.tables.people import ApiKey, AuditEntry, User, UserSession, View
from app.tables.verdicts import PackVersion, Review, Scorecard, StoredTemplate

__all__ = [
    "STAGE",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Call",
    "DayTotal",
    "Dial",
    "PackVersion",
    "RecordingUrl",
    "Review",
    "Scorecard",
    "StaleDay",
    "StoredTemplate",
    "Tally",
    "Transcript",
    "User",
    "UserSession",
    "View",
    "Waveform",
]
