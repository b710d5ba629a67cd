"""A rule: where to look, what for, what to expect, and the examples that prove it."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from asr.transcript import Speaker
from rules.categories import Category
from rules.conditions import Model, Test
from rules.finding import Expect, Finding, Severity
from rules.lexicon import Lexicon
from rules.operators import Find, Operator
from rules.operators.meaning import Meaning
from rules.operators.phrases import Phrases

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{1,79}$")]
Facts = Mapping[str, object]


class Basis(Model):
    """What a rule rests on.

    The label says how well: V1 primary text read, V2 reported by the press or a law firm, V3 one weak page,
    M from memory, P the institution's own policy.
    """

    document: str
    note: str = ""
    label: Literal["V1", "V2", "V3", "M", "P"]


class Around(Model):
    """The neighbourhood of another rule's evidence."""

    rule: str
    turns: int = Field(1, ge=0)


class Scope(Model):
    """The part of the call a rule looks at. Several limits hold together."""

    speaker: Speaker | None = None
    first_seconds: float | None = Field(None, gt=0)
    last_seconds: float | None = Field(None, gt=0)
    first_turns: int | None = Field(None, gt=0)  #: turns of that speaker, or of anyone where none is named
    last_turns: int | None = Field(None, gt=0)
    before: str | None = None  #: up to the first evidence of that rule; the whole call where it has none
    after: str | None = None  #: from the first evidence of that rule on; nothing where it has none
    around: Around | None = None

    @cached_property
    def whole(self) -> bool:
        """Whether it is the whole call."""
        return self.model_fields_set <= {"speaker"}

    @cached_property
    def anchors(self) -> tuple[str, ...]:
        """The rules this scope refers to."""
        around = self.around.rule if self.around else None
        return tuple(name for name in (self.before, self.after, around) if name)


class Stage(Model):
    """Another severity for calls that meet a condition, such as an early stage of arrears."""

    when: dict[str, Test] = Field(min_length=1)
    severity: Severity


class Effective(Model):
    """The days a rule holds, both included."""

    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")

    def covers(self, day: date) -> bool:
        """Whether the rule holds on `day`."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


def _example(written: Any) -> Any:
    return written if isinstance(written, dict) else {"text": written}


class Example(Model):
    """A short conversation, for testing the rule.

    Lines may begin with 坐席： or 客户：, with seconds where time matters: 客户[2.5-4]：. A line without is said by
    whoever the rule looks at.
    """

    text: str
    facts: dict[str, Any] = Field(default_factory=dict)
    duration: float | None = None  #: seconds


class Examples(Model):
    """Conversations in which the rule must find what it looks for, and some in which it must not."""

    hit: tuple[Annotated[Example, BeforeValidator(_example)], ...] = Field(min_length=1)
    miss: tuple[Annotated[Example, BeforeValidator(_example)], ...] = Field(min_length=1)


class Rule(Model):
    """One thing to look for, good or bad."""

    id: Id
    category: Category
    title: str = Field(min_length=1)
    severity: Severity
    stages: tuple[Stage, ...] = ()  #: the first whose condition holds replaces the severity
    basis: tuple[Basis, ...] = Field(min_length=1)
    scope: Scope = Scope()
    when: dict[str, Test] = Field(default_factory=dict)  #: facts that make the rule applicable
    effective: Effective = Effective()
    due: Find | None = None  #: when this is not found, a missing step was not due and is skipped
    find: Find
    expect: Expect
    examples: Examples

    @model_validator(mode="after")
    def _due_is_for_steps(self) -> "Rule":
        if self.due and self.expect == "absent":
            raise ValueError("due 只用于 expect: present 的规则")
        return self

    def finds(self) -> tuple[Find, ...]:
        """What the rule looks for, and what makes it due."""
        return (self.find, self.due) if self.due else (self.find,)

    def asked(self) -> Iterator[tuple[Operator, Speaker | None]]:
        """Every operator in it, with whose words that looks at."""
        yield from self.find.operator.asked(self.scope.speaker)
        if self.due:
            yield from self.due.operator.asked(None)

    def lexicons(self) -> tuple[Lexicon, ...]:
        """The lexicons that it names, each once."""
        operators = (operator for find in self.finds() for operator in find.operator.walk())
        named = (operator.lexicon for operator in operators if isinstance(operator, Phrases))
        return tuple({lexicon.name: lexicon for lexicon in named if lexicon}.values())

    def applies(self, facts: Facts, day: date) -> bool:
        """Whether the rule concerns a call with these facts on that day. A missing fact meets no condition."""
        known = not self.when or all(test.holds(facts.get(name)) for name, test in self.when.items())
        return known and self.effective.covers(day)

    def severity_for(self, facts: Facts) -> Severity:
        """The severity for a call with these facts."""
        for stage in self.stages:
            if all(test.holds(facts.get(name)) for name, test in stage.when.items()):
                return stage.severity
        return self.severity

    @cached_property
    def unfound(self) -> Finding:
        """What comes of most rules in most calls: nothing of the kind was found, and nobody wants it to be."""
        message = f"未发现“{self.title}”"
        return Finding(self.id, self.category, self.title, self.severity, self.expect, "passed", message)

    @cached_property
    def suspects(self) -> bool:
        """Whether the verdict is no more than a guess at what a sentence meant."""
        return self.expect == "absent" and isinstance(self.find.operator, Meaning)

    @cached_property
    def names_speaker(self) -> bool:
        """Whether the verdict depends on who said something."""
        return self.scope.speaker is not None or any(op.own_speaker() for op in self.find.operator.walk())

    @cached_property
    def reads_text(self) -> bool:
        """Whether the verdict depends on words."""
        return any(operator.reads_text for operator in self.find.operator.walk() if not operator.children())
