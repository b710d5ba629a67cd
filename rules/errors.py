"""What is wrong with a pack, all of it at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one place of one file."""

    file: str
    rule: str  #: id of the rule, lexicon or guard; empty when the fault is about the file itself
    field: str  #: path inside it, such as `find.phrases.lexicon`; empty when the fault is about the whole
    message: str  #: what is wrong, in Simplified Chinese

    def __str__(self) -> str:
        place = " · ".join(part for part in (self.file, self.rule, self.field) if part)
        return f"{place}：{self.message}"


class RuleError(Exception):
    """A pack cannot be used. `faults` holds every fault found, not only the first."""

    def __init__(self, faults: list[Fault] | tuple[Fault, ...]) -> None:
        self.faults = tuple(faults)
        super().__init__("规则包有误：\n" + "\n".join(str(fault) for fault in self.faults))
