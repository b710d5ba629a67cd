"""What errors say in the language that somebody reads: they are raised in Chinese, and their code tells which it is."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from starlette.requests import HTTPConnection

#: Of the pages.
Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

#: Faults that one message lists.
TOLD = 20

_WEB = Path(__file__).parent / "web"


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
    found: dict[str | None, str] = yaml.safe_load((_WEB / "faults.en.yaml").read_text("utf-8"))
    return found


def rule_fault(message: str, language: Language) -> str:
    """What is wrong with a pack of rules, which the library of rules says in Chinese, in that language."""
    if language == "zh":
        return message
    for chinese, english in _rule_faults():
        if found := chinese.fullmatch(message):
            named = (group.split("；") for group in found.groups())
            return english.format(*("; ".join(rule_fault(part, language) for part in parts) for parts in named))
    return message


@cache
def _rule_faults() -> Sequence[tuple[re.Pattern[str], str]]:
    found: dict[str, str] = yaml.safe_load((_WEB / "rule_faults.en.yaml").read_text("utf-8"))
    pattern = {chinese: "(.*)".join(map(re.escape, chinese.split("{}"))) for chinese in found}
    return [(re.compile(pattern[chinese], re.DOTALL), english) for chinese, english in found.items()]


def wrong(fault: Mapping[str, Any], language: Language) -> str:
    """What is wrong with a field, from an error of pydantic's, said to somebody who never saw pydantic."""
    known = wrongs().get(fault["type"], {}).get(language)
    if known is None:  # ours, which say it themselves in Chinese, or one that nobody thought of
        said: str = fault["msg"].removeprefix("Value error, ")
        return "不符合要求" if language == "zh" and said.isascii() else said
    return known.format(**{name: _plain(value) for name, value in fault.get("ctx", {}).items()})


def _plain(value: object) -> object:
    # Choices come as 'a', 'b' or 'c'.
    return value.replace("'", "").replace(" or ", ", ") if isinstance(value, str) else value


def faults_of(faults: Sequence[Mapping[str, Any]], language: Language = "zh") -> str:
    """What pydantic finds wrong, field by field, in one line: the first of it, and never what was given."""
    told = [": ".join(filter(None, (place(fault), wrong(fault, language)))) for fault in faults[:TOLD]]
    if len(faults) > TOLD:
        told.append(f"共 {len(faults)} 处" if language == "zh" else f"{len(faults)} in all")
    return "；".join(told)


def place(fault: Mapping[str, Any]) -> str:
    """The field that an error of pydantic's is about, as programs write it; empty if it is about the whole."""
    return ".".join(map(str, fault["loc"]))


@cache
def wrongs() -> Mapping[str, Mapping[Language, str]]:
    """What can be wrong with a field, by the type of pydantic's error."""
    found: dict[str, dict[Language, str]] = yaml.safe_load((_WEB / "wrongs.yaml").read_text("utf-8"))
    return found
