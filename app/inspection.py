"""Inspecting files without a server: recordings or transcripts in, one Inspection each out."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from app.documents import parsed
from app.pipeline import Inspection, Judge
from app.schemas import CallFacts, TextIn
from app.wording import faults_of
from asr import AsrError, Transcriber
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
    default_template: str,
) -> Iterator[Inspection]:
    """Inspect each file in turn; one that cannot be used yields a failed Inspection and the rest go on.

    `facts` hold for every file, and come before what a file says of itself.
    """
    for path in paths:
        try:
            yield _inspect(path, judge, transcriber, facts, default_template)
        except (InputError, AsrError, RuleError, TemplateError) as error:
            yield Inspection(str(path), "failed", str(error))
        except Exception as error:  # noqa: BLE001 - whatever one file does, the others are inspected
            yield Inspection(str(path), "failed", f"{path}: 内部错误 {type(error).__name__}: {error}")


def _inspect(
    path: Path, judge: Judge, transcriber: Callable[[], Transcriber], facts: CallFacts, default_template: str
) -> Inspection:
    if path.suffix.lower() == ".json":
        text = _validate(TextIn, path)
        facts = CallFacts.model_validate(
            text.call.model_dump(exclude_unset=True) | facts.model_dump(exclude_unset=True)
        )
        transcript = text.transcript()
    else:
        transcript = transcriber().transcribe(path, agent_channel=facts.agent_channel)
    made = judge.judge(transcript, facts.known(), facts.template or default_template)
    return Inspection(str(path), "scored", None, transcript, made.findings, made.promises, made.scorecard)


def read_facts(path: Path) -> CallFacts:
    """Call facts from a JSON file.

    Raises:
        InputError: it cannot be read or has faults, all of them listed.
    """
    return _validate(CallFacts, path)


def _validate(model: type[_Model], path: Path) -> _Model:
    try:
        return model.model_validate(parsed(path.read_bytes()))
    except OSError as error:
        raise InputError(f"{path}: 无法读取：{error.strerror}") from error
    except ValidationError as error:
        raise InputError(f"{path}: {faults_of(error.errors())}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
