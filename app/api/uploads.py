"""Reading what is sent, by hand and only after the key was checked: counted as it streams in.

FastAPI would read and parse a declared body before it looks at the key, so anyone could fill the disk or the memory.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import Request
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.documents import parsed
from app.errors import AppError, TooLarge, Unprocessable
from app.intake import Sent
from app.references import name_of
from app.schemas import CallFacts
from app.service import Service
from app.storage import Landing

_MAX_METADATA = 64 * 1024
_MAX_URL = 4000

#: Faults past which none is named: a body of a few MB may have a million, each of which would become an object.
_MOST_FAULTS = 1000

#: Seconds without a byte after which an upload ends; and bytes a second that it must make on the whole, but for the
#: first seconds: a thousand uploads that trickle would hold a thousand connections and files for ever.
_SILENCE = 30.0
_SLOWEST, _GRACE = 16 * 1024, 60.0


#: What may be posted, for OpenAPI.
BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["audio"],
                "properties": {
                    "audio": {"type": "string", "format": "binary", "description": "wav mp3 m4a amr opus flac"},
                    "metadata": {"type": "string", "description": "JSON 对象：external_id, agent_id, started_at, …"},
                },
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["recording_url"],
                "properties": {
                    "recording_url": {"type": "string", "description": "http、https 或 s3；须在允许的地址之内"},
                    "external_id": {"type": "string"},
                },
                "additionalProperties": True,
            }
        },
    },
}


class _TooSlow(AppError):
    status = HTTPStatus.REQUEST_TIMEOUT
    code = "too_slow"
    headers: ClassVar[Mapping[str, str]] = {"Connection": "close"}  # the rest of the body is not waited for


class _Form(MultiPartParser):
    """Starlette's parser, but a file is written where it is to be and not to a place of Starlette's first."""

    def __init__(self, headers: Headers, body: AsyncGenerator[bytes, None], land: Callable[[str], Landing]) -> None:
        super().__init__(headers, body, max_files=1, max_fields=1, max_part_size=_MAX_METADATA)
        self._land = land

    def on_headers_finished(self) -> None:
        """Called when a part begins."""
        super().on_headers_finished()
        if upload := self._current_part.file:
            upload.file.close()
            upload.file = self._land(upload.filename or "audio")


@asynccontextmanager
async def posted_call(request: Request, service: Service) -> AsyncIterator[Sent]:
    """The call in a request: a form with `audio` and `metadata`, or metadata alone with `recording_url` in it.

    Raises:
        TooLarge: the body is longer than is allowed.
        AppError: it is no form and no JSON, or has no recording, or two.
        RequestValidationError: a fact has a wrong value.
    """
    if request.headers.get("content-type", "").startswith("application/json"):
        yield _sent(None, _parse(await read_body(request, _MAX_METADATA)))
        return
    # In a thread: removing a large file takes its time.
    async with contextmanager_in_threadpool(service.recordings.landing()) as land:
        form = await _read_form(request, service.settings.max_upload, land)
        yield _sent(form.get("audio"), _parse(form.get("metadata") or "{}"))


async def _read_form(request: Request, limit: int, land: Callable[[str], Landing]) -> FormData:
    """The multipart form of a request whose body is at most `limit` bytes.

    Raises:
        TooLarge: the body is longer, found from its declared length or, failing that, while it comes in.
        AppError: it is not a multipart form.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise AppError("请求须为含 audio 的 multipart/form-data，或含 recording_url 的 JSON", code="not_multipart")
    try:
        return await _Form(request.headers, _counted(request, limit), land).parse()
    except (MultiPartException, MultipartParseError, KeyError) as error:
        raise AppError(f"multipart 格式有误：{error}", code="bad_multipart") from error


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body of a request, at most `limit` bytes.

    Raises:
        TooLarge: it is longer.
    """
    return b"".join([chunk async for chunk in _counted(request, limit)])


@contextmanager
def checked(place: str) -> Iterator[None]:
    """Answer what pydantic finds wrong as an invalid request, naming the field under `place`."""
    try:
        yield
    except ValidationError as error:
        if error.error_count() > _MOST_FAULTS:
            raise Unprocessable(f"{place} 有误，共 {error.error_count()} 处", code="invalid") from error
        faults = [fault | {"loc": (place, *fault["loc"])} for fault in error.errors(include_input=False)]
        raise RequestValidationError(faults) from error


async def _counted(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    if int(request.headers.get("content-length", 0)) > limit:
        raise _too_large(limit)
    stream, size, began = request.stream(), 0, time.monotonic()
    while True:
        try:
            async with asyncio.timeout(_SILENCE):
                chunk = await anext(stream, None)
        except TimeoutError as error:
            raise _TooSlow(f"{_SILENCE:g} 秒没有收到数据，上传中止") from error
        if chunk is None:
            return
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        if size < _SLOWEST * (time.monotonic() - began - _GRACE):
            raise _TooSlow(f"上传慢于每秒 {_SLOWEST // 1024} KiB，已中止")
        yield chunk


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"上传超过 {limit // (1024 * 1024)} MiB 的上限")


def _sent(audio: object, metadata: dict[str, Any]) -> Sent:
    url = metadata.pop("recording_url", None)
    with checked("metadata"):
        facts = CallFacts.model_validate(metadata)
    if url is None:
        upload = _audio(audio)
        assert isinstance(upload.file, Landing)
        return Sent(facts, upload.filename or "audio", upload.file.arrival())
    if audio is not None:
        raise Unprocessable("audio 与 recording_url 只能给出一个", code="two_recordings")
    if not isinstance(url, str) or len(url) > _MAX_URL:
        raise Unprocessable(f"recording_url 须为不超过 {_MAX_URL} 个字符的地址", code="bad_url")
    return Sent(facts, name_of(url), url=url)


def _audio(audio: object) -> UploadFile:
    if not isinstance(audio, UploadFile):
        raise Unprocessable("缺少文件字段 audio，或 metadata 中的 recording_url", code="audio_missing")
    if not audio.size:
        raise Unprocessable(f"{audio.filename}: 文件为空", code="empty")
    return audio


def _parse(metadata: object) -> dict[str, Any]:
    if not isinstance(metadata, (str, bytes)):
        raise Unprocessable("metadata 须为文字字段，不是文件", code="metadata_not_json")
    try:
        said = parsed(metadata)
    except ValueError as error:
        raise Unprocessable(f"metadata {error}", code="metadata_not_json") from error
    if not isinstance(said, dict):
        raise Unprocessable("metadata 须为 JSON 对象", code="metadata_not_object")
    return said
