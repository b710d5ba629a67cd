"""Calls that were judged before, to be judged again: which are due, what they are judged on, and the new scorecards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, select, true
from sqlalchemy.orm import Session

from app.pipeline import Judgement
from app.security import Principal
from app.store import scorecards
from app.store.reach import within
from app.tables import Call, Scorecard, Transcript


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call is judged on."""

    call_id: int
    facts: Mapping[str, Any]
    transcript_id: int
    body: Mapping[str, Any]


def templates_of(session: Session, conditions: Iterable[ColumnElement[bool]]) -> list[str]:
    """The templates that the calls were judged by."""
    return sorted(session.scalars(select(Call.template).where(Call.status == "scored", *conditions).distinct()))


def due(
    session: Session,
    conditions: Iterable[ColumnElement[bool]],
    template_digest: str,
    packs: Mapping[str, str],
    *,
    after: int,
    limit: int,
) -> Sequence[int]:
    """Ids of judged calls that the newest scorecard judges by something else, in order, from the one after `after`."""
    wanted = _due(conditions, template_digest, packs).where(Call.id > after)
    return session.scalars(wanted.order_by(Call.id).limit(limit)).all()


def count_due(
    session: Session, conditions: Iterable[ColumnElement[bool]], template_digest: str, packs: Mapping[str, str]
) -> int:
    """How many calls are due."""
    wanted = _due(conditions, template_digest, packs).subquery()
    return session.scalar(select(func.count()).select_from(wanted)) or 0


def _due(conditions: Iterable[ColumnElement[bool]], template_digest: str, packs: Mapping[str, str]) -> Select[int]:
    columns = select(Scorecard.template_digest, Scorecard.packs).where(Scorecard.call_id == Call.id)
    newest = columns.order_by(Scorecard.id.desc()).limit(1).lateral("newest")
    same = and_(newest.c.template_digest == template_digest, newest.c.packs == dict(packs))
    return select(Call.id).join(newest, true()).where(Call.status == "scored", *conditions, not_(same))


def latest(session: Session, who: Principal, limit: int) -> Sequence[Call]:
    """The newest judged calls within reach of `who`."""
    wanted = select(Call).where(within(who), Call.status == "scored")
    calls = session.scalars(wanted.order_by(Call.happened_at.desc(), Call.id.desc()).limit(limit)).all()
    session.expunge_all()
    return calls


def heard(session: Session, call_ids: Sequence[int]) -> list[Heard]:
    """What each of the calls is judged on."""
    newest = (
        select(Transcript.id, Transcript.body)
        .where(Transcript.call_id == Call.id)
        .order_by(Transcript.id.desc())
        .limit(1)
        .lateral("newest")
    )
    wanted = select(Call.id, Call.facts, newest.c.id, newest.c.body).join(newest, true()).where(Call.id.in_(call_ids))
    return [Heard(*row) for row in session.execute(wanted.order_by(Call.id))]


def add(session: Session, judged: Mapping[int, tuple[int, Judgement]]) -> list[Scorecard]:
    """Give each call, by its id, the scorecard of (transcript id, judgement), and show it as the call's result.

    A call that is being judged otherwise by now, or has another transcript, is left alone.
    """
    current = select(Call).where(Call.id.in_(judged), Call.status == "scored").order_by(Call.id).with_for_update()
    calls = session.scalars(current).all()
    newest = select(Transcript.call_id, func.max(Transcript.id)).where(Transcript.call_id.in_(judged))
    known = {row[0]: row[1] for row in session.execute(newest.group_by(Transcript.call_id))}
    same = {call: judged[call.id] for call in calls if known[call.id] == judged[call.id][0]}
    return scorecards.add_all(session, same)
