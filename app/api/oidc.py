"""Signing in through the institution's own identity provider, by OpenID Connect."""

import re
from collections.abc import Mapping
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool
from starlette.middleware.sessions import SessionMiddleware

from app.api.access import ServiceDep, address_of
from app.api.session import open_session
from app.api.users import NAME
from app.errors import Forbidden, NotFound, Unauthorized
from app.security import Role
from app.service import Service
from app.settings import Settings
from app.store import audit, users

#: The team of those who see every team: said by the provider, never by its silence.
_EVERY_TEAM = "*"

_NAME = re.compile(NAME)

router = APIRouter(prefix="/v1/session/oidc", tags=["登录"])

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
    answer: RedirectResponse = await _provider(request).authorize_redirect(request, request.url_for("finish_oidc"))
    return answer


@router.get("/callback", status_code=302, response_class=RedirectResponse)
async def finish_oidc(request: Request, service: ServiceDep) -> RedirectResponse:
    """Come back from the provider: the user is made or brought up to date, and signed in."""
    try:
        token = await _provider(request).authorize_access_token(request)
    except (AuthlibBaseError, JoseError) as error:
        raise Unauthorized("统一登录未成功，请重新登录", code="oidc_failed") from error
    answer = RedirectResponse("/", 302)
    await run_in_threadpool(_sign_in, service, request, answer, token["userinfo"])
    return answer


def _provider(request: Request) -> Any:
    if request.app.state.oidc is None:
        raise NotFound("没有配置统一登录（TINGJIAN_OIDC_ISSUER）", code="no_oidc")
    return request.app.state.oidc


def _sign_in(service: Service, request: Request, answer: RedirectResponse, claims: Mapping[str, Any]) -> None:
    role = _role(service.settings, claims)
    subject = f"{claims['iss']} {claims['sub']}"
    name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
    if not _NAME.fullmatch(name):
        raise Forbidden("统一登录给出的用户名须为 1 到 64 个字母、数字或 . _ @ -", code="bad_claim")
    team = _label(claims, service.settings.oidc_team_claim)
    agent_id = _label(claims, service.settings.oidc_agent_claim)
    if role in ("inspector", "supervisor") and not team and service.settings.oidc_team_claim:
        raise Forbidden("统一登录没有给出您的团队，请联系管理员", code="no_team")
    team = None if team == _EVERY_TEAM else team
    with service.database.transaction() as session:
        user = users.from_provider(session, subject, name, role, team=team, agent_id=agent_id)
        audit.record(session, user.name, "sign_in_oidc", address=address_of(request))
        open_session(session, request, answer, user)


def _label(claims: Mapping[str, Any], name: str) -> str | None:
    """The one value of a claim, which providers also send as a list; None when it is not there."""
    said = claims.get(name)
    values = said if isinstance(said, list) else [said]
    if len(values) > 1 or not all(value is None or isinstance(value, str) for value in values):
        raise Forbidden(f"统一登录给出的 {name} 须为一个值", code="bad_claim")
    return values[0] or None if values else None


def _role(settings: Settings, claims: Mapping[str, Any]) -> Role:
    """The role of the first group in `oidc_roles` that the provider says the user is in."""
    said = claims.get(settings.oidc_role_claim, [])
    groups = {said} if isinstance(said, str) else set(said)
    for group, role in settings.oidc_roles.items():
        if group in groups:
            return role
    raise Forbidden("您的账户没有听鉴的角色，请联系管理员", code="no_role")
