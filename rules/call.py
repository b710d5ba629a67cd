"""One call as rules see it: who said what, joined where a speaker went on, with every phrase already found."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from asr.transcript import Speaker, Transcript
from rules.finding import Evidence
from rules.guards import Guard, Reach
from rules.lexicon import NUMBER, Lexicon
from rules.matcher import Group, Matcher, Scan, Span, Whose, near
from rules.phonetics import likeliest
from rules.speech import join
from rules.suspicions import Suspicions
from rules.turns import full_turns, turns, wordy

_START, _PLACE = attrgetter("start"), attrgetter("utterance", "start")

#: The engine of a transcript that came as text: nothing in it was misheard.
GIVEN = "given"

#: Where something was said: utterance, character.
Position = tuple[int, int]


class Hit(NamedTuple):
    """Something found in one utterance. A tuple, because a call has hundreds."""

    utterance: int
    start: int  #: characters of that utterance's text, end exclusive
    end: int
    confidence: float = 1.0
    note: str = ""
    doubted: bool = False  #: the sentence around it reads innocent: no call is failed by this alone

    @property
    def begins(self) -> Position:
        """Where it begins."""
        return self.utterance, self.start

    @property
    def ends(self) -> Position:
        """Where it ends."""
        return self.utterance, self.end


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a call that a rule looks at."""

    utterances: frozenset[int]
    speaker: Speaker | None = None
    after: Position | None = None
    before: Position | None = None

    def covers(self, hit: Hit) -> bool:
        """Whether `hit` lies in this part. Who said it is asked elsewhere."""
        return self.reaches(hit.utterance, hit.start, hit.end)

    def reaches(self, utterance: int, start: int, end: int) -> bool:
        """Whether those characters of an utterance lie in this part."""
        return (
            utterance in self.utterances
            and (self.after is None or (utterance, start) >= self.after)
            and (self.before is None or (utterance, end) <= self.before)
        )


class Conversation:
    """A transcript prepared for matching, once, for however many packs: all its text as one, scanned in one pass.

    What is found out on the way is remembered: packs that use the same lexicons ask the same. With `whose`, nothing is
    looked for but what they ask for.
    """

    def __init__(self, transcript: Transcript, whose: Whose | None = None) -> None:
        said = transcript.utterances
        self.transcript, self.whose = transcript, whose
        self.speech = join(transcript)
        self.turns = turns(said)
        self.full_turns = full_turns(said, self.turns)
        self.everything = frozenset(range(len(said)))  # all utterances
        self.doubtful = frozenset(at for at, one in enumerate(said) if one.doubtful)
        self.worded = any(wordy(one.text) for one in said)  # whether it can be read
        self.nameless = any(one.speaker == "unknown" and one.text.strip() for one in said)
        self.suspicions = Suspicions(transcript, self.speech)
        self.reaches: dict[Guard, Reach] = {}
        self.matches: dict[tuple[object, ...], tuple[Hit, ...]] = {}
        self._scans: dict[int, Scan] = {}
        self._said: dict[tuple[Speaker, bool], frozenset[int]] = {}

    @property
    def by_ear(self) -> bool:
        """Whether a recogniser wrote it, so that words may be written as they sound."""
        return self.transcript.engine != GIVEN

    @cached_property
    def spoken(self) -> tuple[Hit, ...]:
        """Each utterance with a word in it, all of it."""
        said = enumerate(self.transcript.utterances)
        return tuple(Hit(at, 0, len(one.text)) for at, one in said if wordy(one.text))

    def scan(self, matchers: Iterable[Matcher]) -> Scan:
        """What the matchers find; a matcher that packs share scans once. Of groups that several know, the last's."""
        groups: dict[Group, Sequence[Span]] = {}
        for matcher in matchers:
            if id(matcher) not in self._scans:
                self._scans[id(matcher)] = matcher.scan(self.speech.text, by_ear=self.by_ear, whose=self.whose)
            for group in matcher.names & groups.keys():
                del groups[group]
            groups |= self._scans[id(matcher)].groups
        return Scan(self.speech.text.stops, self.speech.walls, groups)

    def said_by(self, speaker: Speaker | None, *, unknown_too: bool) -> frozenset[int]:
        """The utterances of `speaker`, or of anyone for None; those of nobody known as well, where that is wanted."""
        if speaker is None:
            return self.everything
        if (speaker, unknown_too) not in self._said:
            who = (speaker, "unknown") if unknown_too else (speaker,)
            said = enumerate(self.transcript.utterances)
            self._said[speaker, unknown_too] = frozenset(at for at, one in said if one.speaker in who)
        return self._said[speaker, unknown_too]

    def hit(self, span: Span) -> Hit:
        """The span in its utterance. One that runs across two is shown where it ends: there the meaning is complete."""
        owners = self.speech.owners
        first, last = owners[span.start], owners[span.end - 1]
        notes = [self._heard(span)] if span.confidence < 1 else []
        if first != last:
            notes.append("这句话被停顿切成了几段")
        start = span.start if first == last else owners.index(last)
        return Hit(last, *self.speech.text.original(start, span.end), span.confidence, "；".join(notes))

    def _heard(self, span: Span) -> str:
        """What was written down and what it was taken for, where the two only sound alike."""
        words = [
            (heard, likeliest(heard, slot))
            for slot, (start, end) in zip(span.family.slots, span.cores, strict=True)
            for heard in [self.speech.text.chars[start:end]]
        ]
        pairs = [f"“{heard}”按读音当作“{meant}”" for heard, meant in words if meant not in (heard, NUMBER)]
        return "、".join(pairs) + "，可能是识别错字"


@dataclass(slots=True)
class Call:
    """A conversation as one pack sees it, with the facts known about the call."""

    conversation: Conversation
    facts: Mapping[str, object]
    scan: Scan
    guards: Mapping[str, Guard]
    unknown_as_named: bool = False  #: take utterances of unknown speakers as said by whoever a rule names

    @property
    def transcript(self) -> Transcript:
        """The transcript under inspection."""
        return self.conversation.transcript

    def matches(self, lexicon: Lexicon, guards: tuple[str, ...], speaker: Speaker | None) -> tuple[Hit, ...]:
        """Where `speaker` says a family of `lexicon` that counts: no innocent phrase, and not taken back by a guard.

        Where a guard sets `suspicion_below`, hits in sentences that read more innocent than that are marked as doubted;
        in those suspected of less than its `innocent_below` they are none.
        """
        spans = self.scan.found(lexicon.name)
        reasons = tuple([self.guards[name] for name in guards])
        # Another pack may have a lexicon of that name; what it found is another list.
        key = id(spans), reasons, speaker, self.unknown_as_named
        known, whose = self.conversation.matches, self.conversation.whose
        if key not in known:
            assert whose is None or whose[lexicon.name] in (None, speaker), "see Operator.asked"
            counted = _distinct(self._counted(spans, lexicon, reasons, self.said_by(speaker)))
            doubt = max((guard.suspicion_below for guard in reasons), default=0.0)
            innocent = max((guard.innocent_below for guard in reasons), default=0.0)
            read = [hit for span in counted if (hit := self._read(span, doubt, innocent))]
            known[key] = tuple(sorted(read, key=_PLACE))
        return known[key]

    def _counted(
        self, spans: Sequence[Span], lexicon: Lexicon, guards: Iterable[Guard], utterances: frozenset[int]
    ) -> list[Span]:
        owners = self.conversation.speech.owners
        said = [span for span in spans if owners[span.end - 1] in utterances]
        if innocent := self.scan.found(f"{lexicon.name}.unless_inside"):
            said = [one for one in said if not any(map(one.inside, near(innocent, one.start, one.end)))]
        reaches = [reach for guard in guards if (reach := self._reach(guard))]
        return [one for one in said if not any(reach.forgives(one) for reach in reaches)]

    def _reach(self, guard: Guard) -> Reach:
        known = self.conversation.reaches
        if guard not in known:
            known[guard] = Reach(guard, self.scan)
        return known[guard]

    def _read(self, span: Span, doubt: float, innocent: float) -> Hit | None:
        """The span as a hit, doubted where its sentence reads innocent; None where that is beyond doubt."""
        hit = self.conversation.hit(span)
        # What a match lacks in sound its sentence must have in meaning.
        if not doubt or (suspected := self.conversation.suspicions.around(span)) >= doubt + 1 - span.confidence:
            return hit
        if suspected < innocent:
            return None
        note = f"整句读来不像违规（像的程度 {suspected:.0%}）"
        return hit._replace(doubted=True, note="；".join(filter(None, (hit.note, note))))

    def said_by(self, speaker: Speaker | None) -> frozenset[int]:
        """The utterances of `speaker`, or of anyone for None."""
        return self.conversation.said_by(speaker, unknown_too=self.unknown_as_named)

    def said(self, part: Part, speaker: Speaker | None) -> list[int]:
        """The utterances of `speaker` in that part, in order."""
        return sorted(part.utterances & self.said_by(speaker))

    def within(self, part: Part, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """Those of the hits that lie in that part, which mostly is the whole call."""
        if part.utterances is self.conversation.everything and part.after is None and part.before is None:
            return hits
        return tuple(hit for hit in hits if part.covers(hit))

    def spoke(self, speaker: Speaker | None, who: Speaker) -> bool:
        """Whether what `who` said counts as said by `speaker`, or by anyone for None."""
        return speaker in (None, who) or (self.unknown_as_named and who == "unknown")

    def turn(self, hit: Hit) -> int:
        """The turn of the conversation a hit lies in."""
        return self.conversation.turns[hit.utterance]

    def evidence(self, hit: Hit) -> Evidence:
        """The hit as a reviewer sees it: words, seconds, and how sure."""
        said = self.transcript.utterances[hit.utterance]
        span = (hit.start, hit.end)
        start, end = said.seconds(span)
        sure = round(hit.confidence * (1.0 if said.confidence is None else said.confidence), 3)
        return Evidence(hit.utterance, span, said.text[hit.start : hit.end], start, end, sure, hit.note)


def _distinct(spans: list[Span]) -> list[Span]:
    """One span for each place: of those that overlap the surest stands, then the longest."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span.confidence, span.start - span.end, span.start)):
        at = bisect_left(kept, span.start, key=_START)
        after = at < len(kept) and kept[at].start < span.end
        if not after and not (at and kept[at - 1].end > span.start):
            kept.insert(at, span)
    return kept
