"""Inspecting files without a server: recordings or transcripts in, one Inspection each out."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from app.pipeline import Inspection, Judge
from app.schemas import CallFacts, TextIn
from asr import AsrError, Transcriber
from asr.transcript import Transcript
from rules import RuleError
from scoring import TemplateError

_Model = TypeVar("_Model", TextIn, CallFacts)


class InputError(Exception):
    """A file given to `inspect` cannot be used; the message says why."""


def inspect_files(
    paths: Iterable[Path],
    judge: Judge,
    transcriber: Callable[[], Transcriber],
    *,
    facts: CallFacts,
    template: str,
    agent_channel: Literal["left", "right"],
) -> Iterator[Inspection]:
    """Inspect each file in turn; one that cannot be used yields a failed Inspection and the rest go on."""
    for path in paths:
        try:
            transcript, known = _hear(path, transcriber, facts, agent_channel)
            judgement = judge.judge(transcript, known, template)
        except (InputError, AsrError, RuleError, TemplateError) as error:
            yield Inspection(str(path), "failed", str(error))
        else:
            yield Inspection(
                str(path), "scored", None, transcript, judgement.findings, judgement.promises, judgement.scorecard
            )


def _hear(
    path: Path, transcriber: Callable[[], Transcriber], facts: CallFacts, agent_channel: Literal["left", "right"]
) -> tuple[Transcript, Mapping[str, Any]]:
    if path.suffix.lower() != ".json":
        return transcriber().transcribe(path, agent_channel=agent_channel), facts.known()
    text = _validate(TextIn, path)
    # What is said on the command line comes before what the file says of itself.
    return text.transcript(), text.call.known() | facts.model_dump(exclude_unset=True, exclude_none=True)


def read_facts(path: Path) -> CallFacts:
    """Call facts from a JSON file.

    Raises:
        InputError: it cannot be read or has faults, all of them listed.
    """
    return _validate(CallFacts, path)


def _validate(model: type[_Model], path: Path) -> _Model:
    try:
        return model.model_validate(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InputError(f"{path}: 无法读取：{error.strerror}") from error
    except ValidationError as error:
        faults = "；".join(f"{'.'.join(map(str, fault['loc'])) or '全文'}: {fault['msg']}" for fault in error.errors())
        raise InputError(f"{path}: {faults}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: 不是有效的 JSON：{error}") from error
