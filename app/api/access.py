"""What every route leans on: the service, who is calling, and a transaction that ends before the answer leaves."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.errors import Forbidden, Unauthorized
from app.security import Permission, Principal, csrf_token
from app.service import Service
from app.store import keys, sessions

#: The session's token. Browsers send it by themselves, so what changes anything also needs the X-CSRF-Token header.
COOKIE = "tingjian_session"

_bearer = HTTPBearer(auto_error=False, description="`tingjian key add` 生成的密钥")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="登录后的会话")


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(_service)]


def _session(service: ServiceDep) -> Iterator[Session]:
    with service.database.transaction() as session:
        yield session


# With the default scope the commit would come after the client has its answer, and a failing one would be a 200.
SessionDep = Annotated[Session, Depends(_session, scope="function")]


def _principal(
    request: Request,
    service: ServiceDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    token: Annotated[str | None, Security(_cookie)],
) -> Principal:
    # A transaction of its own: a slow upload must not hold a connection.
    with service.database.transaction() as session:
        if credentials:
            principal = keys.find(session, credentials.credentials)
        else:
            settings = service.settings
            found = token and sessions.find(
                session, token, idle=settings.session_idle, longest=settings.session_longest
            )
            principal = found or None
    if principal is None:
        raise Unauthorized("需要登录，或有效的密钥：Authorization: Bearer tj_…")
    if token and not credentials:
        _check_origin(request, token)
    return replace(principal, assigned_only=service.settings.inspectors_see == "assigned")


def _check_origin(request: Request, token: str) -> None:
    """Refuse a change that another site made the browser send."""
    sent = request.headers.get("x-csrf-token", "")
    if request.method not in ("GET", "HEAD") and not secrets.compare_digest(sent.encode(), csrf_token(token).encode()):
        raise Forbidden("缺少或错误的 X-CSRF-Token，请刷新页面后重试", code="csrf")


def allow(permission: Permission) -> Callable[..., Principal]:
    """A dependency that lets callers with `permission` in, and is who they are."""

    def check(principal: Annotated[Principal, Depends(_principal)]) -> Principal:
        if not principal.may(permission):
            raise Forbidden(f"角色 {principal.role} 没有此操作的权限")
        return principal

    return check


#: Anybody who is signed in or has a key.
Anyone = Annotated[Principal, Depends(_principal)]
Poster = Annotated[Principal, Depends(allow("post"))]
Watcher = Annotated[Principal, Depends(allow("state"))]
Reader = Annotated[Principal, Depends(allow("read"))]
Retrier = Annotated[Principal, Depends(allow("retry"))]
Reviewer = Annotated[Principal, Depends(allow("review"))]
Assigner = Annotated[Principal, Depends(allow("assign"))]
Statistician = Annotated[Principal, Depends(allow("statistics"))]
Exporter = Annotated[Principal, Depends(allow("export"))]
Trier = Annotated[Principal, Depends(allow("try"))]
Manager = Annotated[Principal, Depends(allow("manage"))]

CallId = Annotated[int, Path(ge=1, le=2**63 - 1)]
