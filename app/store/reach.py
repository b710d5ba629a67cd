"""Which calls a caller may know of: the one place that says it, for every query."""

from sqlalchemy import ColumnElement, false, or_, true

from app.errors import Forbidden
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


def is_for_any_inspector(call: Call, who: Principal) -> bool:
    """Whether an inspector of any team would see the call once given it: no team's, where they see what they are given.

    That inspectors see only this is a setting, the same for every caller.
    """
    return who.assigned_only and call.team is None


def known_to(who: Principal) -> ColumnElement[bool]:
    """The condition on calls that a sender is told of when it posts one again: its own, and those within reach."""
    return or_(Call.posted_by == who.user_id, within(who))


def team_of(who: Principal, asked: str | None = None) -> str | None:
    """The only team whose calls are counted for `who`, who may have `asked` for one; None: every team's.

    Raises:
        Forbidden: the reach of `who` is no whole team.
    """
    if who.role not in ("inspector", "supervisor") or (who.role == "inspector" and who.assigned_only):
        raise Forbidden(f"角色 {who.role} 不能查看整个团队的统计")
    return asked if who.team is None else who.team
