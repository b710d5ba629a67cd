"""The scripts and styles that pages load, as hatch_build.py made them."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.errors import NotFound

router = APIRouter()

_DIST = Path(__file__).parent / "dist"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
#: The name of a file changes with what is in it, so a copy never grows old.
_FOR_EVER = "public, max-age=31536000, immutable"


def address(name: str) -> str:
    """Where a page finds `name`, such as `main.js`."""
    return f"/static/{_names()[name][0]}"


def imports(name: str) -> list[str]:
    """Where it finds what that file imports."""
    return [f"/static/{one}" for one in _names()[name][1:]]


@cache
def _names() -> Mapping[str, Sequence[str]]:
    """By plain name, the file and those that it imports."""
    try:
        names: Mapping[str, Sequence[str]] = json.loads((_DIST / "manifest.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise RuntimeError("页面资源尚未构建，请运行 uv sync --reinstall-package tingjian") from error
    return names


@router.get("/static/{name}")
def get_file(name: str, request: Request) -> Response:
    """One of them; nothing else that may lie in the folder."""
    if name not in {file for file, *_ in _names().values()}:
        raise NotFound(f"没有文件 {name}")
    headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = (_DIST / f"{name}.gz" if packed else _DIST / name).read_bytes()
    return Response(body, headers=headers, media_type=_TYPES[Path(name).suffix])
