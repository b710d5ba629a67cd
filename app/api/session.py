"""Signing in with a browser, and who one is."""

import threading
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.orm import Session

from app.api.access import COOKIE, Anyone, ServiceDep, address_of
from app.errors import Unauthorized
from app.masking import masked_id
from app.schemas import Label
from app.security import Permission, Principal, csrf_token
from app.service import Service
from app.store import audit, sessions, users
from app.tables import User
from app.throttle import Throttle

router = APIRouter(prefix="/v1/session", tags=["登录"])

#: ASVS 2.1.1 and 2.1.2: at least twelve characters, and long ones are welcome.
NewPassword = Annotated[str, StringConstraints(min_length=12, max_length=128)]

#: A password takes some 20 ms and 19 MiB to check: many wrong ones at once must not take the machine.
_checking = threading.Semaphore(4)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Login(_In):
    """Name and password."""

    name: Label
    password: Annotated[str, StringConstraints(max_length=128)]


class PasswordChange(_In):
    """The password so far and the one from now on."""

    old: Annotated[str, StringConstraints(max_length=128)]
    new: NewPassword


class SessionOut(BaseModel):
    """Who is signed in and what the role may do."""

    name: str
    role: str
    team: str | None
    agent_id: str | None
    permissions: list[Permission]
    csrf: str | None  #: to be sent as X-CSRF-Token with whatever changes anything; None for a key


def _out(who: Principal, token: str | None) -> SessionOut:
    return SessionOut(
        name=who.name,
        role=who.role,
        team=who.team,
        agent_id=who.agent_id,
        permissions=who.permissions(),
        csrf=csrf_token(token) if token else None,
    )


@router.post("")
def sign_in(login: Login, request: Request, response: Response, service: ServiceDep) -> SessionOut:
    """Start a session: the cookie it sets is the browser's credential."""
    return _start(service, request, response, login.name, login.password)


@router.get("")
def current(request: Request, who: Anyone) -> SessionOut:
    """Who I am."""
    return _out(who, request.cookies.get(COOKIE))


@router.delete("", status_code=204)
def sign_out(request: Request, response: Response, service: ServiceDep, _: Anyone) -> None:
    """End the session."""
    with service.database.transaction() as session:
        sessions.end(session, request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path="/")


@router.put("/password")
def change_password(
    change: PasswordChange, request: Request, response: Response, service: ServiceDep, who: Anyone
) -> SessionOut:
    """Choose another password; every session so far ends, and this browser gets a new one."""
    _verify(service, request, who.name, change.old)
    with service.database.transaction() as session:
        users.set_password(session, users.named(session, who.name), change.new)
    return _start(service, request, response, who.name, change.new)


def _start(service: Service, request: Request, response: Response, name: str, password: str) -> SessionOut:
    _verify(service, request, name, password)
    with service.database.transaction() as session:
        user = users.named(session, name)
        token = open_session(session, request, response, user)
        who = sessions.principal(user)
    return _out(who, token)


def open_session(session: Session, request: Request, response: Response, user: User) -> str:
    """Start a session of `user` in the browser that `response` goes to; returns its token."""
    settings = request.app.state.service.settings
    sessions.sweep(session, idle=settings.session_idle, longest=settings.session_longest)
    token = sessions.start(session, user)
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https", path="/")
    return token


def _verify(service: Service, request: Request, name: str, password: str) -> None:
    address = address_of(request) or ""
    failures: Throttle = request.app.state.throttles.failed_sign_ins
    failures.check(address)
    # A transaction of its own: a wrong password must be counted, not rolled back.
    with _checking, service.database.transaction() as session:
        user = users.sign_in(session, name, password)
        came_of_it = {} if user else {"refused": "bad_login"}
        audit.record(session, masked_id(name), "sign_in", address=address, detail=came_of_it)
    if user is None:
        failures.take(address)
        raise Unauthorized(
            "用户名或密码不正确，或账户已停用、暂时锁定", code="bad_login", headers={"WWW-Authenticate": "Session"}
        )
