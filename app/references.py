"""Recordings posted by reference: which addresses may be asked for one, and asking.

An address comes from whoever may post, and this service can reach what they cannot: so only what lies under a
configured address is asked, exactly there, and no answer sends us elsewhere. Addresses may carry signatures in their
query; it is never logged or told.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO
from urllib.parse import unquote

import httpx2

from app.blobs import S3Blobs
from app.errors import AppError

_PORTS = {"http": 80, "https": 443, "s3": None}

#: Seconds to connect and between two pieces; and for all of it, so that a drip does not hold a worker for ever.
_TIMEOUT = httpx2.Timeout(30, connect=10)
_LONGEST = 1800.0

#: What may be different in a minute: not there yet, too many requests, a server in trouble.
_PASSING = {404, 408, 409, 425, 429}


class FetchError(Exception):
    """A recording could not be fetched; the message says why, without the address's query."""

    def __init__(self, detail: str, code: str, *, hopeless: bool) -> None:
        super().__init__(detail)
        self.code = code
        self.hopeless = hopeless  #: whether no other try will better it


@dataclass(frozen=True, slots=True)
class References:
    """Fetches recordings from the addresses allowed."""

    allowed: tuple[
        str, ...
    ]  #: what an address must lie under: https://host/folder/, http://10.1.2.3:8080/, s3://bucket/
    limit: int  #: bytes

    def check(self, url: str) -> None:
        """Refuse an address that may not be asked.

        Raises:
            FetchError: it is none, or under none that is allowed.
        """
        asked = _parse(url)
        if not any(_under(asked, _parse(prefix)) for prefix in self.allowed):
            raise FetchError(f"{told(url)} 不在允许的录音地址之内", "url_not_allowed", hopeless=True)

    def fetch(self, url: str, file: BinaryIO) -> None:
        """Write the recording at `url` to `file`.

        Raises:
            FetchError: it may not be asked, did not answer with a recording, or it is too large.
        """
        self.check(url)
        until = time.monotonic() + _LONGEST
        with _s3(url) if _parse(url).scheme == "s3" else _http(url) as pieces:
            size = 0
            for piece in pieces:
                size += len(piece)
                if size > self.limit:
                    raise FetchError(f"{told(url)} 的录音超过大小上限", "too_large", hopeless=True)
                if time.monotonic() > until:
                    raise FetchError(f"{told(url)} 传输过慢", "fetch_failed", hopeless=False)
                file.write(piece)


def told(url: str) -> str:
    """The address as people may see it."""
    return url.partition("?")[0]


def name_of(url: str) -> str:
    """What the address calls the recording."""
    return unquote(PurePath(told(url)).name)


@contextmanager
def _http(url: str) -> Iterator[Iterator[bytes]]:
    # trust_env: a proxy from the environment would connect for us, to wherever it thinks the host is.
    # identity: unpacked by us, a few bytes could become terabytes.
    options: dict[str, Any] = {"follow_redirects": False, "trust_env": False, "timeout": _TIMEOUT}
    try:
        with (
            httpx2.Client(**options) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            _check_answer(url, answer)
            yield answer.iter_raw()
    except httpx2.TransportError as error:
        raise FetchError(
            f"无法从 {told(url)} 取得录音：{type(error).__name__}", "fetch_failed", hopeless=False
        ) from error


def _check_answer(url: str, answer: httpx2.Response) -> None:
    status = answer.status_code
    if answer.is_redirect:
        raise FetchError(f"{told(url)} 转向别处（{status}），不跟随", "redirected", hopeless=True)
    if status != 200:
        passing = status >= 500 or status in _PASSING
        raise FetchError(f"{told(url)} 答复 {status}", "fetch_failed", hopeless=not passing)
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise FetchError(f"{told(url)} 的答复经过压缩，无法核对大小", "fetch_failed", hopeless=True)


@contextmanager
def _s3(url: str) -> Iterator[Iterator[bytes]]:
    bucket, _, name = url.partition("://")[2].partition("/")
    blobs = S3Blobs(f"s3://{bucket}")
    try:
        size = blobs.size(unquote(name))
        if size is None:
            raise FetchError(f"{told(url)} 不在", "fetch_failed", hopeless=False)
        yield blobs.read(unquote(name), 0, size)
    except ValueError as error:  # a name that no object has: with // in it
        raise FetchError(f"{told(url)} 不是有效的地址", "bad_url", hopeless=True) from error
    except AppError as error:
        raise FetchError(f"无法从 {told(url)} 取得录音：存储不可用", "fetch_failed", hopeless=False) from error


def _parse(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise FetchError("不是有效的地址", "bad_url", hopeless=True) from error
    # The parser that checks must be the one that connects; what others might read differently is refused.
    if parsed.scheme not in _PORTS or not parsed.host or parsed.userinfo or parsed.fragment:
        raise FetchError("地址须为 http、https 或 s3，不含用户名与片段", "bad_url", hopeless=True)
    # Some servers cut parameters off before they go up: `..;x` is `..` to them.
    names = {part.partition(";")[0] for part in unquote(unquote(parsed.path)).split("/")}
    if "\\" in unquote(url) or {".", ".."} & names:
        raise FetchError("地址不能含 .. 或反斜杠", "bad_url", hopeless=True)
    return parsed


def _under(url: httpx2.URL, prefix: httpx2.URL) -> bool:
    folder = prefix.path if prefix.path.endswith("/") else f"{prefix.path}/"
    return _origin(url) == _origin(prefix) and url.path.startswith(folder)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host.lower(), url.port or _PORTS[url.scheme]
