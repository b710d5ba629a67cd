"""`phrases`: families of a lexicon, or families written on the spot."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf, ValidationInfo, model_validator

from asr.transcript import Speaker
from rules.call import Call, Part
from rules.guards import Guard
from rules.lexicon import Lexicon, parse_family
from rules.matcher import Group
from rules.operators.base import NOTHING, Operator, Outcome


def _lexicon(name: Any, info: ValidationInfo) -> Lexicon:
    found = info.context.lexicons.get(name) if info.context and isinstance(name, str) else None
    if not found:
        raise ValueError(f"没有名为“{name}”的词库（lexicons）")
    return found  # type: ignore[no-any-return]


def _inline(written: Any, info: ValidationInfo) -> Lexicon:
    if not isinstance(written, list) or not written or not all(isinstance(line, str) for line in written):
        raise ValueError("families 应是一列词族，如 [再不还 ~6 坐牢|判刑]")
    words = info.context.words if info.context else {}
    name = "inline:" + "；".join(written)
    return Lexicon(name, name, tuple(parse_family(line, words) for line in written))


def _guards(names: Any, info: ValidationInfo) -> Any:
    known = info.context.guards if info.context else {}
    for name in names if isinstance(names, list) else ():
        if isinstance(name, str) and name not in known:
            raise ValueError(f"没有名为“{name}”的免责语境（guards）")
    return names


class Phrases(Operator):
    """Phrases said.

    Found where a family matches, outside the lexicon's innocent phrases, and no guard takes it back. Where a guard
    doubts every match, the call cannot tell.
    """

    lexicon: Annotated[InstanceOf[Lexicon], BeforeValidator(_lexicon)] | None = None
    families: Annotated[InstanceOf[Lexicon], BeforeValidator(_inline)] | None = None
    guards: Annotated[tuple[str, ...], BeforeValidator(_guards)] | None = None  #: instead of the lexicon's own
    speaker: Speaker | None = None  #: instead of the rule's

    @model_validator(mode="after")
    def _one_source(self) -> "Phrases":
        if (self.lexicon is None) == (self.families is None):
            raise ValueError("lexicon 与 families 必须且只能写一个")
        return self

    @cached_property
    def source(self) -> Lexicon:
        """The lexicon looked for, named or written on the spot."""
        source = self.lexicon or self.families
        assert source is not None
        return source

    @property
    def taken_back_by(self) -> tuple[str, ...]:
        """The names of the guards."""
        return self.source.guards if self.guards is None else self.guards

    def groups(self, guards: Mapping[str, Guard]) -> Iterator[Group]:
        """What has to be found in the text."""
        yield from (self.source.name, f"{self.source.name}.unless_inside")
        for name in self.taken_back_by:
            yield from (group for group, _ in guards[name].groups())

    def find(self, call: Call, part: Part) -> Outcome:
        """Every match that counts, said in the part by the speaker named."""
        if not call.scan.found(self.source.name):
            return NOTHING
        hits = call.within(part, call.matches(self.source, self.taken_back_by, self.speaker or part.speaker))
        if not hits:
            return NOTHING
        if all(hit.doubted for hit in hits):
            return Outcome(None, hits, "说了这样的词，整句读来却不像违规，请人工判断")
        return Outcome(True, hits)

    def own_lexicons(self) -> Iterator[Lexicon]:
        """The families written on the spot."""
        if self.families:
            yield self.families

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
