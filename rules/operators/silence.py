"""`silence`: nobody speaks for a while."""

from itertools import pairwise

from pydantic import Field

from asr.transcript import Speaker, Utterance
from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome


class Silence(Operator):
    """Found where at least `seconds` pass between two utterances; the one before the silence is shown.

    `after` and `before` name who spoke last and who speaks next: after the customer and before the agent it is the
    agent's response time.
    """

    seconds: float = Field(gt=0)
    after: Speaker | None = None
    before: Speaker | None = None

    def find(self, call: Call, part: Part) -> Outcome:
        """Every such pause in the part."""
        said = [(at, one) for at, one in enumerate(call.transcript.utterances) if at in part.utterances]
        if any(one.start is None or one.end is None for _, one in said):
            return Outcome(None, (), "文字没有时间，无法判断静音")
        quiet = [(at, one) for (at, one), (_, following) in pairwise(said) if self._pauses(one, following)]
        return Outcome(bool(quiet), tuple(Hit(at, 0, len(one.text)) for at, one in quiet))

    def _pauses(self, one: Utterance, following: Utterance) -> bool:
        named = self.after in (None, one.speaker) and self.before in (None, following.speaker)
        return named and (following.start or 0.0) - (one.end or 0.0) >= self.seconds

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.after or self.before
