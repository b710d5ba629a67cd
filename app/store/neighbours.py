"""Calls that belong beside another one: with the same debtor on the same day."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.schemas import CALL_ZONE
from app.security import Principal
from app.store.reach import within
from app.store.retention import of_debtor
from app.tables import Call

_MOST = 20


def same_day(session: Session, call: Call, who: Principal) -> Sequence[Call]:
    """The other contacts with the debtor of `call` on its day, first ones first, the first 20 within reach."""
    debtor = call.facts.get("debtor_id")
    if debtor is None:
        return []
    day = datetime.combine(call.happened_at.astimezone(CALL_ZONE).date(), time(), CALL_ZONE)
    that_day = (Call.happened_at >= day, Call.happened_at < day + timedelta(days=1))
    others = select(Call).where(*that_day, of_debtor(debtor), Call.id != call.id, within(who))
    return session.scalars(others.order_by(Call.happened_at, Call.id).limit(_MOST)).all()
