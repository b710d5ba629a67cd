"""One call as rules see it: who said what, joined where a speaker went on, with every phrase already found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from asr.transcript import Speaker, Transcript, Utterance
from rules.finding import Evidence
from rules.guards import Guard
from rules.lexicon import Lexicon
from rules.matcher import Matcher, Scan, Span
from rules.text import Text, normalise

#: A pause in seconds after which the same speaker begins something new.
NEW_PASSAGE_AFTER = 5.0

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


@dataclass(frozen=True, slots=True)
class Passage:
    """What one speaker said without a break: recognisers cut sentences at every pause, and phrases run across."""

    text: Text
    owners: tuple[int, ...]  #: for each character, the utterance it was said in

    def hit(self, span: Span) -> Hit:
        """The span in its utterance. One that runs across two is shown where it ends: there the meaning is complete."""
        first, last = self.owners[span.start], self.owners[span.end - 1]
        if first == last:
            return Hit(first, *self.text.original(span.start, span.end), span.confidence, _note(span))
        start = self.owners.index(last)
        return Hit(
            last, *self.text.original(start, span.end), span.confidence, "这句话被停顿切成了几段" + _note(span, "；")
        )


def _note(span: Span, joint: str = "") -> str:
    return f"{joint}按读音匹配“{span.family.written}”，可能是识别错字" if span.confidence < 1 else ""


@dataclass(slots=True)
class Conversation:
    """A transcript prepared for matching, once, for however many packs."""

    transcript: Transcript
    passages: tuple[Passage, ...] = field(init=False)
    turns: tuple[int, ...] = field(init=False)  #: for each utterance, which turn it belongs to, from 0

    def __post_init__(self) -> None:
        self.passages = tuple(_passage(self.transcript, group) for group in _passage_groups(self.transcript))
        self.turns = _turns(self.transcript)


@dataclass(slots=True)
class Call:
    """A conversation under one pack's matcher, with the facts known about the call."""

    conversation: Conversation
    facts: Mapping[str, object]
    matcher: Matcher
    guards: Mapping[str, Guard]
    unknown_as_named: bool = False  #: take utterances of unknown speakers as said by whoever a rule names
    _scans: tuple[Scan, ...] = ()
    _matches: dict[tuple[str, tuple[str, ...]], tuple[Hit, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        heard = self.transcript.engine != GIVEN
        self._scans = tuple(self.matcher.scan(one.text, by_ear=heard) for one in self.conversation.passages)

    @property
    def transcript(self) -> Transcript:
        """The transcript under inspection."""
        return self.conversation.transcript

    def matches(self, lexicon: Lexicon, guards: tuple[str, ...]) -> tuple[Hit, ...]:
        """Every place where a family of `lexicon` counts: outside innocent phrases and not taken back by a guard."""
        key = lexicon.name, guards
        if key not in self._matches:
            passages = zip(self.conversation.passages, self._scans, strict=True)
            found = [
                hit for passage, scan in passages if scan.found(lexicon.name) for hit in self._in(passage, scan, *key)
            ]
            self._matches[key] = tuple(sorted(found, key=lambda hit: hit.begins))
        return self._matches[key]

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

    def _in(self, passage: Passage, scan: Scan, lexicon: str, guards: tuple[str, ...]) -> list[Hit]:
        innocent = scan.found(f"{lexicon}.unless_inside")
        counted = [
            span
            for span in scan.found(lexicon)
            if not any(span.inside(other) for other in innocent)
            and not any(self.guards[name].forgives(span, scan) for name in guards)
        ]
        return [passage.hit(span) for span in _distinct(counted)]


def _distinct(spans: list[Span]) -> list[Span]:
    """One span for each place: of those that overlap the surest stands, then the longest."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span.confidence, span.start - span.end, span.start)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return kept


def _passage_groups(transcript: Transcript) -> list[list[int]]:
    groups: list[list[int]] = []
    for at, said in enumerate(transcript.utterances):
        if groups and _goes_on(transcript.utterances[groups[-1][-1]], said):
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups


def _goes_on(before: Utterance, after: Utterance) -> bool:
    if before.speaker != after.speaker:
        return False
    return before.end is None or after.start is None or after.start - before.end < NEW_PASSAGE_AFTER


def _passage(transcript: Transcript, utterances: list[int]) -> Passage:
    chars = ""
    starts: list[int] = []
    ends: list[int] = []
    owners: list[int] = []
    stops: set[int] = set()
    numbers: list[tuple[int, int]] = []
    for utterance in utterances:
        text = normalise(transcript.utterances[utterance].text)
        at = len(chars)
        stops |= {at, *(at + stop for stop in text.stops)}
        numbers += [(at + start, at + end) for start, end in text.numbers]
        chars += text.chars
        starts += text.starts
        ends += text.ends
        owners += [utterance] * len(text.chars)
    return Passage(Text(chars, tuple(starts), tuple(ends), frozenset(stops), tuple(numbers)), tuple(owners))


def _turns(transcript: Transcript) -> tuple[int, ...]:
    speakers = groupby(said.speaker for said in transcript.utterances)
    return tuple(turn for turn, (_, said) in enumerate(speakers) for _ in said)
