"""`meaning`: a sentence that reads like those of a category, by the model of `rules/meaning.py`."""

from typing import Annotated

from pydantic import AfterValidator, Field

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.meaning import Suspicion, load_meanings
from rules.operators.base import NOTHING, Operator, Outcome


def _learned(category: str) -> str:
    known = load_meanings().categories
    if category not in known:
        raise ValueError(f"没有学过类别“{category}”；学过的有：{'、'.join(known)}")
    return category


class Meaning(Operator):
    """Found where a sentence is a violation by at least `score`, and of this `category` rather than any other."""

    category: Annotated[str, AfterValidator(_learned)]
    score: float = Field(0.7, gt=0, le=1)
    least: int = Field(8, ge=1)  #: characters; shorter ones say too little: recognisers cut sentences to pieces
    speaker: Speaker | None = None  #: instead of the rule's

    def find(self, call: Call, part: Part) -> Outcome:
        """Weigh every sentence in the part."""
        suspicions = call.conversation.suspicions.within(call.said_by(self.speaker or part.speaker), self.least)
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
    return f"按句意推测，把握 {seen.probability:.0%}，主要因为“{'”“'.join(seen.telling)}”；请人工判断"
