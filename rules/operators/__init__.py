"""The operators a rule may use in `find:`. One file each; this table is the list of them."""

from functools import cached_property

from pydantic import model_validator

from rules.conditions import Model
from rules.operators.all import All
from rules.operators.answered import Answered
from rules.operators.any import Any
from rules.operators.at_least import AtLeast
from rules.operators.base import NOTHING, Operator, Outcome, Vocabulary
from rules.operators.contact_limit import ContactLimit
from rules.operators.duration import Duration
from rules.operators.fact import Fact
from rules.operators.loudness import Loudness
from rules.operators.meaning import Meaning
from rules.operators.near import Near
from rules.operators.none import Nothing
from rules.operators.overlap import Overlap
from rules.operators.phrases import Phrases
from rules.operators.promise import Promise
from rules.operators.quiet_hours import QuietHours
from rules.operators.regex import Regex
from rules.operators.repeat import Repeat
from rules.operators.sequence import Sequence
from rules.operators.several import Several
from rules.operators.silence import Silence
from rules.operators.similar import Similar
from rules.operators.speech_rate import SpeechRate
from rules.operators.talk_share import TalkShare
from rules.operators.turns import Turns

__all__ = ["NOTHING", "OPERATORS", "Find", "Operator", "Outcome", "Vocabulary"]


class Find(Model):
    """What to look for: exactly one operator. The fields are the table of operators."""

    phrases: Phrases | None = None
    regex: Regex | None = None
    sequence: Sequence | None = None
    all: All | None = None
    any: Any | None = None
    none: Nothing | None = None
    at_least: AtLeast | None = None
    near: Near | None = None
    answered: Answered | None = None
    promise: Promise | None = None
    duration: Duration | None = None
    turns: Turns | None = None
    contact_limit: ContactLimit | None = None
    overlap: Overlap | None = None
    loudness: Loudness | None = None
    repeat: Repeat | None = None
    silence: Silence | None = None
    similar: Similar | None = None
    meaning: Meaning | None = None
    speech_rate: SpeechRate | None = None
    talk_share: TalkShare | None = None
    quiet_hours: QuietHours | None = None
    fact: Fact | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Find":
        given = [name for name in OPERATORS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"必须恰好有一个操作符，现有 {len(given)} 个；可用：{'、'.join(OPERATORS)}")
        return self

    @cached_property
    def operator(self) -> Operator:
        """The one operator."""
        return next(operator for name in OPERATORS if (operator := getattr(self, name)) is not None)  # type: ignore[no-any-return]


#: Their names, as written in packs.
OPERATORS: tuple[str, ...] = tuple(Find.model_fields)

for _holder in (Several, All, Any, Nothing, AtLeast, Sequence, Near, Answered, Meaning):
    _holder.model_rebuild(_types_namespace={"Find": Find})
Find.model_rebuild()
