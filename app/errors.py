"""What can go wrong, as RFC 9457 problem details: every error carries its status, one handler renders them."""

import errno
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection

from app.database import is_outage, ran_too_long
from app.wording import TOLD, faults_of, language_of, place, told, wrong

log = structlog.stdlib.get_logger(__name__)

#: Faults of a machine that is out of room: nothing that was asked of it is to blame.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EAGAIN})


#: Those that are of the disk.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


#: What Starlette answers by the status alone.
_ADDRESS = {HTTPStatus.NOT_FOUND: "没有这个地址", HTTPStatus.METHOD_NOT_ALLOWED: "这个地址不接受这种请求"}


class AppError(Exception):
    """A request cannot be served. Subclasses fix `status` and `code`; the message says what is wrong and where."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"  #: stable, for programs
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.answer_headers = {**self.headers, **(headers or {})}


class Unauthorized(AppError):
    """No key, or not one of ours."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class Forbidden(AppError):
    """A valid key whose role may not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"


class NotFound(AppError):
    """No such call, or not one this key may see."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class Conflict(AppError):
    """The request contradicts what is stored."""

    status = HTTPStatus.CONFLICT
    code = "conflict"


class TooLarge(AppError):
    """The upload is over the size limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"


class TooSlow(AppError):
    """The request did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "too_slow"


class Unprocessable(AppError):
    """Understood, and cannot be used: a broken recording, an unknown template."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unprocessable"


class TooMany(AppError):
    """More requests than one caller is allowed: try again after the time in Retry-After."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"


class Unavailable(AppError):
    """Not now: try again after the time in Retry-After."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "60"}


def problem(
    request: HTTPConnection,
    status: int,
    *,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """An application/problem+json response, in the language of the pages: their scripts show it."""
    said = told(code, detail, language_of(request))
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": said}
    return JSONResponse(body | more, status, dict(headers or {}), media_type="application/problem+json")


def unexpected(request: HTTPConnection) -> JSONResponse:
    """The answer to a fault of ours."""
    detail = "服务内部错误，已记入日志"
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, code="internal", detail=detail)


def answer(request: Request, error: AppError) -> JSONResponse:
    """An error of ours as problem details."""
    return problem(request, error.status, code=error.code, detail=error.detail, headers=error.answer_headers)


def refusal(error: HTTPException) -> AppError:
    """What Starlette or FastAPI refuse by themselves, as an error of ours."""
    if isinstance(error.__cause__, AppError):  # FastAPI takes whatever ends the reading of a body for a bad body
        return error.__cause__
    status = HTTPStatus(error.status_code)
    detail = _ADDRESS.get(status, error.detail) if error.detail == status.phrase else error.detail
    ours = AppError(str(detail), code=status.name.lower(), headers=error.headers)
    ours.status = status
    return ours


def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    found, language = error.errors(), language_of(request)
    faults = [{"field": place(fault), "message": wrong(fault, language)} for fault in found[:TOLD]]
    detail = ("请求有误：" if language == "zh" else "") + faults_of(found, language)
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, code="invalid", detail=detail, errors=faults)


def _no_room(request: Request, error: OSError) -> JSONResponse:
    if error.errno not in NO_ROOM:
        raise error
    if error.errno in _FULL:
        return answer(request, Unavailable("磁盘空间不足，请稍后重试", code="disk_full"))
    return answer(request, Unavailable("系统资源不足，请稍后重试", code="busy"))


def _database_away(request: Request, error: Exception) -> JSONResponse:
    if ran_too_long(error):
        log.warning("statement took too long")
        detail = "数据库查询超过时限，已中止；请缩小范围，或稍后重试"
        return problem(request, HTTPStatus.GATEWAY_TIMEOUT, code="query_timeout", detail=detail)
    if not is_outage(error):
        raise error
    log.warning("database away", reason=type(error).__name__)
    away = Unavailable("数据库暂时不可用，请稍后重试", code="database_away", headers={"Retry-After": "5"})
    return answer(request, away)


def _gone(request: Request, _: ClientDisconnect) -> JSONResponse:
    return problem(request, HTTPStatus.BAD_REQUEST, code="disconnected", detail="上传中断")


def _unexpected(request: Request, _: Exception) -> JSONResponse:
    # Starlette still raises the exception after answering, so that it is logged with its traceback.
    return unexpected(request)


def install(app: FastAPI) -> None:
    """Make `app` answer every error as problem details, but for what Starlette refuses: who reads pages gets one."""
    app.exception_handler(AppError)(answer)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(OSError)(_no_room)
    for kind in (DBAPIError, NoConnection, ConnectorException):
        app.exception_handler(kind)(_database_away)
    app.exception_handler(ClientDisconnect)(_gone)
    app.exception_handler(Exception)(_unexpected)
