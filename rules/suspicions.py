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
        self._weighed: dict[str, Suspicion] = {}
        self._within: dict[tuple[frozenset[int], int], Mapping[str, list[tuple[Sentence, Suspicion]]]] = {}

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        """Everything said, sentence by sentence, in order."""
        return list(self._speech.sentences(self._transcript))

    def within(self, utterances: frozenset[int], least: int) -> Mapping[str, list[tuple[Sentence, Suspicion]]]:
        """The sentences of those utterances that have at least so many characters, by what they are suspected of."""
        if (utterances, least) not in self._within:
            own = [one for one in self.sentences if one.utterance in utterances and len(one.chars) >= least]
            self._weigh(one.chars for one in own)
            self._within[utterances, least] = suspected = defaultdict(list)
            for one in own:
                seen = self._weighed[one.chars]
                suspected[seen.category].append((one, seen))
        return self._within[utterances, least]

    def around(self, span: Span) -> float:
        """How likely the sentence, or sentences, that a span lies in are a violation, 0 to 1.

        1 where there is no sentence to weigh: what was found is not doubted for want of one.
        """
        around = self._around(span)
        if not around:
            return 1.0
        self._weigh([around])
        return self._weighed[around].probability

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

    def _weigh(self, sentences: Iterable[str]) -> None:
        asked = dict.fromkeys(sentences)
        if asked.keys() <= self._weighed.keys():
            return
        # Whoever asks about one sentence asks about others of the call, and most of the work is the same for all.
        new = [one for one in asked | dict.fromkeys(one.chars for one in self.sentences) if one not in self._weighed]
        self._weighed |= zip(new, load_meanings().suspect_all(new), strict=True)
