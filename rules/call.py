"""One call as rules see it: who said what, joined where a speaker went on, with every phrase already found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from asr.transcript import Speaker, Transcript, Utterance
from rules.finding import Evidence
from rules.guards import Guard
from rules.lexicon import MAX_GAP, Lexicon
from rules.matcher import Matcher, Scan, Span
from rules.text import Text, normalise

#: A pause in seconds after which the same speaker begins something new.
NEW_BREATH_AFTER = 5.0

#: And one after which a sentence has ended, though the recogniser wrote no mark. It cuts at pauses of 0.7.
NEW_SENTENCE_AFTER = 1.5

#: Characters of a reply such as 嗯嗯 that does not interrupt.
SHORT_REPLY = 2

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
    text: Text = field(init=False)
    owners: tuple[int, ...] = field(init=False)  # for each character, the utterance it was said in
    turns: tuple[int, ...] = field(init=False)  # for each utterance, which turn it belongs to, from 0
    _scans: dict[int, Scan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text, self.owners = _joined(self.transcript)
        self.turns = _turns(self.transcript)

    def scan(self, matchers: Iterable[Matcher]) -> Scan:
        """What the matchers find; a matcher that packs share scans once."""
        groups: dict[str, Sequence[Span]] = {}
        for matcher in matchers:
            if id(matcher) not in self._scans:
                self._scans[id(matcher)] = matcher.scan(self.text, by_ear=self.transcript.engine != GIVEN)
            groups |= self._scans[id(matcher)].groups
        return Scan(tuple(sorted(self.text.stops)), groups)

    def hit(self, span: Span) -> Hit:
        """The span in its utterance. One that runs across two is shown where it ends: there the meaning is complete."""
        first, last = self.owners[span.start], self.owners[span.end - 1]
        notes = ["按读音匹配“" + span.family.written + "”，可能是识别错字"] if span.confidence < 1 else []
        if first != last:
            notes.append("这句话被停顿切成了几段")
        start = span.start if first == last else self.owners.index(last)
        return Hit(last, *self.text.original(start, span.end), span.confidence, "；".join(notes))


@dataclass(slots=True)
class Call:
    """A conversation as one pack sees it, with the facts known about the call."""

    conversation: Conversation
    facts: Mapping[str, object]
    scan: Scan
    guards: Mapping[str, Guard]
    unknown_as_named: bool = False  #: take utterances of unknown speakers as said by whoever a rule names
    _matches: dict[tuple[str, tuple[str, ...]], tuple[Hit, ...]] = field(default_factory=dict)

    @property
    def transcript(self) -> Transcript:
        """The transcript under inspection."""
        return self.conversation.transcript

    def matches(self, lexicon: Lexicon, guards: tuple[str, ...]) -> tuple[Hit, ...]:
        """Every place where a family of `lexicon` counts: outside innocent phrases and not taken back by a guard."""
        key = lexicon.name, guards
        if key not in self._matches:
            reasons = [self.guards[name] for name in guards]
            counted = [span for span in self.scan.found(lexicon.name) if self._counts(span, lexicon.name, reasons)]
            found = [self.conversation.hit(span) for span in _distinct(counted)]
            self._matches[key] = tuple(sorted(found, key=lambda hit: hit.begins))
        return self._matches[key]

    def _counts(self, span: Span, lexicon: str, guards: list[Guard]) -> bool:
        innocent = self.scan.near(f"{lexicon}.unless_inside", span.start, span.end)
        if any(map(span.inside, innocent)):
            return False
        return not any(guard.forgives(span, self.scan) for guard in guards)

    def by(self, speaker: Speaker | None, hits: Iterable[Hit]) -> tuple[Hit, ...]:
        """Those of `hits` that `speaker` said; all of them for None."""
        return tuple(hit for hit in hits if self.said_by(speaker, hit.utterance))

    def said_by(self, speaker: Speaker | None, utterance: int) -> bool:
        """Whether `speaker` said that utterance."""
        said = self.transcript.utterances[utterance].speaker
        return speaker in (None, said) or (self.unknown_as_named and said == "unknown")

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
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return kept


def _joined(transcript: Transcript) -> tuple[Text, tuple[int, ...]]:
    """All that was said as one text, and for each character its utterance.

    What a speaker says in one breath stays together, because recognisers cut sentences at every pause and phrases run
    across. Elsewhere the texts are held apart by more blanks than any gap or guard can leap.
    """
    chars = ""
    starts: list[int] = []
    ends: list[int] = []
    owners: list[int] = []
    stops: set[int] = set()
    numbers: list[tuple[int, int]] = []
    for breath in _breaths(transcript):
        for before, utterance in zip((None, *breath), breath, strict=False):
            text = normalise(transcript.utterances[utterance].text)
            at = len(chars)
            stops |= {at + stop for stop in text.stops}
            if before is None or not _runs_on(transcript.utterances[before], transcript.utterances[utterance]):
                stops.add(at)
            numbers += [(at + start, at + end) for start, end in text.numbers]
            chars += text.chars
            starts += text.starts
            ends += text.ends
            owners += [utterance] * len(text.chars)
        stops.add(len(chars))
        chars += " " * (MAX_GAP + 1)
        starts += [0] * (MAX_GAP + 1)
        ends += [0] * (MAX_GAP + 1)
        owners += [-1] * (MAX_GAP + 1)
    return Text(chars, tuple(starts), tuple(ends), frozenset(stops), tuple(numbers)), tuple(owners)


def _breaths(transcript: Transcript) -> list[list[int]]:
    """Utterances that belong together, by index: the same speaker going on, over a short 嗯 of the other too."""
    breaths: list[list[int]] = []
    last: dict[Speaker, list[int]] = {}
    for at, said in enumerate(transcript.utterances):
        own = last.get(said.speaker)
        if own and _goes_on(transcript.utterances, own[-1], at):
            own.append(at)
        else:
            last[said.speaker] = [at]
            breaths.append(last[said.speaker])
    return breaths


def _goes_on(said: Sequence[Utterance], before: int, after: int) -> bool:
    if any(len(one.text) > SHORT_REPLY for one in said[before + 1 : after]):
        return False
    end, start = said[before].end, said[after].start
    if end is None or start is None:
        return after == before + 1
    return start - end < NEW_BREATH_AFTER


def _runs_on(before: Utterance, after: Utterance) -> bool:
    """Whether a sentence goes on over the pause: recognisers cut 我们不会 … 上门堵您的 where somebody breathes."""
    return before.end is not None and after.start is not None and after.start - before.end < NEW_SENTENCE_AFTER


def _turns(transcript: Transcript) -> tuple[int, ...]:
    speakers = groupby(said.speaker for said in transcript.utterances)
    return tuple(turn for turn, (_, said) in enumerate(speakers) for _ in said)
