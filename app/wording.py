"""What errors say in the language that somebody reads: they are raised in Chinese, and their code tells which it is."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml
from starlette.requests import HTTPConnection

#: Of the pages.
Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_ENGLISH = Path(__file__).parent / "web" / "faults.en.yaml"


def language_of(request: HTTPConnection) -> Language:
    """What this browser chose, or else what the service is set to."""
    chosen = request.cookies.get("tingjian_language")
    known = (language for language in LANGUAGES if language == chosen)
    setting: Language = request.app.state.service.settings.language
    return next(known, setting)


def told(code: str | None, detail: str, language: Language) -> str:
    """What went wrong, in that language."""
    known = _english() if language == "en" else {}
    return known[code].format(detail=detail) if code in known else detail


@cache
def _english() -> Mapping[str | None, str]:
    found: dict[str | None, str] = yaml.safe_load(_ENGLISH.read_text("utf-8"))
    return found
