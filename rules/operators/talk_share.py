"""`talk_share`: how much of all that is spoken is one speaker's."""

from asr.transcript import Speaker
from rules.call import Call, Part
from rules.conditions import Condition
from rules.operators.base import Operator, Outcome
from rules.operators.timing import timed


class TalkShare(Operator):
    """Found when the share of the seconds of speech, 0 to 1, meets the condition: `{speaker: agent, share: {gt: 0.9}}`.

    What was measured on the recording holds for the whole call, and counts what nobody understood; without it the
    utterances of the part are counted.
    """

    speaker: Speaker
    share: Condition

    def find(self, call: Call, part: Part) -> Outcome:
        """Compare the speaker's share."""
        share = self._share(call, part)
        if share is None:
            return Outcome(None, (), "没有区分说话人的时间，无法判断说话占比")
        return Outcome(self.share.holds(share), (), f"说话占比 {share:.0%}")

    def _share(self, call: Call, part: Part) -> float | None:
        if heard := call.transcript.acoustics:
            shares = {voice.speaker: voice.share for voice in heard.voices}
            return shares.get(self.speaker) if any(shares.values()) else None
        said = timed(call, part) or ()
        own = sum(one.end - one.start for one in said if call.spoke(self.speaker, one.speaker))
        total = sum(one.end - one.start for one in said)
        return own / total if total and any(one.speaker != "unknown" for one in said) else None

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker
