"""What every page is made with: templates and texts, and errors that are pages too."""

import gzip
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import yaml
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException

import rules
from app import errors, wording
from app.api.access import COOKIE
from app.database import is_outage
from app.errors import AppError, Forbidden, Unauthorized
from app.kinds import kind
from app.schemas import CALL_ZONE
from app.security import Principal, csrf_token
from app.web import files
from app.wording import Language

_HERE = Path(__file__).parent
_SMALL = 1024  #: bytes below which packing an answer is not worth it


#: The language of the page that is being made.
_language: ContextVar[Language] = ContextVar("language", default="zh")


def texts() -> Mapping[str, Any]:
    """Every text of the pages, in the language of the page that is being made."""
    return catalogue(_language.get())


@cache
def catalogue(language: Language) -> Mapping[str, Any]:
    """Every text of the pages in one language."""
    named: dict[str, Any] = yaml.safe_load((_HERE / f"texts.{language}.yaml").read_text("utf-8"))
    # What categories are called in Chinese is said where they are.
    return {"categories": rules.CATEGORIES} | named


def told(code: str | None, detail: str) -> str:
    """What went wrong, in the language of the page that is being made."""
    return wording.told(code, detail, _language.get())


def in_words(error: ValidationError, names: Mapping[str, str]) -> str:
    """What is wrong with each field, as somebody says it who never saw pydantic; `names`: what fields are called."""
    language, faults = _language.get(), error.errors(include_input=False)
    fields = [str(field) for fault in faults for field in fault["loc"][:1] or [""]]
    wrongs = (wording.wrong(fault, language) for fault in faults)
    between = " " if language == "en" else ""
    named = (f"{names.get(field, field)}{between}{wrong}" for field, wrong in zip(fields, wrongs, strict=True))
    return "；".join(told.strip() for told in named)


def page(
    request: Request, template: str, context: Mapping[str, Any], who: Principal | None = None, status: int = 200
) -> Response:
    """`template` as an answer to `request`, packed if the browser can unpack it."""
    common = {"t": texts(), "who": who, "path": request.url.path, "csrf": _csrf(request), "asked": request.url.query}
    body = _templates().get_template(template).render({**common, **context}).encode()
    headers = {"Vary": "Accept-Encoding, HX-Request"}
    if len(body) > _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
    return HTMLResponse(body, status, headers)


def _csrf(request: Request) -> str:
    """What scripts send as X-CSRF-Token: the token and random bits in front that it is mixed with.

    Packed text grows less when it repeats: a token that stayed the same could be guessed from sizes, letter by letter,
    by somebody who puts guesses into the page's address (BREACH).
    """
    token = request.cookies.get(COOKIE)
    if not token:
        return ""
    plain = bytes.fromhex(csrf_token(token))
    noise = secrets.token_bytes(len(plain))
    return (noise + bytes(a ^ b for a, b in zip(plain, noise, strict=True))).hex()


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "file": files.address,
        "imports": files.imports,
        "told": told,
        "category": category,
        "may": Principal.may,
        "kind": kind,
        "apart": apart,
        "enumerate": enumerate,
    }
    environment.filters |= {"clock": clock, "moment": moment, "number": number, "category": category}
    return environment


def apart(categories: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of what was found in a call, what is told by name, violations first, and the steps that are missing."""
    told = {name: kind(name) for name in categories}
    named = [name for wanted in ("violation", "signal") for name in told if told[name] == wanted]
    return named, [name for name in told if told[name] == "step"]


def category(name: str) -> str:
    """What people call a category, or whatever else needs their attention."""
    named: Mapping[str, str] = texts()["categories"]
    return named.get(name) or str(texts()["attention"].get(name, name))


def clock(seconds: float | None) -> str:
    """Seconds of a call as people read them: 3:07."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def moment(value: datetime | None) -> str:
    """A moment on the wall clock of the calls, the year only where it is not this one."""
    if value is None:
        return "–"
    told = value.astimezone(CALL_ZONE).isoformat(" ", "minutes")[:16]  # twice as fast as strftime, and lists have many
    return told.removeprefix(f"{datetime.now(CALL_ZONE).year}-")


def number(value: float | None) -> str:
    """A number without needless zeros."""
    return "–" if value is None else f"{value:.1f}".rstrip("0").rstrip(".")


class PageRoute(APIRoute):
    """A route whose errors are pages, and that has people sign in and brings them back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler FastAPI would use, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            _language.set(wording.language_of(request))
            try:
                return await handle(request)
            except Unauthorized:
                return _to_sign_in(request)
            except AppError as error:
                request.state.fault = error  # for the record: nobody above sees it any more
                refused = isinstance(error, Forbidden) and request.method == "GET"
                detail = texts()["error"]["refused"] if refused else told(error.code, error.detail)
                return failed(request, error.status, detail)
            except RequestValidationError as error:
                request.state.fault = error
                return failed(request, HTTPStatus.NOT_FOUND, texts()["error"]["address"])
            except Exception as error:
                if not is_outage(error):
                    raise
                request.state.fault = error
                return failed(request, HTTPStatus.SERVICE_UNAVAILABLE, texts()["error"]["database"])

        return guarded


def _to_sign_in(request: Request) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Refresh": "true"})
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/login" if here == "/" else f"/login?next={quote(here)}", HTTPStatus.SEE_OTHER)


def refused(request: Request, error: HTTPException) -> Response:
    """What Starlette or FastAPI refuse by themselves: a page for who reads pages."""
    ours = errors.refusal(error)
    if "text/html" not in request.headers.get("accept", ""):
        return errors.answer(request, ours)
    _language.set(wording.language_of(request))
    nowhere = ours.status == HTTPStatus.NOT_FOUND
    answer = failed(request, ours.status, texts()["error"]["address"] if nowhere else told(ours.code, ours.detail))
    answer.headers.update(ours.answer_headers)
    return answer


def failed(request: Request, status: int, detail: str) -> Response:
    """What went wrong, as a page."""
    who = getattr(request.state, "who", None)  # of a page that was refused to somebody
    return page(request, "error.html", {"code": int(status), "detail": detail}, who, status)
