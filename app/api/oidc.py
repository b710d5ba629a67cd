"""Signing in through the institution's own identity provider, by OpenID Connect."""

import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from joserfc.errors import JoseError
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.middleware.sessions import SessionMiddleware

from app.api.access import ServiceDep, address_of
from app.api.session import open_session
from app.api.users import NAME
from app.errors import AppError, Forbidden, NotFound, Unauthorized, Unavailable
from app.masking import masked_id
from app.schemas import Label
from app.security import Role
from app.service import Service
from app.settings import Settings
from app.store import audit, users
from app.throttle import Throttle
from app.web.pages import failed

log = structlog.stdlib.get_logger(__name__)

#: The team of those who see every team: said by the provider, never by its silence.
_EVERY_TEAM = "*"

_NAME = re.compile(NAME)
_LABELS = TypeAdapter(list[Label])


class _Route(APIRoute):
    """A route that shows a browser what went wrong as a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler FastAPI would use, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except AppError as error:
                if "text/html" not in request.headers.get("accept", ""):
                    raise
                return failed(request, error.status, error.detail)

        return guarded


router = APIRouter(prefix="/v1/session/oidc", tags=["登录"], route_class=_Route)

#: Seconds in which to sign in over there.
_PATIENCE = 600


def install(app: FastAPI, settings: Settings) -> None:
    """Let people sign in through the provider that the settings name, if they name one."""
    app.state.oidc = None
    if settings.oidc_issuer and settings.oidc_client_id and settings.oidc_client_secret:
        secret = settings.oidc_client_secret.get_secret_value()
        app.state.oidc = OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=secret,
            server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": settings.oidc_scopes, "code_challenge_method": "S256"},
        )
        # What was asked of the provider waits for its answer in a signed cookie: any server process can take it up.
        app.add_middleware(
            SessionMiddleware, secret, session_cookie="tingjian_oidc", max_age=_PATIENCE, path="/v1/session/oidc"
        )


@router.get("", status_code=302, response_class=RedirectResponse)
async def start_oidc(request: Request) -> RedirectResponse:
    """Go to the provider and sign in there."""
    provider = _provider(request)
    with _asking():
        answer: RedirectResponse = await provider.authorize_redirect(request, request.url_for("finish_oidc"))
    return answer


@router.get("/callback", status_code=302, response_class=RedirectResponse)
async def finish_oidc(request: Request, service: ServiceDep) -> RedirectResponse:
    """Come back from the provider: the user is made or brought up to date, and signed in."""
    provider, claims, answer = _provider(request), dict[str, Any](), RedirectResponse("/", 302)
    failures: Throttle = request.app.state.throttles.failed_sign_ins
    failures.check(address := address_of(request) or "")
    try:
        with _asking():
            claims |= (await provider.authorize_access_token(request))["userinfo"]
        await run_in_threadpool(_sign_in, service, request, answer, claims)
    except AppError as error:
        if not isinstance(error, Unavailable):  # that is not the visitor's failure
            failures.take(address)
        await run_in_threadpool(_record_refusal, service, request, claims, error)
        raise
    return answer


@contextmanager
def _asking() -> Iterator[None]:
    """Tell a provider that says no from one that says nothing, or nothing that makes sense."""
    try:
        yield
    except (AuthlibBaseError, JoseError) as error:
        raise Unauthorized("统一登录未成功，请重新登录", code="oidc_failed") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, LookupError, RuntimeError) as error:
        log.warning("identity provider away", reason=type(error).__name__)
        raise Unavailable("统一登录暂时无法使用，请稍后再试，或用密码登录", code="oidc_away") from error


def _record_refusal(service: Service, request: Request, claims: Mapping[str, Any], error: AppError) -> None:
    name = masked_id(_name(claims)[:200]) if claims else ""
    with service.database.transaction() as session:
        audit.record(session, name, "sign_in_oidc", address=address_of(request), detail={"refused": error.code})


def _name(claims: Mapping[str, Any]) -> str:
    return str(claims.get("preferred_username") or claims.get("email") or claims.get("sub", ""))


def _provider(request: Request) -> Any:
    if request.app.state.oidc is None:
        raise NotFound("没有配置统一登录（TINGJIAN_OIDC_ISSUER）", code="no_oidc")
    return request.app.state.oidc


def _sign_in(service: Service, request: Request, answer: RedirectResponse, claims: Mapping[str, Any]) -> None:
    role = _role(service.settings, claims)
    subject = f"{claims['iss']} {claims['sub']}"
    name = _name(claims)
    if not _NAME.fullmatch(name):
        raise Forbidden("统一登录给出的用户名须为 1 到 64 个字母、数字或 . _ @ -", code="bad_claim")
    team = _label(claims, service.settings.oidc_team_claim)
    agent_id = _label(claims, service.settings.oidc_agent_claim)
    if role in ("inspector", "supervisor") and not team and service.settings.oidc_team_claim:
        raise Forbidden("统一登录没有给出您的团队，请联系管理员", code="no_team")
    team = None if team == _EVERY_TEAM else team
    with service.database.transaction() as session:
        user = users.from_provider(session, subject, name, role, team=team, agent_id=agent_id)
        open_session(session, request, answer, user)
        audit.record(session, user.name, "sign_in_oidc", address=address_of(request))


def _label(claims: Mapping[str, Any], name: str) -> str | None:
    """The one value of a claim, None when it is not there."""
    values = _said(claims, name)
    if len(values) > 1:
        raise Forbidden(f"统一登录给出的 {name} 须为一个值", code="bad_claim")
    return values[0] if values else None


def _role(settings: Settings, claims: Mapping[str, Any]) -> Role:
    """The role of the first group in `oidc_roles` that the provider says the user is in."""
    said = claims.get(settings.oidc_role_claim)
    groups = said if isinstance(said, (list, dict)) else [said]  # one, several, or several with something on each
    for group, role in settings.oidc_roles.items():
        if group in groups:
            return role
    raise Forbidden("您的账户没有听鉴的角色，请联系管理员", code="no_role")


def _said(claims: Mapping[str, Any], name: str) -> list[str]:
    """The values of a claim, which providers send alone or as a list; what is empty is not there."""
    said = claims.get(name)
    try:
        return _LABELS.validate_python([value for value in (said if isinstance(said, list) else [said]) if value])
    except ValidationError as error:
        raise Forbidden(f"统一登录给出的 {name} 有误，请联系管理员", code="bad_claim") from error
