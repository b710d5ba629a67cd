"""What every answer carries and every request is held to, whatever route it is for."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooLarge, TooSlow, problem

#: A page may load from this service only, and run or apply nothing that is written into it.
_POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Answers are about debtors: no browser or proxy keeps them. What may be kept says so itself.
    "Cache-Control": "no-store",
}
_ENCRYPTED = {"Strict-Transport-Security": "max-age=31536000"}

#: Seconds in which a body of limited size has to arrive.
_PATIENCE = 60

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def policy(inline: str = "") -> str:
    """The content security policy; `inline`: a page whose own written-in scripts and styles may run."""
    allowed = dict(_POLICY)
    for kind, source in _INLINE.findall(inline):
        allowed[f"{kind}-src"] += f" 'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


class SecureHeaders:
    """Adds security headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._policy = policy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        encrypted = _ENCRYPTED if scope.get("scheme") == "https" else {}
        headers = _HEADERS | encrypted | {"Content-Security-Policy": self._policy}

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                for name, value in headers.items():
                    MutableHeaders(scope=message).setdefault(name, value)
                if encrypted:
                    message["headers"] = [_kept_secret(*header) for header in message["headers"]]
            await send(message)

        await self._app(scope, receive, secured)


def _kept_secret(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header; a cookie, whoever sets it, as one that browsers send over encrypted connections only."""
    bare = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; secure" if bare else value


class BodyLimit:
    """Refuses large and slow bodies for routes that do not count what they read.

    FastAPI reads the whole body before it looks at the key, so anyone could fill the memory.
    """

    def __init__(self, app: ASGIApp, limit: int, counting: frozenset[str]) -> None:
        self._app = app
        self._limit = limit  #: bytes
        self._counting = counting  #: paths of routes that count for themselves

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"] in self._counting:
            await self._app(scope, receive, send)
        elif int(Headers(scope=scope).get("content-length", 0)) > self._limit:
            detail = f"请求体超过 {self._limit // 1024} KiB 的上限"
            answer = problem(HTTPConnection(scope), TooLarge.status, code=TooLarge.code, detail=detail)
            await answer(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        read, arrived, deadline = 0, False, asyncio.get_running_loop().time() + _PATIENCE

        async def counted() -> Message:
            nonlocal read, arrived
            try:
                # What comes after the body is the client's going away: long answers wait for that without an end.
                async with asyncio.timeout_at(None if arrived else deadline):
                    message = await receive()
            except TimeoutError as error:
                raise TooSlow(f"请求体未在 {_PATIENCE} 秒内收完") from error
            arrived = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > self._limit:
                raise TooLarge(f"请求体超过 {self._limit // 1024} KiB 的上限")
            return message

        return counted
