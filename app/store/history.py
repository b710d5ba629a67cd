"""Calls that were judged before, to be judged again: which are due, what they are judged on, and the new scorecards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, not_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

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
    scorecard_id: int | None  #: the newest; None: it is judged for the first time
    template_digest: str | None  #: what that was judged by
    packs: Mapping[str, str] | None  #: pack id -> digest, likewise

    def is_judged_by(self, template_digest: str, packs: Mapping[str, str]) -> bool:
        """Whether the newest scorecard is just what judging by these would give."""
        return self.template_digest == template_digest and self.packs == packs


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
    newest = _newest(Scorecard.template_digest, Scorecard.packs)
    same = and_(newest.c.template_digest == template_digest, newest.c.packs == dict(packs))
    return select(Call.id).join(newest, true()).where(Call.status == "scored", *conditions, not_(same))


def _newest(*columns: InstrumentedAttribute[Any]) -> FromClause:
    """These columns of the call's newest row of their table."""
    table = columns[0].class_
    wanted = select(*columns).where(table.call_id == Call.id).order_by(table.id.desc())
    return wanted.limit(1).lateral()


def latest(session: Session, who: Principal, limit: int) -> Sequence[Call]:
    """The newest judged calls within reach of `who`."""
    wanted = select(Call).where(within(who), Call.status == "scored")
    calls = session.scalars(wanted.order_by(Call.happened_at.desc(), Call.id.desc()).limit(limit)).all()
    session.expunge_all()
    return calls


def heard(session: Session, call_ids: Sequence[int]) -> list[Heard]:
    """What each of the calls is judged on."""
    said = _newest(Transcript.id, Transcript.body)
    card = _newest(Scorecard.id, Scorecard.template_digest, Scorecard.packs)
    wanted = select(Call.id, Call.facts, *said.c, *card.c).where(Call.id.in_(call_ids)).order_by(Call.id)
    together = wanted.select_from(Call).join(said, true()).outerjoin(card, true())
    return [Heard(*row) for row in session.execute(together)]


def add(session: Session, judged: Sequence[tuple[Heard, Judgement]]) -> list[Scorecard]:
    """Give each call the scorecard of its judgement, and show it as the call's result.

    A call that is being judged otherwise by now, or has another transcript or scorecard than was heard, is left alone.
    """
    ids = [heard.call_id for heard, _ in judged]
    current = select(Call).where(Call.id.in_(ids), Call.status == "scored").order_by(Call.id).with_for_update()
    calls = {call.id: call for call in session.scalars(current)}
    # Read when the calls are locked: whoever adds to one of them locks it too.
    said, cards = (_last(session, table, ids) for table in (Transcript, Scorecard))
    same = {
        calls[heard.call_id]: (heard.transcript_id, judgement)
        for heard, judgement in judged
        if heard.call_id in calls
        and said.get(heard.call_id) == heard.transcript_id
        and cards.get(heard.call_id) == heard.scorecard_id
    }
    return scorecards.add_all(session, same)


def _last(session: Session, table: type[Transcript | Scorecard], call_ids: Sequence[int]) -> Mapping[int, int]:
    """The id of the newest row of each call."""
    wanted = select(table.call_id, func.max(table.id)).where(table.call_id.in_(call_ids)).group_by(table.call_id)
    return {row[0]: row[1] for row in session.execute(wanted)}
