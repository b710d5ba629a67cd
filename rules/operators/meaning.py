"""`meaning`: a sentence that reads like those of a category, by the models of `rules/meaning.py`."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.meaning import FOLDERS, Suspicion, load_meanings
from rules.operators.base import NOTHING, Operator, Outcome

if TYPE_CHECKING:
    from rules.operators import Find

#: A call of fewer characters says too little to tell what it is about.
TELLING = 30


def _learned(category: str) -> str:
    known = [one for subject in FOLDERS for one in load_meanings(subject).categories]
    if category not in known:
        raise ValueError(f"没有学过类别“{category}”；学过的有：{'、'.join(known)}")
    return category


class Meaning(Operator):
    """Found where a sentence is one of its subject by at least `score`, and this `category` rather than any other.

    The same words mean less in talk of something else: in a call that is not `about` what is named there it must be
    one by at least `elsewhere`.
    """

    category: Annotated[str, AfterValidator(_learned)]
    score: float = Field(0.7, gt=0, le=1)
    least: int = Field(8, ge=1)  #: characters; shorter ones say too little: recognisers cut sentences to pieces
    speaker: Speaker | None = None  #: instead of the rule's
    about: "Find | None" = None  #: said by anyone, anywhere in the call
    elsewhere: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _both_or_neither(self) -> "Meaning":
        if (self.about is None) != (self.elsewhere is None):
            raise ValueError("about 与 elsewhere 必须同时写")
        return self

    @cached_property
    def subject(self) -> str:
        """The subject that the category belongs to."""
        return next(subject for subject in FOLDERS if self.category in load_meanings(subject).categories)

    def find(self, call: Call, part: Part) -> Outcome:
        """Weigh every sentence in the part."""
        own = call.said_by(self.speaker or part.speaker)
        suspected = call.conversation.suspicions.within(own, self.least, self.subject).get(self.category)
        if not suspected:
            return NOTHING
        score = self._score(call)
        hits = [
            Hit(said.utterance, said.start, said.end, round(seen.probability, 3), _reason(seen))
            for said, seen in suspected
            if seen.probability >= score and part.reaches(said.utterance, said.start, said.end)
        ]
        return Outcome(True, tuple(hits)) if hits else NOTHING

    def _score(self, call: Call) -> float:
        """What a sentence of this call must reach."""
        conversation = call.conversation
        if self.about is None or self.elsewhere is None or len(conversation.speech.text.chars) < TELLING:
            return self.score
        found = self.about.operator.find(call, Part(conversation.everything)).found
        return self.elsewhere if found is False else self.score

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker

    def children(self) -> tuple["Find", ...]:
        """What tells what a call is about."""
        return (self.about,) if self.about else ()

    def asked(self, speaker: Speaker | None) -> Iterator[tuple[Operator, Speaker | None]]:
        """The sentences are the speaker's. Anyone may say what the call is about."""
        yield self, self.speaker or speaker
        if self.about:
            yield from self.about.operator.asked(None)


def _reason(seen: Suspicion) -> str:
    return f"按句意推测，把握 {seen.probability:.0%}，主要因为“{'”“'.join(seen.telling)}”"
