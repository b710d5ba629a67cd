"""What every route leans on: the service, who is calling, and a transaction that ends before the answer leaves."""

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.errors import Forbidden, Unauthorized
from app.security import Permission, Principal
from app.service import Service
from app.store import keys

_bearer = HTTPBearer(auto_error=False, description="`tingjian key add` 生成的密钥")


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
    service: ServiceDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Principal:
    # A transaction of its own: a slow upload must not hold a connection.
    if credentials:
        with service.database.transaction() as session:
            if principal := keys.find(session, credentials.credentials):
                return principal
    raise Unauthorized("需要有效的密钥：Authorization: Bearer tj_…")


def allow(permission: Permission) -> Callable[..., Principal]:
    """A dependency that lets callers with `permission` in, and is who they are."""

    def check(principal: Annotated[Principal, Depends(_principal)]) -> Principal:
        if not principal.may(permission):
            raise Forbidden(f"角色 {principal.role} 没有此操作的权限")
        return principal

    return check


Poster = Annotated[Principal, Depends(allow("post"))]
Watcher = Annotated[Principal, Depends(allow("state"))]
Reader = Annotated[Principal, Depends(allow("read"))]
Retrier = Annotated[Principal, Depends(allow("retry"))]
Trier = Annotated[Principal, Depends(allow("try"))]

CallId = Annotated[int, Path(ge=1, le=2**63 - 1)]
