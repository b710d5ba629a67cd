"""`silence`: nobody speaks for a while."""

from collections.abc import Iterator

from pydantic import Field

from asr.transcript import Speaker
from rules.call import Call, Part
from rules.operators.base import Operator, Outcome
from rules.operators.timing import NO_TIMES, Said, timed

#: What was measured on the recording lists pauses from here on (`Acoustics.silences`).
LISTED = 2.0


class Silence(Operator):
    """Found where nobody speaks for at least `seconds` between two utterances; the one before the silence is shown.

    `after` and `before` name who spoke last and who speaks next: after the customer and before the agent it is the
    agent's response time.
    """

    seconds: float = Field(gt=0)
    after: Speaker | None = None
    before: Speaker | None = None

    def find(self, call: Call, part: Part) -> Outcome:
        """Every such pause in the part."""
        said = timed(call, part)
        if not said:
            return Outcome(None, (), f"{NO_TIMES if said is None else '没有人说话'}，无法判断静音")
        quiet = [
            one.hit(f"其后静音 {seconds:.0f} 秒")
            for one, following, seconds in self._pauses(call, said)
            if seconds >= self.seconds
            and call.spoke(self.after, one.speaker)
            and call.spoke(self.before, following.speaker)
        ]
        return Outcome(bool(quiet), tuple(quiet))

    def _pauses(self, call: Call, said: list[Said]) -> Iterator[tuple[Said, Said, float]]:
        """Who spoke last, who spoke next, and how long nobody did: speech that was not understood is no silence."""
        last = said[0]
        for one in said[1:]:
            if one.start > last.end:
                yield last, one, self._quiet(call, last.end, one.start)
            if one.end > last.end:
                last = one

    def _quiet(self, call: Call, start: float, end: float) -> float:
        """The longest silence in these seconds."""
        heard = call.transcript.acoustics
        if heard is None or self.seconds < LISTED:
            return end - start
        shared = (min(end, pause.end) - max(start, pause.start) for pause in heard.silences)
        return max(shared, default=0.0)

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.after or self.before
