"""What is wrong with a pack's text before it is published, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass

import rules
from app.pipeline import Judge
from app.wording import Language, rule_fault
from rules import Fault, RuleError
from rules.places import Places
from scoring import TemplateError

#: Seconds for all examples of a pack; those of the largest built-in one take three.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing wrong."""

    line: int  #: counted from 1
    what: str  #: in Simplified Chinese
    where: tuple[str, ...] = ()  #: file, rule and field, as far as there are any

    def message(self, language: Language = "zh") -> str:
        """Where and what, in that language."""
        where = " · ".join(rule_fault(part, language) for part in self.where)
        between = "：" if language == "zh" else ": "
        return between.join(filter(None, (where, rule_fault(self.what, language))))


def faults(judge: Judge, name: str, text: str) -> list[Mark]:
    """Everything that keeps `text` from being published as that pack: it must load, prove itself, and fit templates."""
    places = Places(text)
    misnamed = [Fault("", "", "id", f"须是 {name}")] if places.id not in (None, name) else []
    try:
        candidate = judge.trying(name, text)
        pack = candidate.book.pack(name)
    except RuleError as error:
        return [_mark(places, fault, name) for fault in [*misnamed, *error.faults]]
    found = [*misnamed, *rules.verify(pack, _PATIENCE)]
    return [*(_mark(places, fault, name) for fault in found), *_templates(candidate, name)]


def _mark(places: Places, fault: Fault, name: str) -> Mark:
    # Faults of the examples name the pack, those of reading it the file; of a file that it uses, there is no line here.
    elsewhere = fault.file not in ("", name, f"{name}.yaml")
    where = tuple(filter(None, (fault.file if elsewhere else "", fault.rule, fault.field)))
    return Mark(1 if elsewhere else places.line(fault), fault.message, where)


def _templates(candidate: Judge, name: str) -> Iterator[Mark]:
    for template in candidate.book.using(name):
        try:
            candidate.load(template.id)
        except TemplateError as error:
            yield Mark(1, str(error))
        except RuleError:  # of another pack: not for whoever edits this one to mend
            continue
