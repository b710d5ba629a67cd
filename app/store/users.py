"""Users: made, changed, told apart by their passwords."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, Forbidden, NotFound, Unprocessable
from app.security import Principal, Role, hash_password, is_password, new_password
from app.store import sessions
from app.store.reach import is_for_any_inspector
from app.tables import Call, User

#: Wrong passwords in a row after which an account is closed for a while: a minute, then twice as long each time.
_PATIENCE = 5
_LONGEST = timedelta(minutes=30)


def add(session: Session, name: str, role: Role, *, team: str | None = None, agent_id: str | None = None) -> User:
    """Make a user who cannot sign in yet.

    Raises:
        Conflict: the name is taken.
    """
    made = insert(User).values(name=name, role=role, team=team, agent_id=agent_id)
    user_id = session.scalar(made.on_conflict_do_nothing(index_elements=["name"]).returning(User.id))
    if user_id is None:
        raise Conflict(f"已有名为 {name} 的用户", code="name_taken")
    return session.get_one(User, user_id)


def named(session: Session, name: str) -> User:
    """The user called `name`.

    Raises:
        NotFound: there is none.
    """
    user = session.scalars(select(User).where(User.name == name)).one_or_none()
    if user is None:
        raise NotFound(f"没有名为 {name} 的用户")
    return user


def everyone(session: Session) -> Sequence[User]:
    """All users, disabled ones too, oldest first."""
    return session.scalars(select(User).order_by(User.id)).all()


#: Who looks at calls that are given to them.
REVIEWING: tuple[Role, ...] = ("inspector", "supervisor")


def reviewers(session: Session, call: Call, who: Principal) -> Sequence[User]:
    """Every person whom `who` can give the call to, by name, and the one who has it, whatever became of them.

    A program that has a key cannot sign in to look at it.
    """
    is_person = or_(User.password.is_not(None), User.subject.is_not(None))
    in_team = or_(User.team.is_(None), User.team == call.team)
    if is_for_any_inspector(call, who):
        in_team = or_(in_team, User.role == "inspector")
    suited = and_(User.role.in_(REVIEWING), is_person, User.disabled_at.is_(None), in_team)
    return session.scalars(select(User).where(or_(suited, User.id == call.assigned_to)).order_by(User.name)).all()


def assign(call: Call, user: User, who: Principal) -> None:
    """Give the call to somebody to look at, as `who` asks.

    Raises:
        Unprocessable: this user does not review, is disabled, or sees the calls of another team only.
    """
    if user.role not in REVIEWING:
        raise Unprocessable(f"{user.name} 不是质检员或主管，不能分配通话", code="no_inspector")
    if user.disabled_at:
        raise Unprocessable(f"{user.name} 的账户已停用，不能分配通话", code="disabled_assignee")
    sees_it = user.role == "inspector" and is_for_any_inspector(call, who)
    if user.team not in (None, call.team) and not sees_it:
        raise Unprocessable(f"{user.name} 只能查看自己团队的通话，不能分配这通", code="other_team")
    call.assigned_to = user.id


def first_admin(session: Session) -> str | None:
    """Make the administrator `admin` if no administrator ever was; its password, to be shown once."""
    _one_at_a_time(session)  # two servers may start at once
    if session.scalar(select(User.id).where(User.role == "admin", User.password.is_not(None)).limit(1)):
        return None
    # `tingjian key add admin` may have been there before, and made a user who has a key and no password.
    known = session.scalars(select(User).where(User.name == "admin", User.role == "admin")).one_or_none()
    return reset_password(session, known or add(session, "admin", "admin"))


def _one_at_a_time(session: Session) -> None:
    """Wait for whoever else is deciding who administers."""
    session.execute(select(func.pg_advisory_xact_lock(0x7461646D)))


def sign_in(session: Session, name: str, password: str) -> User | None:
    """The user, if this is the password and the account is open; None otherwise, whatever the reason."""
    user = session.scalars(select(User).where(User.name == name).with_for_update()).one_or_none()
    right = is_password(password, user.password if user else None)
    if user is None or user.disabled_at or (user.locked_until and user.locked_until > datetime.now(UTC)):
        return None
    if not right:
        _count_failure(user)
        return None
    user.failures, user.locked_until, user.signed_in_at = 0, None, datetime.now(UTC)
    return user


def _count_failure(user: User) -> None:
    user.failures += 1
    if user.failures >= _PATIENCE:
        pause = min(timedelta(minutes=2 ** min(user.failures - _PATIENCE, 10)), _LONGEST)
        user.locked_until = datetime.now(UTC) + pause


def from_provider(
    session: Session, subject: str, name: str, role: Role, *, team: str | None, agent_id: str | None
) -> User:
    """The user that an identity provider calls `subject`, made when new; role and reach are what the provider says.

    Raises:
        Conflict: the name belongs to somebody who does not come from the provider.
        Forbidden: the user is disabled here.
    """
    user = session.scalars(select(User).where(User.subject == subject)).one_or_none()
    if user is None:
        user = add(session, name, role)
        user.subject = subject
    if user.disabled_at:
        raise Forbidden("账户已停用，请联系管理员", code="disabled")
    user.role, user.team, user.agent_id, user.signed_in_at = role, team, agent_id, datetime.now(UTC)
    session.flush()
    return user


def set_password(session: Session, user: User, password: str) -> None:
    """Give the user this password; whoever is signed in with the old one is not any more."""
    user.password, user.failures, user.locked_until = hash_password(password), 0, None
    sessions.end_all(session, user)


def reset_password(session: Session, user: User) -> str:
    """Give the user a new random password and return it."""
    password = new_password()
    set_password(session, user, password)
    return password


def change(session: Session, user: User, changes: Mapping[str, Any]) -> User:
    """Change `role`, `team`, `agent_id` or `disabled`; the row of a disabled user stays as a record.

    Raises:
        Conflict: nobody would be left to administer.
        Unprocessable: the role is taken away.
    """
    if changes.get("role", "") is None:
        raise Unprocessable("role: 用户须有角色；停用请设 disabled", code="no_role")
    _one_at_a_time(session)  # two administrators who shut each other out
    values, administers = dict(changes), user.role == "admin"
    if (disabled := values.pop("disabled", None)) is not None:
        values["disabled_at"] = func.now() if disabled else None
        sessions.end_all(session, user)
    for name, value in values.items():
        setattr(user, name, value)
    session.flush()
    session.refresh(user)
    if administers and not _has_admin(session):
        raise Conflict("至少要留下一个有效的管理员", code="last_admin")
    return user


def _has_admin(session: Session) -> bool:
    admins = select(User.id).where(User.role == "admin", User.disabled_at.is_(None)).limit(1)
    return session.scalar(admins) is not None
