"""Which calls a caller may know of: the one place that says it, for every query."""

from sqlalchemy import ColumnElement, false, true

from app.security import Principal
from app.tables import Call


def within(who: Principal) -> ColumnElement[bool]:
    """The condition on calls: a dialer's own posts, a collector's own calls, a team's calls, or all."""
    match who.role:
        case "dialer":
            return Call.posted_by == who.user_id
        case "agent":
            # With None this would read IS NULL, and show every call of which nobody said whose it is.
            return false() if who.agent_id is None else Call.agent_id == who.agent_id
        case "inspector" if who.assigned_only:
            return Call.assigned_to == who.user_id
        case "inspector" | "supervisor":
            return true() if who.team is None else Call.team == who.team
        case _:
            return false()
