"""What an operator is: parameters read from YAML and one method that looks for something in a call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.conditions import Model
from rules.guards import Guard
from rules.lexicon import Lexicon

if TYPE_CHECKING:
    from rules.operators import Find


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that operators in one pack may refer to. Given to pydantic as its validation context."""

    words: Mapping[str, str] = field(default_factory=dict)
    lexicons: Mapping[str, Lexicon] = field(default_factory=dict)
    guards: Mapping[str, Guard] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operator saw."""

    found: bool | None  #: None: the call cannot tell
    hits: tuple[Hit, ...] = ()
    why: str = ""  #: why the call cannot tell, or what was measured, in Simplified Chinese


#: What most operators see in most calls.
NOTHING = Outcome(False)


class Operator(Model):
    """Looks for one kind of thing. Subclasses declare their parameters as fields and implement `find`."""

    reads_text: ClassVar[bool] = True  #: False where the operator can judge a call in which nothing was transcribed

    def find(self, call: Call, part: Part) -> Outcome:
        """Look in `part` of `call`."""
        raise NotImplementedError

    def moments(self, call: Call, part: Part) -> Outcome:
        """Every time that it came about, for what asks the order of things: of a question and answer, the answer."""
        return self.find(call, part)

    def children(self) -> tuple["Find", ...]:
        """The operators inside this one."""
        return ()

    def own_lexicons(self) -> Iterator[Lexicon]:
        """The lexicons written inside this operator."""
        yield from ()

    def own_speaker(self) -> Speaker | None:
        """The speaker this operator itself names."""
        return None

    def asked(self, speaker: Speaker | None) -> Iterator[tuple["Operator", Speaker | None]]:
        """This operator and every one inside it, each with whose words it looks at in a part that is `speaker`'s.

        One that gives those inside it another part than its own says so here: what is not asked for is not found.
        """
        yield self, self.own_speaker() or speaker
        for child in self.children():
            yield from child.operator.asked(speaker)

    def walk(self) -> Iterator["Operator"]:
        """This operator and every one inside it."""
        yield self
        for child in self.children():
            yield from child.operator.walk()
