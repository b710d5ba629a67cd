"""`repeat`: someone says nearly the same again, as customers do when they are not heard."""

from pydantic import Field

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome
from rules.operators.likeness import likeness, pairs


class Repeat(Operator):
    """Found where one speaker says something at least `score` alike `times` times more, within so many utterances."""

    times: int = Field(1, ge=1)
    score: float = Field(0.6, gt=0, le=1)
    within: int = Field(6, ge=1)  #: of the speaker's own utterances, looking back
    min_chars: int = Field(4, ge=2)
    speaker: Speaker | None = None  #: instead of the rule's

    def find(self, call: Call, part: Part) -> Outcome:
        """Compare each utterance with those before it."""
        speaker = self.speaker or part.speaker
        speech, by_ear = call.conversation.speech, call.conversation.by_ear
        own = [(at, speech.chars(at)) for at in call.said(part, speaker)]
        said = [(at, pairs(chars, by_ear=by_ear)) for at, chars in own if len(chars) >= self.min_chars]
        hits = []
        for here, (at, words) in enumerate(said):
            before = said[max(0, here - self.within) : here]
            if sum(likeness(words, other) >= self.score for _, other in before) >= self.times:
                hits.append(Hit(at, 0, len(call.transcript.utterances[at].text)))
        return Outcome(bool(hits), tuple(hits))

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
