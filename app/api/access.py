"""What every route leans on: the service, who is calling, and a transaction that ends before the answer leaves."""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

import rules
from app.database import is_outage
from app.errors import AppError, Forbidden, TooMany, Unauthorized
from app.security import Permission, Principal, csrf_token
from app.service import Service
from app.store import audit, keys, sessions

#: The session's token. Browsers send it by themselves, so what changes anything also needs the X-CSRF-Token header.
COOKIE = "tingjian_session"

#: Query parameters that one entry of the audit log holds.
_MOST_ASKED = 50

#: Operation -> fields of its JSON body that say what was changed, and belong on record.
_SAID = {
    "add_user": ("name", "role", "team", "agent_id"),
    "change_user": ("role", "team", "agent_id", "disabled"),
    "add_key": ("name", "user", "role", "scopes", "expires_at"),
    "hold_call": ("reason",),
    "assign_call": ("user",),
    "purge": ("debtor_id", "dry_run"),
    "review_finding": ("verdict",),
    "publish_pack": ("rescore_since",),
    "rescore_call": ("template",),
    "add_finding": ("rule", "category", "utterance", "span"),
}

_CALL_ID = re.compile(r"[0-9]{1,18}")
_bearer = HTTPBearer(auto_error=False, description="`tingjian key add` 生成的密钥")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="登录后的会话")


async def _service(request: Request) -> Service:  # async: anything else would be a hop to another thread, for nothing
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(_service)]


def _session(service: ServiceDep) -> Iterator[Session]:
    with service.database.transaction() as session:
        yield session


# With the default scope the commit would come after the client has its answer, and a failing one would be a 200.
SessionDep = Annotated[Session, Depends(_session, scope="function")]


#: What pages ask by themselves as calls come further; for what people ask too, they send X-Unasked. A browser that
#: nobody sits at must not stay signed in by it.
_UNASKED = frozenset({"get_events", "call_row", "fresh_calls"})


def identify(
    session: Session, service: Service, secret: str | None, token: str | None, *, in_use: bool = True
) -> Principal | None:
    """The caller behind an API key or, without one, behind a session's token; `in_use`: which is not idle then."""
    idle, longest = service.settings.session_idle, service.settings.session_longest
    if secret:
        who = keys.find(session, secret)
    elif token:
        who = sessions.find(session, token, idle=idle, longest=longest, in_use=in_use)
    else:
        who = None
    return who and replace(who, assigned_only=service.settings.inspectors_see == "assigned")


async def _said(request: Request) -> dict[str, str]:
    """What of the body belongs on record, masked; FastAPI has read the body of these operations, and no other's."""
    fields = _SAID.get(request.scope["route"].name, ())
    try:
        # A form was read as a stream, which cannot be read again.
        body = await request.json() if fields and "form" not in request.headers.get("content-type", "") else {}
    except ValueError:  # the route will say so
        body = {}
    given = {name: body[name] for name in fields if isinstance(body, dict) and name in body}
    return {name: _told(json.dumps(value, ensure_ascii=False).strip('"')) for name, value in given.items()}


def allow(permission: Permission | None) -> Callable[..., Iterator[Principal]]:
    """A dependency that lets callers with `permission` in, and is who they are; None lets in everybody known.

    What a caller did is on record in the transaction that did it, before the answer leaves; what was refused, and what
    was not found, is on record too.
    """

    def check(
        request: Request,
        service: ServiceDep,
        session: SessionDep,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
        token: Annotated[str | None, Security(_cookie)],
        said: Annotated[dict[str, str], Depends(_said)],
    ) -> Iterator[Principal]:
        def refuse(error: Exception) -> None:
            session.rollback()
            if not is_outage(error):
                with service.database.transaction() as apart:
                    _record(apart, request, who, said, _code(error))

        secret = credentials.credentials if credentials else None
        who = _known(request, service, secret, token)
        try:
            request.app.state.throttles.requests.take(who.name)
            _admit(request, who, permission, None if secret else token)
            yield who
        except Exception as error:
            if not _told_already(request, who, error):
                refuse(error)
            raise
        if fault := getattr(request.state, "fault", None):  # a page has shown it, and nothing was raised
            refuse(fault)
        elif _matters(request, who):
            _record(session, request, who, said, None)

    return check


def _known(request: Request, service: Service, secret: str | None, token: str | None) -> Principal:
    """Who is calling, noted with the way to ask anew for whoever answers for long."""
    asked = request.scope["route"].name not in _UNASKED and "x-unasked" not in request.headers
    # A transaction of its own: a slow upload must not hold a connection.
    with service.database.transaction() as apart:
        who = identify(apart, service, secret, token, in_use=asked)
    if who is None:
        raise Unauthorized("需要登录，或有效的密钥：Authorization: Bearer tj_…")
    request.state.who = who
    request.state.anew = partial(identify, service=service, secret=secret, token=token, in_use=False)
    return who


def _told_already(request: Request, who: Principal, error: Exception) -> bool:
    """Whether it is one refusal more for asking too often: on record, each would cost more than what it refuses."""
    if isinstance(error, TooMany):
        try:
            request.app.state.throttles.refusals.take(who.name)
        except TooMany:
            return True
    return False


def about(request: Request, call_id: int) -> None:
    """Note which call a request is about, for the record, where its path does not say so."""
    request.state.call_id = call_id


def _admit(request: Request, who: Principal, permission: Permission | None, token: str | None) -> None:
    if permission and not who.may(permission):
        raise Forbidden(f"角色 {who.role} 没有此操作的权限")
    # Another site can make the browser send the cookie, but not read the token that belongs to it.
    sent = request.headers.get("x-csrf-token", "").encode()
    if token and _changes(request) and not secrets.compare_digest(sent, csrf_token(token).encode()):
        raise Forbidden("缺少或错误的 X-CSRF-Token，请刷新页面后重试", code="csrf")


def _code(error: Exception) -> str:
    if isinstance(error, AppError):
        return error.code
    return "invalid" if isinstance(error, RequestValidationError) else "failed"


def _changes(request: Request) -> bool:
    return request.method not in ("GET", "HEAD", "OPTIONS")


def _matters(request: Request, who: Principal) -> bool:
    """Whether a request belongs on record: not a dialer that asks, again and again, how far its calls are."""
    return _changes(request) or who.role != "dialer"


def _record(session: Session, request: Request, who: Principal, said: Mapping[str, str], refused: str | None) -> None:
    asked = {_told(name): _told(value) for name, value in request.query_params.items() if name != "cursor"}
    named = {name: _told(value) for name, value in request.path_params.items() if name != "call_id"}
    # What the caller names stands apart from what we say of it: `?refused=…` must not read as a refusal.
    parts = {"said": said, "asked": dict(islice(asked.items(), _MOST_ASKED)), "refused": refused}
    audit.record(
        session,
        who.name,
        request.scope["route"].name,
        call_id=_call_of(request),
        address=address_of(request),
        detail=named | {name: part for name, part in parts.items() if part},
    )


def _call_of(request: Request) -> int | None:
    known: int | None = getattr(request.state, "call_id", None)
    named = request.path_params.get("call_id", "")
    return int(named) if _CALL_ID.fullmatch(named) else known


def address_of(request: Request) -> str | None:
    """Where a request comes from, through the proxies that are trusted."""
    return request.client.host if request.client else None


def _told(value: str) -> str:
    """What a caller wrote, as the log keeps it: masked, for nothing is ever taken out of it again."""
    # PostgreSQL holds neither NUL nor half a surrogate pair, and nobody reads a megabyte. Cut after it is masked: the
    # rest of a number that is cut through would look like none.
    return rules.mask(value[:300].replace("\0", "\ufffd").encode(errors="replace").decode())[:200]


# With the default scope the record would come after the client has its answer.
#: Anybody who is signed in or has a key.
Anyone = Annotated[Principal, Depends(allow(None), scope="function")]
Poster = Annotated[Principal, Depends(allow("post"), scope="function")]
DialKeeper = Annotated[Principal, Depends(allow("dials"), scope="function")]
Watcher = Annotated[Principal, Depends(allow("state"), scope="function")]
Reader = Annotated[Principal, Depends(allow("read"), scope="function")]
Retrier = Annotated[Principal, Depends(allow("retry"), scope="function")]
Reviewer = Annotated[Principal, Depends(allow("review"), scope="function")]
Assigner = Annotated[Principal, Depends(allow("assign"), scope="function")]
Statistician = Annotated[Principal, Depends(allow("statistics"), scope="function")]
Exporter = Annotated[Principal, Depends(allow("export"), scope="function")]
Trier = Annotated[Principal, Depends(allow("try"), scope="function")]
RuleWriter = Annotated[Principal, Depends(allow("rules"), scope="function")]
Manager = Annotated[Principal, Depends(allow("manage"), scope="function")]
Holder = Annotated[Principal, Depends(allow("hold"), scope="function")]
Auditor = Annotated[Principal, Depends(allow("audit"), scope="function")]

CallId = Annotated[int, Path(ge=1, le=2**63 - 1)]
