"""What the sentences of one call are suspected of: weighed when somebody asks, each once, and many at a time."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from asr.transcript import Transcript
from rules.matcher import Span
from rules.meaning import Suspicion, load_meanings
from rules.speech import Sentence, Speech


class Suspicions:
    """The sentences of a call, in order, and what each is suspected of."""

    def __init__(self, transcript: Transcript, speech: Speech) -> None:
        self._transcript, self._speech = transcript, speech
        self._weighed: dict[str, dict[str, Suspicion]] = defaultdict(dict)
        self._within: dict[tuple[frozenset[int], int, str], Mapping[str, list[tuple[Sentence, Suspicion]]]] = {}

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        """Everything said, sentence by sentence, in order."""
        return list(self._speech.sentences(self._transcript))

    def within(
        self, utterances: frozenset[int], least: int, subject: str
    ) -> Mapping[str, list[tuple[Sentence, Suspicion]]]:
        """The sentences of those utterances that have at least so many characters, by what they are suspected of."""
        if (utterances, least, subject) not in self._within:
            own = [one for one in self.sentences if one.utterance in utterances and len(one.chars) >= least]
            weighed = self._weigh(subject, (one.chars for one in own))
            self._within[utterances, least, subject] = suspected = defaultdict(list)
            for one in own:
                suspected[weighed[one.chars].category].append((one, weighed[one.chars]))
        return self._within[utterances, least, subject]

    def around(self, span: Span) -> float:
        """How likely the sentence, or sentences, that a span lies in are a violation, 0 to 1.

        1 where there is no sentence to weigh: what was found is not doubted for want of one.
        """
        around = self._around(span)
        if not around:
            return 1.0
        if around not in self._weighed["violations"]:
            # Whoever doubts one sentence doubts others of the call, and most of the work is the same for all.
            self._weigh("violations", (around, *(one.chars for one in self.sentences)))
        return self._weighed["violations"][around].probability

    def _around(self, span: Span) -> str:
        """The sentences that a span lies in, as one."""
        owners, text = self._speech.owners, self._speech.text
        spoken = set(owners[span.start : span.end])
        begins = owners[span.start], text.starts[span.start]
        ends = owners[span.end - 1], text.ends[span.end - 1]
        near = self.sentences[
            bisect_left(self.sentences, (min(spoken),)) : bisect_left(self.sentences, (max(spoken) + 1,))
        ]
        return "".join(
            [
                one.chars
                for one in near
                if one.utterance in spoken and (one.utterance, one.end) > begins and (one.utterance, one.start) < ends
            ]
        )

    def _weigh(self, subject: str, sentences: Iterable[str]) -> Mapping[str, Suspicion]:
        """These sentences, and all that were weighed before, with what they are suspected of on that subject."""
        weighed = self._weighed[subject]
        if new := [one for one in dict.fromkeys(sentences) if one not in weighed]:
            weighed |= zip(new, load_meanings(subject).suspect_all(new), strict=True)
        return weighed
