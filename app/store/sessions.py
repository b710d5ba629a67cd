"""Sessions of signed-in browsers: opened, followed, ended by the user or by time."""

from datetime import timedelta

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from app.security import Principal, digest, new_token
from app.tables import User, UserSession

#: Use is noted once a minute.
_MINUTE_AGO = func.now() - text("interval '1 minute'")


def start(session: Session, user: User) -> str:
    """Start a session and return its token, which is not kept. Always a new one: no token is known beforehand."""
    token = new_token()
    session.add(UserSession(digest=digest(token), user_id=user.id))
    return token


def find(session: Session, token: str, *, idle: timedelta, longest: timedelta, in_use: bool = True) -> Principal | None:
    """The user of a session, None when it is unknown, ended, idle or too old; `in_use`: note that it is not idle."""
    valid = (
        select(UserSession, User, (UserSession.seen_at < _MINUTE_AGO).label("unnoted"))
        .join(User)
        .where(
            UserSession.digest == digest(token),
            UserSession.seen_at > func.now() - idle,
            UserSession.created_at > func.now() - longest,
            User.disabled_at.is_(None),
        )
    )
    row = session.execute(valid).one_or_none()
    if row is None:
        return None
    known, user, unnoted = row
    if in_use and unnoted:
        _note_use(session, known)
    return principal(user)


def _note_use(session: Session, known: UserSession) -> None:
    seen = update(UserSession).where(UserSession.digest == known.digest, UserSession.seen_at < _MINUTE_AGO)
    session.execute(seen.values(seen_at=func.now()))


def principal(user: User) -> Principal:
    """The caller that a signed-in user is."""
    return Principal(user.id, user.name, user.role, user.team, user.agent_id)


def end(session: Session, token: str) -> None:
    """End the session, if there is one."""
    session.execute(delete(UserSession).where(UserSession.digest == digest(token)))


def end_all(session: Session, user: User) -> None:
    """End all sessions of a user."""
    session.execute(delete(UserSession).where(UserSession.user_id == user.id))


def sweep(session: Session, *, idle: timedelta, longest: timedelta) -> None:
    """Drop the sessions that time has ended."""
    old = or_(UserSession.seen_at <= func.now() - idle, UserSession.created_at <= func.now() - longest)
    session.execute(delete(UserSession).where(old))
