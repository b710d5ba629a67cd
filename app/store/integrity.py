"""What ought to hold between rows, and what does not."""

from collections.abc import Iterator

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.tables import Call

#: What is wrong -> the calls it is wrong with. The database keeps rows from pointing nowhere; these look for what a
#: damaged index, a partial restore or a hand in the database may have broken all the same.
_FAULTS = {
    "转写没有通话": "SELECT call_id FROM transcripts WHERE NOT EXISTS (SELECT FROM calls WHERE id = call_id)",
    "评分卡没有通话": "SELECT call_id FROM scorecards WHERE NOT EXISTS (SELECT FROM calls WHERE id = call_id)",
    "复核没有通话": "SELECT call_id FROM reviews WHERE NOT EXISTS (SELECT FROM calls WHERE id = call_id)",
    "评分卡没有转写，或属于另一通电话": """
        SELECT call_id FROM scorecards AS card WHERE NOT EXISTS (
            SELECT FROM transcripts WHERE id = card.transcript_id AND call_id = card.call_id)
    """,
    "评分卡没有模板": """
        SELECT call_id FROM scorecards WHERE NOT EXISTS (SELECT FROM templates WHERE digest = template_digest)
    """,
    "已质检却没有评分卡": """
        SELECT id FROM calls WHERE status = 'scored' AND NOT EXISTS (SELECT FROM scorecards WHERE call_id = calls.id)
    """,
    "待评判却没有转写": """
        SELECT id FROM calls WHERE status = 'judging' AND NOT EXISTS (SELECT FROM transcripts WHERE call_id = calls.id)
    """,
}


def faults(session: Session) -> Iterator[tuple[str, int]]:
    """Everything between rows that is wrong, as (what, call id)."""
    for what, statement in _FAULTS.items():
        for call_id in session.scalars(text(f"{statement} ORDER BY 1")):
            yield what, call_id


def recordings(session: Session) -> list[tuple[str, int, list[int]]]:
    """Every recording that calls have: its SHA-256, its bytes, the calls."""
    rows = session.execute(
        select(Call.recording, Call.recording_bytes, Call.id).where(Call.recording.is_not(None)).order_by(Call.id)
    )
    known: dict[tuple[str, int], list[int]] = {}
    for recording, size, call_id in rows:
        known.setdefault((recording or "", size or 0), []).append(call_id)
    return [(recording, size, calls) for (recording, size), calls in known.items()]
