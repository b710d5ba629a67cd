"""Around every request: an id to find it by, a line in the log, a count for monitoring."""

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import unexpected
from app.metrics import HttpMetrics

log = structlog.stdlib.get_logger(__name__)

#: An id a caller may give; anything else gets one of ours.
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
#: Asked every few seconds by machines: logged only when they fail.
_HUMDRUM = {"/healthz", "/readyz", "/metrics"}


def _new_id() -> str:
    # Letters only: digits that look like a card's number would be masked in the log, and the request never found.
    return uuid.uuid4().hex.translate(_LETTERS)


class Requests:
    """The middleware. It answers what the application does not, so that a 500 has the id too."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given, began, status = Headers(scope=scope).get("x-request-id", ""), time.perf_counter(), 0
        request_id = given if _GIVEN.fullmatch(given) else _new_id()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            except Exception:
                log.exception("request failed")
                if status:
                    raise
                await unexpected(HTTPConnection(scope))(scope, receive, answer)
            finally:
                self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template: a path may hold anything, and the query the words somebody looks for.
        route = getattr(scope.get("route"), "path", "unknown")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.count(route, method, status, seconds)
        if route in _HUMDRUM and status < 400:
            return
        about = {"call_id": scope["path_params"]["call_id"]} if "call_id" in scope.get("path_params", {}) else {}
        log.info("request", method=method, route=route, status=status, seconds=round(seconds, 4), **about)
