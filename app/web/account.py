"""Signing in and out, and choosing another password."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from app.api import session as session_api
from app.api.access import COOKIE, Anyone, ServiceDep, identify
from app.errors import AppError, Unauthorized
from app.security import csrf_token, new_token
from app.service import Service
from app.web.pages import PageRoute, page, texts, told

router = APIRouter(route_class=PageRoute)

#: Nobody has a session before signing in: the form is told for our own by a cookie that no other site can read or set.
_FORM_COOKIE = "tingjian_form"


@router.get("/login")
def sign_in_page(request: Request, service: ServiceDep, next: str = "/") -> Response:
    """The form; who is signed in already goes on."""
    if _signed_in(request, service):
        return RedirectResponse(_ours(next), 303)
    return _form(request, next)


@router.post("/login")
def sign_in(
    request: Request,
    service: ServiceDep,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
    token: Annotated[str, Form()] = "",
) -> Response:
    """Check name and password, and go where one wanted to go."""
    made_for = request.cookies.get(_FORM_COOKIE, "")
    if not made_for or not secrets.compare_digest(token.encode(), csrf_token(made_for).encode()):
        return _form(request, next, name, texts()["login"]["stale"], 403)
    answer = RedirectResponse(_ours(next), 303)
    try:
        session_api.sign_in(session_api.Login(name=name, password=password), request, answer, service)
    except ValidationError:
        return _form(request, next, name, texts()["login"]["wrong"], 401)
    except AppError as error:
        fault = texts()["login"]["wrong"] if isinstance(error, Unauthorized) else told(error.code, error.detail)
        return _form(request, next, name, fault, error.status)
    answer.delete_cookie(_FORM_COOKIE, path="/login")
    return answer


@router.get("/account")
def account(request: Request, who: Anyone) -> Response:
    """Who one is, and the form for another password."""
    return page(request, "account.html", {}, who)


def _signed_in(request: Request, service: Service) -> bool:
    with service.database.transaction() as session:
        return identify(session, service, None, request.cookies.get(COOKIE)) is not None


def _form(request: Request, to: str, name: str = "", fault: str = "", status: int = 200) -> Response:
    token = new_token()
    shown = {"next": _ours(to), "name": name, "fault": fault, "token": csrf_token(token)}
    provider = request.app.state.oidc is not None
    answer = page(request, "login.html", {**shown, "provider": provider}, status=status)
    encrypted = request.url.scheme == "https"
    answer.set_cookie(_FORM_COOKIE, token, httponly=True, samesite="strict", secure=encrypted, path="/login")
    return answer


def _ours(address: str) -> str:
    """A path of this service; anything else is the first page. Browsers read // and /\\ as another host."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"
