"""How well rules find what was said: precision and recall by category, the matcher's parts switched on one by one.

    uv run python -m tests.benchmarks.accuracy                      # our sentences, written from and held aside
    uv run python -m tests.benchmarks.accuracy --calls FOLDER       # labelled recordings: FOLDER/labels.jsonl and *.wav
    uv run python -m tests.benchmarks.accuracy --neutral FILE       # false alarms in text that is about something else

`labels.jsonl` holds one call a line: `id`, `turns` with `speaker`, `start`, `end`, `text`, and
`violations_and_signals` (`category`, `negated`). Heard transcripts are kept in --cache, so that a second run only
judges. Intervals are Wilson's, 95 %.

Measured: on the sentences held aside 112 of 149 violations in their category (families alone 58), 1 of 50 look-alikes
flagged. On 24 synthetic calls (868 s), per turn and category, F1 0.967 from audio and 0.957 on the reference text. On
30.9 hours of public reviews of books, hotels and computers, each a call of its own, 0.65 alarms an hour.
All sentences were written, none recorded.
"""

import argparse
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from asr import Transcript, Utterance, load_transcriber
from rules import CATEGORIES, SIGNALS, Pack, check, load_pack
from rules.call import GIVEN, Conversation
from rules.lexicon import Lexicon
from rules.matcher import Scan, Span
from rules.rule import Rule

DATA = Path(__file__).parents[1] / "rules" / "data"

#: Characters of Mandarin in a second of telephone speech, to turn text into hours.
CHARACTERS_A_SECOND = 4.5

#: What a call must show rather than what a sentence says.
OF_CALLS = {"order", "disclosure_before_identity", "frequency", "quiet_hours"}

#: Where something is: call, utterance, category.
Place = tuple[str, int, str]


@dataclass
class Score:
    """Found and wanted places of one category."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def row(self) -> str:
        """Precision, recall and F1 as one line of a table."""
        precision, recall = _share(self.right, self.right + self.wrong), _share(self.right, self.right + self.missed)
        return f"{self.right:4d} {self.wrong:4d} {self.missed:4d}   {precision}   {recall}   {self._f1()}"

    def _f1(self) -> str:
        """F1 is 2J / (1 + J), where J is the share of right ones among all found or wanted: its interval maps along."""
        return _share(self.right, self.right + self.wrong + self.missed, lambda share: 2 * share / (1 + share))


def _share(part: int, whole: int, of: Callable[[float], float] = lambda share: share) -> str:
    """A share with its interval, or what `of` makes of the three."""
    if not whole:
        return "   –              "
    z, p = 1.96, part / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{of(p):.3f} [{of(max(middle - half, 0)):.2f}, {of(min(middle + half, 1)):.2f}]"


# The parts of the matcher, one more each time. Each says which spans of a lexicon count.

Counts = Callable[[Pack, Lexicon, Span, Scan], bool]


def exact_words(_: Pack, __: Lexicon, span: Span, ___: Scan) -> bool:
    """Only families of one slot, exactly as written: a keyword list."""
    return span.confidence == 1 and len(span.family.slots) == 1


def families(_: Pack, __: Lexicon, span: Span, ___: Scan) -> bool:
    """All families, exactly as written."""
    return span.confidence == 1


def by_sound(_: Pack, __: Lexicon, ___: Span, ____: Scan) -> bool:
    """All families, by sound too."""
    return True


def guarded(pack: Pack, lexicon: Lexicon, span: Span, scan: Scan) -> bool:
    """All families by sound, outside innocent phrases, where no guard takes them back."""
    innocent = scan.found(f"{lexicon.name}.unless_inside")
    if any(span.inside(other) for other in innocent):
        return False
    return not any(pack.guards[name].forgives(span, scan) for name in lexicon.guards)


def lexicons(rule: Rule) -> Iterator[Lexicon]:
    """The named lexicons a rule looks for; those of one that only suspects tell what the call is about."""
    for operator in () if rule.suspects else rule.find.operator.walk():
        if lexicon := getattr(operator, "lexicon", None):
            yield lexicon


def found_by(pack: Pack, name: str, transcript: Transcript, counts: Counts) -> set[Place]:
    """Where the violations and signals of the pack are found with these parts of the matcher."""
    conversation = Conversation(transcript)
    scan = conversation.scan(pack.matchers)
    places: set[Place] = set()
    for rule in pack.rules:
        if rule.expect == "present" or rule.scope.speaker is None or rule.category in OF_CALLS:
            continue
        for lexicon in lexicons(rule):
            hits = [conversation.hit(span) for span in scan.found(lexicon.name) if counts(pack, lexicon, span, scan)]
            said = [hit for hit in hits if transcript.utterances[hit.utterance].speaker == rule.scope.speaker]
            places |= {(name, hit.utterance, rule.category) for hit in said}
    return places


def judged(pack: Pack, name: str, transcript: Transcript) -> set[Place]:
    """Where rules fail: the second net as well, which doubts what reads innocent and suspects what reads guilty."""
    who = {rule.id: rule.scope.speaker for rule in pack.rules if rule.scope.speaker and rule.expect == "absent"}
    return {
        (name, evidence.utterance, finding.category)
        for finding in check(pack, transcript)
        if finding.verdict == "failed" and finding.rule in who and finding.category not in OF_CALLS
        for evidence in finding.evidence
        # What the other side protested at belongs to the evidence, and is no violation of his.
        if transcript.utterances[evidence.utterance].speaker == who[finding.rule]
    }


#: What is measured side by side; the last is what the product does. Tables by category are printed for `SHOWN`.
PARTS: dict[str, Callable[[Pack, str, Transcript], set[Place]]] = {
    "exact words": partial(found_by, counts=exact_words),
    "+ families": partial(found_by, counts=families),
    "+ sound": partial(found_by, counts=by_sound),
    "+ guards": partial(found_by, counts=guarded),
    "+ meaning": judged,
}
SHOWN = ("+ guards", "+ meaning")


def compare(found: Iterable[Place], wanted: Iterable[Place]) -> dict[str, Score]:
    """Scores by category, and of all together under 'all'."""
    scores: dict[str, Score] = defaultdict(Score)
    found, wanted = set(found), set(wanted)
    for place in found | wanted:
        kind = "right" if place in found and place in wanted else "wrong" if place in found else "missed"
        for key in (place[2], "all"):
            setattr(scores[key], kind, getattr(scores[key], kind) + 1)
    return scores


def print_table(title: str, scores: dict[str, Score]) -> None:
    print(f"\n{title}\n{'':22s} right wrong missed  precision              recall                 F1")
    for category in [*(name for name in CATEGORIES if name in scores), "all"]:
        print(f"{category:22s} {scores[category].row()}")


# Our sentences


def sentences(name: str) -> Iterator[tuple[str, str, Transcript]]:
    """Kind (said or trap), category and transcript of each sentence of a call or message."""
    for line in (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, category, speaker, text, *channel = line.split("\t")
            # Which rules of a visit note apply is a fact, and what is compared here knows none.
            if channel == ["visit"]:
                continue
            said = Utterance(speaker, text)  # type: ignore[arg-type]
            yield kind, category, Transcript(GIVEN, "zh", None, "given", (said,))


def score_sentences(pack: Pack, name: str) -> None:
    """Recall on what must be found, precision over traps. A second category in a sentence is counted apart."""
    print(f"\n=== sentences: {name} ===")
    looked_for = {rule.category for rule in pack.rules if rule.expect == "absent"}
    for part, find in PARTS.items():
        scores: dict[str, Score] = defaultdict(Score)
        traps, elsewhere = Counter[bool](), 0
        for kind, category, transcript in sentences(name):
            found = {place[2] for place in find(pack, "", transcript)}
            if kind == "said" and category not in looked_for:  # a step or a promise, which belongs to a whole call
                continue
            if kind == "trap":
                flagged = bool(found - SIGNALS) or category in found
                traps[flagged] += 1
                scores["all"].wrong += flagged
                scores[category].wrong += flagged
                continue
            elsewhere += len(found - {category})
            for key in (category, "all"):
                scores[key].right += category in found
                scores[key].missed += category not in found
        if part in SHOWN:
            print_table(f"{name}, {part}", scores)
        print(
            f"{part:12s} all: {scores['all'].row()}  traps flagged {traps[True]}/{traps.total()}, elsewhere {elsewhere}"
        )


# Labelled calls


def labelled_calls(folder: Path) -> list[dict]:  # type: ignore[type-arg]
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def spoken(call: dict) -> Transcript:  # type: ignore[type-arg]
    """The reference text as a transcript."""
    said = tuple(Utterance(turn["speaker"], turn["text"], turn["start"], turn["end"]) for turn in call["turns"])
    return Transcript(GIVEN, "zh", call["duration"], "channels", said)


def heard(folder: Path, calls: list[dict], cache: Path) -> dict[str, Transcript]:  # type: ignore[type-arg]
    """What the packaged model hears, from the cache where it is there."""
    if not cache.exists():
        transcriber = load_transcriber()
        with cache.open("w", encoding="utf-8") as file:
            for call in calls:
                transcript = transcriber.transcribe(folder / f"{call['id']}.wav")
                file.write(json.dumps({"id": call["id"], "transcript": asdict(transcript)}, ensure_ascii=False) + "\n")
                print(f"heard {call['id']}", file=sys.stderr)
    transcripts = {}
    for line in cache.read_text(encoding="utf-8").splitlines():
        kept = json.loads(line)
        fields = kept["transcript"]
        fields["utterances"] = tuple(Utterance(**one) for one in fields["utterances"])
        fields["acoustics"] = None  # no rule measured here goes by them
        fields["notes"] = tuple(fields["notes"])
        transcripts[kept["id"]] = Transcript(**fields)
    return transcripts


def turn_of(call: dict, said: Utterance) -> int:  # type: ignore[type-arg]
    """The labelled turn an utterance belongs to: the same speaker's, with most time in common."""

    def common(at: int) -> tuple[bool, float]:
        turn = call["turns"][at]
        both = min(said.end or 0.0, turn["end"]) - max(said.start or 0.0, turn["start"])
        return turn["speaker"] == said.speaker, both

    return max(range(len(call["turns"])), key=common)


def wanted_in(call: dict) -> set[Place]:  # type: ignore[type-arg]
    return {
        (call["id"], at, label["category"])
        for at, turn in enumerate(call["turns"])
        for label in turn["violations_and_signals"]
        if not label["negated"]
    }


def score_calls(pack: Pack, folder: Path, cache: Path) -> None:
    """Right category on the right turn, on the reference text and on what was heard."""
    calls = labelled_calls(folder)
    categories = {place[2] for call in calls for place in wanted_in(call)}
    wanted = {place for call in calls for place in wanted_in(call)}
    transcripts = heard(folder, calls, cache)
    for source in ("reference text", "audio"):
        print(f"\n=== {folder.name}: {source} ===")
        for part, find in PARTS.items():
            found: set[Place] = set()
            for call in calls:
                transcript = spoken(call) if source == "reference text" else transcripts[call["id"]]
                for name, at, category in find(pack, call["id"], transcript):
                    if category in categories:
                        found.add((name, turn_of(call, transcript.utterances[at]), category))
            scores = compare(found, wanted)
            if part in SHOWN:
                print_table(f"{source}, {part}", scores)
            print(f"{part:12s} all: {scores['all'].row()}")


# Neutral text


def score_neutral(pack: Pack, file: Path, characters: int) -> None:
    """False alarms an hour in lines of text that have nothing to do with collection, read as an agent's speech."""
    lines: list[str] = []
    total = 0
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and total < characters:
            lines.append(line.strip()[:300])
            total += len(lines[-1])
    hours = total / CHARACTERS_A_SECOND / 3600
    for engine in (GIVEN, "recogniser"):
        alarms: Counter[str] = Counter()
        for line in lines:
            transcript = Transcript(engine, "zh", None, "given", (Utterance("agent", line),))
            for finding in check(pack, transcript):
                if finding.expect == "absent" and finding.verdict == "failed" and finding.category not in OF_CALLS:
                    alarms[finding.category] += 1
        how = "as text" if engine == GIVEN else "by ear"
        rate = alarms.total() / hours
        print(f"\n=== neutral text {how}: {hours:.1f} hours, {rate:.2f} alarms an hour === {dict(alarms)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="collection-standard")
    parser.add_argument("--calls", type=Path)
    parser.add_argument("--cache", type=Path, help="file for heard transcripts; beside the labels when not given")
    parser.add_argument("--neutral", type=Path)
    parser.add_argument("--characters", type=int, default=500_000, help="how much neutral text to read")
    options = parser.parse_args()
    pack = load_pack(options.pack)
    # Rules by relation need facts that sentences do not have.
    pack = replace(pack, rules=tuple(rule for rule in pack.rules if not rule.when.keys() & {"callee_relation"}))
    for name in ("seen", "aside"):
        score_sentences(pack, name)
    if options.calls:
        score_calls(pack, options.calls, options.cache or options.calls / "heard.jsonl")
    if options.neutral:
        score_neutral(pack, options.neutral, options.characters)


if __name__ == "__main__":
    main()
