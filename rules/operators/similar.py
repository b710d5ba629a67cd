"""`similar`: a sentence close to one of the examples given."""

import re
from functools import cached_property
from typing import Annotated

from pydantic import Field, StringConstraints

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome
from rules.operators.likeness import likeness, pairs

_SENTENCE = re.compile(r"[^。！？!?\n]+")


class Similar(Operator):
    """Found where a sentence is at least `score` alike to one of `sentences`."""

    sentences: tuple[Annotated[str, StringConstraints(min_length=4, max_length=100)], ...] = Field(
        min_length=1, max_length=200
    )
    score: float = Field(0.6, gt=0, le=1)
    speaker: Speaker | None = None  #: instead of the rule's

    @cached_property
    def _examples(self) -> list[frozenset[str]]:
        return [pairs(sentence) for sentence in self.sentences]

    def find(self, call: Call, part: Part) -> Outcome:
        """Compare every sentence in the part."""
        hits: list[Hit] = []
        for at in sorted(part.utterances):
            if call.said_by(self.speaker or part.speaker, at):
                for match in _SENTENCE.finditer(call.transcript.utterances[at].text):
                    said = pairs(match.group())
                    alike = max(likeness(said, example) for example in self._examples)
                    if alike >= self.score:
                        hits.append(Hit(at, *match.span(), round(alike, 3), "与例句相近"))
        counted = tuple(hit for hit in hits if part.covers(hit))
        return Outcome(bool(counted), counted)

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
