"""One call as rules see it: who said what, joined where a speaker went on, with every phrase already found."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter

from asr.transcript import Speaker, Transcript, Utterance
from rules.finding import Evidence
from rules.guards import Guard
from rules.lexicon import Lexicon
from rules.matcher import Matcher, Scan, Span
from rules.meaning import Suspicion, load_meanings
from rules.phonetics import likeliest
from rules.speech import Sentence, Speech, join
from rules.text import fold

#: What people say to show that they listen. 好, 对 and 是 answer something, so they are turns.
_LISTENING = re.compile(r"[\W嗯恩唔呃额啊阿哦噢喔喂哎唉诶欸]*")

_START, _PLACE = attrgetter("start"), attrgetter("utterance", "start")

#: The engine of a transcript that came as text: nothing in it was misheard.
GIVEN = "given"

#: Where something was said: utterance, character.
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found in one utterance."""

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
        return (
            hit.utterance in self.utterances
            and (self.after is None or hit.begins >= self.after)
            and (self.before is None or hit.ends <= self.before)
        )


@dataclass(slots=True)
class Conversation:
    """A transcript prepared for matching, once, for however many packs: all its text as one, scanned in one pass."""

    transcript: Transcript
    speech: Speech = field(init=False)
    folded: tuple[str, ...] = field(init=False)  # each utterance in simplified characters, half width and lower case
    turns: tuple[int, ...] = field(init=False)  # for each utterance, how often the speaker changed before it
    full_turns: tuple[tuple[Speaker, int, int], ...] = field(init=False)  # who, and the first and last of `turns` in it
    everything: frozenset[int] = field(init=False)  # all utterances
    worded: bool = field(init=False)  # whether anything was said that can be read
    nameless: bool = field(init=False)  # whether it is not known who said something
    _scans: dict[int, Scan] = field(default_factory=dict)
    _sentences: Sequence[Sentence] | None = None
    _suspicions: dict[str, Suspicion] = field(default_factory=dict)

    def __post_init__(self) -> None:
        said = self.transcript.utterances
        self.speech = join(self.transcript)
        self.folded = tuple(fold(one.text) for one in said)
        self.turns = _turns(said)
        self.full_turns = _full_turns(said, self.turns)
        self.everything = frozenset(range(len(said)))
        self.worded = any(character.isalnum() for one in said for character in one.text)
        self.nameless = any(one.speaker == "unknown" and one.text.strip() for one in said)

    def scan(self, matchers: Iterable[Matcher]) -> Scan:
        """What the matchers find; a matcher that packs share scans once."""
        text = self.speech.text
        groups: dict[str, Sequence[Span]] = {}
        for matcher in matchers:
            if id(matcher) not in self._scans:
                self._scans[id(matcher)] = matcher.scan(text, by_ear=self.by_ear)
            groups |= self._scans[id(matcher)].groups
        return Scan(sorted(text.stops), self.speech.walls, groups)

    @property
    def by_ear(self) -> bool:
        """Whether a recogniser wrote it, so that words may be written as they sound."""
        return self.transcript.engine != GIVEN

    def sentences(self) -> Sequence[Sentence]:
        """Everything said, sentence by sentence, in order."""
        if self._sentences is None:
            self._sentences = list(self.speech.sentences(self.transcript))
        return self._sentences

    def suspicion(self, chars: str) -> Suspicion:
        """What a sentence is suspected of. When the first is asked about, all are weighed."""
        if not self._suspicions:
            said = [one.chars for one in self.sentences()]
            self._suspicions = dict(zip(said, load_meanings().suspect_all(said), strict=True))
        if chars not in self._suspicions:
            self._suspicions[chars] = load_meanings().suspect(chars)
        return self._suspicions[chars]

    def suspicion_around(self, span: Span) -> float:
        """How likely the sentence, or sentences, that a span lies in are a violation, 0 to 1.

        1 where there is no sentence to weigh: what was found is not doubted for want of one.
        """
        owners, text = self.speech.owners, self.speech.text
        spoken = set(owners[span.start : span.end])
        begins = owners[span.start], text.starts[span.start]
        ends = owners[span.end - 1], text.ends[span.end - 1]
        said = self.sentences()
        near = said[bisect_left(said, (min(spoken),)) : bisect_left(said, (max(spoken) + 1,))]
        around = [
            one.chars
            for one in near
            if one.utterance in spoken and (one.utterance, one.end) > begins and (one.utterance, one.start) < ends
        ]
        return self.suspicion("".join(around)).probability if around else 1.0

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
        pairs = [f"“{heard}”按读音当作“{meant}”" for heard, meant in words if heard != meant]
        return "、".join(pairs) + "，可能是识别错字"


@dataclass(slots=True)
class Call:
    """A conversation as one pack sees it, with the facts known about the call."""

    conversation: Conversation
    facts: Mapping[str, object]
    scan: Scan
    guards: Mapping[str, Guard]
    unknown_as_named: bool = False  #: take utterances of unknown speakers as said by whoever a rule names
    _matches: dict[tuple[object, ...], tuple[Hit, ...]] = field(default_factory=dict)

    @property
    def transcript(self) -> Transcript:
        """The transcript under inspection."""
        return self.conversation.transcript

    def matches(self, lexicon: Lexicon, guards: tuple[str, ...], speaker: Speaker | None) -> tuple[Hit, ...]:
        """Where `speaker` says a family of `lexicon` that counts: no innocent phrase, and not taken back by a guard.

        Where a guard sets `suspicion_below`, hits in sentences that read more innocent than that are marked as doubted.
        """
        key = lexicon.name, guards, speaker, self.unknown_as_named
        if key not in self._matches:
            reasons = [self.guards[name] for name in guards]
            owners = self.conversation.speech.owners
            said = [span for span in self.scan.found(lexicon.name) if self.said_by(speaker, owners[span.end - 1])]
            counted = [span for span in said if self._counts(span, lexicon, reasons)]
            least = max((guard.suspicion_below for guard in reasons), default=0.0)
            found = [self._hit(span, least) for span in _distinct(counted)]
            self._matches[key] = tuple(sorted(found, key=_PLACE))
        return self._matches[key]

    def _hit(self, span: Span, least_suspicion: float) -> Hit:
        hit = self.conversation.hit(span)
        # What a match lacks in sound its sentence must have in meaning.
        least = least_suspicion + 1 - span.confidence
        if least_suspicion and (suspected := self.conversation.suspicion_around(span)) < least:
            note = f"整句读来不像违规（像的程度 {suspected:.0%}）"
            return replace(hit, doubted=True, note="；".join(filter(None, (hit.note, note))))
        return hit

    def _counts(self, span: Span, lexicon: Lexicon, guards: list[Guard]) -> bool:
        if lexicon.unless_inside:
            innocent = self.scan.near(f"{lexicon.name}.unless_inside", span.start, span.end)
            if any(map(span.inside, innocent)):
                return False
        return not any(guard.forgives(span, self.scan) for guard in guards)

    def by(self, speaker: Speaker | None, hits: Iterable[Hit]) -> tuple[Hit, ...]:
        """Those of `hits` that `speaker` said; all of them for None."""
        return tuple(hits) if speaker is None else tuple([hit for hit in hits if self.said_by(speaker, hit.utterance)])

    def said_by(self, speaker: Speaker | None, utterance: int) -> bool:
        """Whether `speaker` said that utterance."""
        return speaker is None or self.spoke(speaker, self.transcript.utterances[utterance].speaker)

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


def _turns(said: Sequence[Utterance]) -> tuple[int, ...]:
    speakers = groupby(one.speaker for one in said)
    return tuple(turn for turn, (_, same) in enumerate(speakers) for _ in same)


def _full_turns(said: Sequence[Utterance], turns: Sequence[int]) -> tuple[tuple[Speaker, int, int], ...]:
    """The turns that count: one speaker going on, over any 嗯 and 喂 of the other, which are no turns themselves."""
    full: list[tuple[Speaker, int, int]] = []
    for one, turn in zip(said, turns, strict=True):
        if _LISTENING.fullmatch(one.text):
            continue
        if full and full[-1][0] == one.speaker:
            full[-1] = (one.speaker, full[-1][1], turn)
        else:
            full.append((one.speaker, turn, turn))
    return tuple(full)
