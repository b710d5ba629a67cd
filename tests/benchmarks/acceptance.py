"""How rules do on strangers' acceptance set: sentences and whole calls, judged by all built-in packs.

    uv run python -m tests.benchmarks.acceptance          # totals
    uv run python -m tests.benchmarks.acceptance --show   # and what went wrong: not for those who write rules

Its authors had read no rule. Who writes rules may read the totals and the classes of failure, never the set.
Convicted: a violation fails the call. Suspected: a `suspected.*` rule fails, which only sends the call to a person.
Flagged: that, or something else found, or words that a rule leaves to a person. Intervals are Wilson's, 95 %.

Seven authors wrote it, one after the other; each part was judged before it was read. At first sight:

- of 179, 174, 188, 212 and 210 violations 129, 119, 145, 136 and 135 convicted, 150, 154, 177, 185 and 182 or
  suspected; of those only hinted at, 57 of 74 suspected in the second, 57 of 61 in the third, 48 of 68 in the fourth
  and 75 of 99 in the fifth; of those in the six categories of zero tolerance (threat, abuse, impersonate,
  false_legal, third_party, harass) 108 of 111 in the third, 127 of 146 in the fourth and 130 of 150 in the fifth
- of 126, 148, 160, 206 and 212 traps 5, 7, 2, none and 1 convicted; 8, 4, none and 2 or suspected in the second to
  fifth
- 155 of 165, 185 of 196, 169 of 172, 185 of 198 and 194 of 210 steps right; in the second 14 amounts and 15 dates of
  18 promises, in the third 21 and 24 of 26, in the fourth 23 and 23 of 30, in the fifth 19 and 20 of 21

14 labels of the first, 11 of the third and 3 of the fourth were mended, after they had been compared with what was
found: an offer is one only if it names a way or a plan, and who says that he is somebody else was asked all the same.
After the first four the classes of failure were told to who writes rules, and sentences to learn from came from
others; of the fourth's calls the steps that had been missed were read. Of the fifth nothing was told or read, only
the step score and the nets grew after it, from other sentences: 191 or suspected, 2 traps, 202 steps. The sixth wrote
sentences only: of 160 violations 122 were or suspected in their category, 141 in any; of 200 traps 7 in any. What was
taken for a violation in these traps was read and mended, the rest was not. The seventh wrote sentences only: of 220
violations in their category 134 convicted, 196 or suspected (88 of 110 hints), in any 211; of those of zero tolerance
156 of 180, in any 171; of 220 traps 3 convicted, none suspected besides. All that went wrong was read.

Of three authors' 62 proper calls 13 had something convicted, 19 that or suspected, 34 or flagged, at first sight; of 80
by two more, which the net then learned and which are not in the set, 7, 20 and 32; of 40 by a sixth, after these, 3, 4
and 7. What was flagged in them was then read and mended from.

All together now: of 1343 violations 914 convicted, 1214 or suspected; of 1272 traps 7 convicted, 14 or suspected; 926
of 939 steps; 101 amounts and 101 dates of 108 promises; of 50 calls with a violation 47 convicted, all or suspected; of
the 90 without 1 and 3; of the 102 proper calls 3, 12 and 24.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asr import Transcript, Utterance
from rules import SIGNALS, Finding, Pack, Promise, built_in_packs, check, find_promises, load_pack
from rules.call import GIVEN
from rules.conditions import call_date
from tests.benchmarks.accuracy import DATA, OF_CALLS, _share

Place = tuple[int, str]  # a turn and a category
#: One count: of what group, which measure of it, yes or no, and what to show where that was a mistake.
Counted = tuple[str, str, bool, object]

#: A question and its answer, a statement in two breaths: this many turns off is still the same place.
NEAR = 1


def transcript(utterances: list[dict[str, Any]]) -> Transcript:
    return Transcript(GIVEN, "zh", None, "given", tuple(Utterance(**said) for said in utterances))


def hear(packs: list[Pack], said: Transcript, facts: Mapping[str, object]) -> dict[str, set[Place]]:
    """What is found, by how strictly one asks. Of a course of events the last one is where it went wrong."""
    courses = {rule.id for pack in packs for rule in pack.rules if rule.scope.speaker is None}
    places: dict[str, set[Place]] = defaultdict(set)
    for finding in check(packs, said, facts):
        evidence = finding.evidence[-1:] if finding.rule in courses else finding.evidence
        places[_outcome(finding)] |= {(one.utterance, finding.category) for one in evidence}
    suspected = places["convicted"] | places["suspected"]
    return {"convicted": places["convicted"], "or suspected": suspected, "or flagged": suspected | places["skipped"]}


def _outcome(finding: Finding) -> str:
    """A promise is a signal that is hoped for: there, passed means heard."""
    if finding.category in OF_CALLS or (finding.expect == "present" and finding.category != "ptp"):
        return "nothing"
    if finding.verdict != ("failed" if finding.expect == "absent" else "passed"):
        return finding.verdict
    return "suspected" if finding.rule.startswith("suspected.") else "convicted"


def count_sentences(packs: list[Pack]) -> Iterator[Counted]:
    """Of a trap, what one would wrongly call found; another signal that a customer gives is no mistake."""
    for line in (DATA / "acceptance.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        what, categories, kind, speaker, text = line.split("\t")
        wanted, trap = categories.split("/"), what == "trap"
        channel = kind if kind in ("sms", "visit") else "call"
        of = "traps taken" if trap else "signals found" if wanted[0] in SIGNALS else "violations found"
        for measure, places in hear(
            packs, transcript([{"speaker": speaker, "text": text}]), {"channel": channel}
        ).items():
            named = {category for _, category in places}
            other = named - SIGNALS if trap else named if measure == "or flagged" else set()
            found = bool(other or named.intersection(wanted))
            yield of, measure, found, line if found == trap else None
            yield from ((f"{of}: {part}", measure, found, None) for part in (kind, wanted[0]))
            if found:
                yield "precision of sentences", measure, not trap, None


def count_calls(packs: list[Pack]) -> Iterator[Counted]:
    for line in (DATA / "acceptance.jsonl").read_text(encoding="utf-8").splitlines()[1:]:
        call = json.loads(line)
        said, facts, expect = transcript(call["utterances"]), call["call"], call["expect"]
        heard = hear(packs, said, facts)
        counted = [
            *_places(expect["findings"], heard),
            *_taken(expect["findings"], heard),
            *_steps(expect["steps"], check(packs, said, facts)),
            *_promises(expect["promises"], find_promises(said, call_date(facts))),
        ]
        for group, measure, right, what in counted:
            yield f"calls, {group}", measure, right, None if right else (facts["external_id"], what)


def count_proper_calls(packs: list[Pack]) -> Iterator[Counted]:
    """Of a call in which all went well, whether anything is taken for a violation."""
    for call in (DATA / "proper.txt").read_text(encoding="utf-8").split("\n\n")[1:]:
        lines = [line.split("：", 1) for line in call.splitlines()[1:]]
        said = [{"speaker": "agent" if who == "坐席" else "customer", "text": text} for who, text in lines]
        for measure, places in hear(packs, transcript(said), {"channel": "call"}).items():
            taken = sorted((said[at]["text"], category) for at, category in places if category not in SIGNALS)
            yield "proper calls taken", measure, bool(taken), taken or None


def _taken(labels: list[dict[str, Any]], heard: dict[str, set[Place]]) -> Iterator[Counted]:
    """Whether anything is taken for a violation, of calls with one and of calls without."""
    of = "with a violation" if {label["category"] for label in labels} - SIGNALS else "without one"
    for measure, places in heard.items():
        yield f"{of}, taken", measure, bool({category for _, category in places} - SIGNALS), None


def _near(place: Place, places: set[Place]) -> bool:
    return any(place[1] == category and abs(place[0] - turn) <= NEAR for turn, category in places)


def _places(labels: list[dict[str, Any]], heard: dict[str, set[Place]]) -> Iterator[Counted]:
    """Recall of all that is labelled; precision of violations only, since a signal more harms nobody."""
    wanted = {(label["turn"], label["category"]) for label in labels}
    for measure, places in heard.items():
        for place in sorted(wanted):
            of = "signals" if place[1] in SIGNALS else "violations"
            yield f"{of}, recall", measure, _near(place, places), place
        for place in sorted(place for place in places if place[1] not in SIGNALS):
            yield "violations, precision", measure, _near(place, wanted), place


def _steps(expected: dict[str, Any], findings: list[Finding]) -> Iterator[Counted]:
    """A step is right when it is found where it is, or not where it is not."""
    for step, turns in expected.items():
        done = [f for f in findings if f.category == step and f.rule.startswith("step.") and f.verdict == "passed"]
        places = {(evidence.utterance, step) for finding in done for evidence in finding.evidence}
        there = any(_near((turn, step), places) for turn in (turns if isinstance(turns, list) else [turns or 0]))
        right = not done if turns is None else there
        if step == "disclosure_before_identity":
            right = turns == any(f.category == step and f.verdict == "failed" for f in findings)
        yield "steps", "right", right, None
        yield f"step {step}", "right", right, (turns, places)


def _promises(wanted: list[dict[str, Any]], found: list[Promise]) -> Iterator[Counted]:
    """Each promise with its amount and its day, and the last one, which is what the call ends on."""
    made = [(one.utterance, one.amount and float(one.amount), one.date and str(one.date)) for one in found]
    for one in wanted:
        here = [promise for promise in made if abs(promise[0] - one["turn"]) <= 2 * NEAR]
        yield "promises", "amount", one["amount"] in [amount for _, amount, _ in here], (one, made)
        yield "promises", "date", one["date"] in [day for _, _, day in here], (one, made)
    last = [(one["amount"], one["date"]) for one in wanted[-1:]]
    yield "promises", "last one or none", [promise[1:] for promise in made[-1:]] == last, (last, made)


def report(counts: Iterable[Counted], *, show: bool) -> None:
    tally: dict[str, dict[str, Counter[bool]]] = defaultdict(lambda: defaultdict(Counter))
    for group, measure, yes, mistake in counts:
        tally[group][measure][yes] += 1
        if show and mistake:
            print(group, measure, mistake, sep="\t")
    for group, measures in sorted(tally.items()):
        shares = [f"{name} {_share(of[True], of.total())} of {of.total():3d}" for name, of in measures.items()]
        print(f"{group:40s} {'   '.join(shares)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="list what went wrong")
    show = parser.parse_args().show
    packs = [load_pack(path) for path in built_in_packs()]
    report([*count_sentences(packs), *count_calls(packs), *count_proper_calls(packs)], show=show)


if __name__ == "__main__":
    main()
