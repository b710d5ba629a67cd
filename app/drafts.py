"""What is wrong with a pack's text before it is published, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass

import rules
from app.pipeline import Judge
from rules import Fault, RuleError
from rules.places import Places
from scoring import TemplateError

#: Seconds for all examples of a pack; those of the largest built-in one take three.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing wrong."""

    line: int  #: counted from 1
    message: str  #: in Simplified Chinese


def faults(judge: Judge, name: str, text: str) -> list[Mark]:
    """Everything that keeps `text` from being published as that pack: it must load, prove itself, and fit templates."""
    places = Places(text)
    try:
        candidate = judge.trying(name, text)
        pack = candidate.book.pack(name)
    except RuleError as error:
        return [_mark(places, fault, name) for fault in error.faults]
    found = [_mark(places, fault, name) for fault in rules.verify(pack, _PATIENCE)]
    if pack.id != name:
        found.append(_mark(places, Fault("", "", "id", f"须是 {name}"), name))
    return [*found, *_templates(candidate, name)]


def _mark(places: Places, fault: Fault, name: str) -> Mark:
    # Faults of the examples name the pack, those of reading it the file; of a file that it uses, there is no line here.
    elsewhere = fault.file not in ("", name, f"{name}.yaml")
    where = " · ".join(part for part in (fault.file if elsewhere else "", fault.rule, fault.field) if part)
    return Mark(1 if elsewhere else places.line(fault), f"{where}：{fault.message}" if where else fault.message)


def _templates(candidate: Judge, name: str) -> Iterator[Mark]:
    for template in candidate.book.using(name):
        try:
            candidate.load(template.id)
        except TemplateError as error:
            yield Mark(1, str(error))
        except RuleError:  # of another pack: not for whoever edits this one to mend
            continue
