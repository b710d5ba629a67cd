"""Reading what is sent, by hand and only after the key was checked: counted as it streams in.

FastAPI would read and parse a declared body before it looks at the key, so anyone could fill the disk or the memory.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.errors import AppError, TooLarge, Unprocessable
from app.schemas import CallFacts

_MAX_METADATA = 64 * 1024


@asynccontextmanager
async def upload_form(request: Request, limit: int) -> AsyncIterator[FormData]:
    """The multipart form of a request whose body is at most `limit` bytes; its temporary files go after the block.

    Raises:
        TooLarge: the body is longer, found from its declared length or, failing that, while it comes in.
        AppError: it is not a multipart form.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise AppError("请求须为 multipart/form-data，含 audio 与 metadata", code="not_multipart")
    body = _counted(request, limit)
    try:
        parser = MultiPartParser(request.headers, body, max_files=1, max_fields=1, max_part_size=_MAX_METADATA)
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, KeyError) as error:
        raise AppError(f"multipart 格式有误：{error}", code="bad_multipart") from error
    try:
        yield form
    finally:
        await form.close()


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
        faults = [fault | {"loc": (place, *fault["loc"])} for fault in error.errors(include_input=False)]
        raise RequestValidationError(faults) from error


async def _counted(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    if int(request.headers.get("content-length", 0)) > limit:
        raise _too_large(limit)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"上传超过 {limit // (1024 * 1024)} MiB 的上限")


def audio_of(form: FormData) -> UploadFile:
    """The recording in the form.

    Raises:
        Unprocessable: there is none, or it is empty.
    """
    audio = form.get("audio")
    if not isinstance(audio, UploadFile):
        raise Unprocessable("缺少文件字段 audio", code="audio_missing")
    if not audio.size:
        raise Unprocessable(f"{audio.filename}: 文件为空", code="empty")
    return audio


def facts_of(form: FormData) -> CallFacts:
    """The call facts in the form, none if there is no metadata.

    Raises:
        Unprocessable: they are not a JSON object.
        RequestValidationError: a field has a wrong value.
    """
    with checked("metadata"):
        return CallFacts.model_validate(_parse(form.get("metadata") or "{}"))


def _parse(metadata: Any) -> dict[str, Any]:
    try:
        parsed = json.loads(metadata)
    except (ValueError, TypeError, RecursionError) as error:
        raise Unprocessable(f"metadata 不是有效的 JSON：{error}", code="metadata_not_json") from error
    if not isinstance(parsed, dict):
        raise Unprocessable("metadata 须为 JSON 对象", code="metadata_not_object")
    return parsed
