"""One call from transcript to verdict: packs, findings, promises and the scorecard. No HTTP, no database."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import rules
import scoring
from app.rulebook import Rulebook
from app.schemas import CALL_ZONE
from asr.transcript import Transcript
from rules import Fault, Finding, Pack, Promise, RuleError
from rules.places import Places
from scoring import Scorecard, Template


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything judged about one call."""

    findings: tuple[Finding, ...]
    promises: tuple[Promise, ...]
    scorecard: Scorecard
    template: Template
    packs: Mapping[str, str]  #: pack id -> digest
    pack_versions: Mapping[str, str]  #: pack id -> version


@dataclass(frozen=True, slots=True)
class Inspection:
    """What `inspect --json` prints for one input."""

    source: str
    status: str  #: scored, or failed with `error`
    error: str | None = None
    transcript: Transcript | None = None
    findings: tuple[Finding, ...] = ()
    promises: tuple[Promise, ...] = ()
    scorecard: Scorecard | None = None


class Judge:
    """Judges transcripts by named templates, looking in an institution's own folders before the built-in ones."""

    load: Callable[[str], tuple[Template, tuple[Pack, ...]]]

    def __init__(self, template_folder: Path | None = None, pack_folder: Path | None = None) -> None:
        self._use(Rulebook(template_folder, pack_folder))

    def _use(self, book: Rulebook) -> None:
        # Reading and compiling a pack takes far longer than judging a call by it. Whoever is judging meanwhile goes on
        # with the packs that it has.
        self.book, self.load = book, cache(book.load)

    def follow(self, edition: int, published: Mapping[str, str]) -> None:
        """Judge by what is published from now on: the texts of packs, `edition` telling one such set from another."""
        self._use(replace(self.book, published=published, edition=edition))

    def trying(self, pack: str, text: str) -> "Judge":
        """A judge like this one, for which `text` is published as that pack.

        Raises:
            rules.RuleError: it would grow without end.
        """
        if Places(text).too_large:
            raise RuleError([Fault(f"{pack}.yaml", "", "", "别名（*）展开后太大")])
        other = Judge()
        other._use(replace(self.book, published={**self.book.published, pack: text}))
        return other

    def having_read(self, transcripts: Iterable[Transcript], template: str) -> "Judge":
        """This judge, having read some transcripts, which it judges sooner then, by that template only.

        Raises:
            rules.RuleError, scoring.TemplateError: the template or one of its packs cannot be used.
        """
        card, packs = self.load(template)
        other = copy(self)
        other.load = {template: (card, rules.read_ahead(packs, transcripts))}.__getitem__
        return other

    def judge(self, transcript: Transcript, facts: Mapping[str, Any], template: str) -> Judgement:
        """Check the transcript against the template's packs and score it.

        Raises:
            rules.RuleError, scoring.TemplateError: the template or one of its packs cannot be used.
        """
        card, packs = self.load(template)
        findings = tuple(rules.check(packs, transcript, facts))
        return Judgement(
            findings=findings,
            promises=tuple(rules.find_promises(transcript, _call_date(facts))),
            scorecard=scoring.score(card, findings),
            template=card,
            packs={pack.id: pack.digest for pack in packs},
            pack_versions={pack.id: pack.version for pack in packs},
        )


def _call_date(facts: Mapping[str, Any]) -> date | None:
    started: datetime | None = facts.get("started_at")
    return started.astimezone(CALL_ZONE).date() if started else None


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    # Building one takes far longer than using it, and a call has dozens of findings.
    return TypeAdapter(kind)


def to_json(value: object) -> Any:
    """A dataclass value as plain JSON types, field by field."""
    kind: Any = type(value)  # mypy takes a class for its instances when it asks whether it can be hashed
    return _adapter(kind).dump_python(value, mode="json")


def read_transcript(body: Mapping[str, Any]) -> Transcript:
    """A transcript back from its JSON."""
    transcript: Transcript = _adapter(Transcript).validate_python(body)
    return transcript


def read_finding(body: Mapping[str, Any]) -> Finding:
    """A finding back from its JSON."""
    finding: Finding = _adapter(Finding).validate_python(body)
    return finding


def transcript_row(transcript: Transcript) -> dict[str, Any]:
    """A transcript as columns of its table."""
    return {"engine": transcript.engine, "body": to_json(transcript)}


def scorecard_row(judgement: Judgement) -> dict[str, Any]:
    """A judgement as columns of a scorecard."""
    return {
        "template": judgement.scorecard.template,
        "version": judgement.scorecard.version,
        "packs": dict(judgement.packs),
        "pack_versions": dict(judgement.pack_versions),
        "body": to_json(judgement.scorecard),
        "promises": _adapter(tuple[Promise, ...]).dump_python(judgement.promises, mode="json"),
        "findings": _adapter(tuple[Finding, ...]).dump_python(judgement.findings, mode="json"),
    }
