"""`similar`: a sentence close to one of the examples given, and further from all counter-examples."""

from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome
from rules.operators.likeness import Examples, Pairs, pairs
from rules.text import normalise

Sentence = Annotated[str, StringConstraints(min_length=4, max_length=100)]


class Similar(Operator):
    """Found where a sentence is at least `score` alike to one of `sentences`, and less to all of `unlike`."""

    sentences: tuple[Sentence, ...] = Field(min_length=1, max_length=500)
    unlike: tuple[Sentence, ...] = Field((), max_length=500)  #: innocent sentences that are easily taken for it
    score: float = Field(0.6, gt=0, le=1)
    margin: float = Field(0.05, ge=0, lt=1)  #: by how much the example must be nearer than any counter-example
    speaker: Speaker | None = None  #: instead of the rule's

    def find(self, call: Call, part: Part) -> Outcome:
        """Compare every sentence in the part."""
        examples = _examples((*self.sentences, *self.unlike), call.conversation.by_ear)
        own = part.utterances & call.said_by(self.speaker or part.speaker)
        hits: list[Hit] = []
        for said in call.conversation.suspicions.sentences:
            if said.utterance in own:
                alike = examples.alike(pairs(said.chars, by_ear=call.conversation.by_ear))
                if found := self._found(alike):
                    hit = Hit(said.utterance, said.start, said.end, round(found[0], 3), found[1])
                    hits += [hit] if part.covers(hit) else []
        return Outcome(bool(hits), tuple(hits))

    def _found(self, alike: dict[int, float]) -> tuple[float, str] | None:
        """How like an example it is, and the reason in words; None where it is not, or no more than an innocent one."""
        count = len(self.sentences)
        nearest = max((at for at in alike if at < count), key=lambda at: alike[at], default=None)
        if nearest is None or alike[nearest] < self.score:
            return None
        innocent = max((like for at, like in alike.items() if at >= count), default=0.0)
        if innocent and alike[nearest] < innocent + self.margin:
            return None
        return alike[nearest], f"像例句“{self.sentences[nearest]}”，相似度 {alike[nearest]:.2f}"

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker


@lru_cache(maxsize=256)
def _examples(sentences: tuple[str, ...], by_ear: bool) -> Examples:
    read: list[Pairs] = [pairs(normalise(sentence).chars, by_ear=by_ear) for sentence in sentences]
    return Examples(read)
