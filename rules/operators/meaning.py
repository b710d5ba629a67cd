"""`meaning`: a sentence that reads like those of a category, by the models of `rules/meaning.py`."""

from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.meaning import FOLDERS, Suspicion, load_meanings
from rules.operators.base import NOTHING, Operator, Outcome


def _learned(category: str) -> str:
    known = [one for subject in FOLDERS for one in load_meanings(subject).categories]
    if category not in known:
        raise ValueError(f"没有学过类别“{category}”；学过的有：{'、'.join(known)}")
    return category


class Meaning(Operator):
    """Found where a sentence is one of its subject by at least `score`, and this `category` rather than any other."""

    category: Annotated[str, AfterValidator(_learned)]
    score: float = Field(0.7, gt=0, le=1)
    least: int = Field(8, ge=1)  #: characters; shorter ones say too little: recognisers cut sentences to pieces
    speaker: Speaker | None = None  #: instead of the rule's

    @cached_property
    def subject(self) -> str:
        """The subject that the category belongs to."""
        return next(subject for subject in FOLDERS if self.category in load_meanings(subject).categories)

    def find(self, call: Call, part: Part) -> Outcome:
        """Weigh every sentence in the part."""
        own = call.said_by(self.speaker or part.speaker)
        suspicions = call.conversation.suspicions.within(own, self.least, self.subject)
        hits = [
            Hit(said.utterance, said.start, said.end, round(seen.probability, 3), _reason(seen))
            for said, seen in suspicions.get(self.category, ())
            if seen.probability >= self.score and part.reaches(said.utterance, said.start, said.end)
        ]
        return Outcome(True, tuple(hits)) if hits else NOTHING

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker


def _reason(seen: Suspicion) -> str:
    return f"按句意推测，把握 {seen.probability:.0%}，主要因为“{'”“'.join(seen.telling)}”"
