"""What findings come to under people's verdicts."""

from dataclasses import replace

import pytest

from rules import Evidence, Finding, Verdict
from scoring import Review, Ruling, reviewed


def found(rule: str, verdict: Verdict, *words: tuple[int, int]) -> Finding:
    evidence = tuple(Evidence(utterance, (start, start + 2), "坐牢", None, None, 0.9) for utterance, start in words)
    return Finding(rule, "threat", "威胁", "veto", "absent", verdict, "原来的说明", evidence)


FINDINGS = (found("a", "failed", (0, 3)), found("b", "passed"), found("c", "skipped"))


def verdicts(findings: tuple[Finding, ...], *reviews: Review) -> str:
    return " ".join(
        f"{finding.rule}:{finding.verdict}:{len(finding.evidence)}" for finding in reviewed(findings, reviews)
    )


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ([], "a:failed:1 b:passed:0 c:skipped:0"),
        ([("upheld", 0)], "a:failed:1 b:passed:0 c:skipped:0"),
        ([("overturned", 0)], "a:passed:1 b:passed:0 c:skipped:0"),
        ([("overturned", 1)], "a:failed:1 b:failed:0 c:skipped:0"),
        ([("overturned", 2)], "a:failed:1 b:passed:0 c:passed:0"),
        ([("overturned", 0), ("upheld", 0)], "a:failed:1 b:passed:0 c:skipped:0"),
        ([("upheld", 0), ("overturned", 0)], "a:passed:1 b:passed:0 c:skipped:0"),
    ],
)
def test_the_last_verdict_counts(given: list[tuple[Ruling, int]], result: str) -> None:
    assert verdicts(FINDINGS, *(Review(ruling, FINDINGS[place]) for ruling, place in given)) == result


def test_a_verdict_holds_for_what_was_reviewed_only() -> None:
    overturned = Review("overturned", FINDINGS[0])
    other_words = found("a", "failed", (0, 3), (7, 1))
    other_rule = found("x", "failed", (0, 3))
    reworded = replace(FINDINGS[0], title="恐吓", message="另一种说明")
    assert verdicts((other_words,), overturned) == "a:failed:2"
    assert verdicts((other_rule,), overturned) == "x:failed:1"
    assert verdicts((reworded,), overturned) == "a:passed:1"


def test_a_verdict_on_other_words_of_the_rule_takes_nothing_back() -> None:
    given = Review("overturned", FINDINGS[0]), Review("upheld", found("a", "failed", (7, 1)))
    assert verdicts(FINDINGS[:1], *given) == "a:passed:1"


@pytest.mark.parametrize(
    ("missed", "result"),
    [
        (found("b", "failed", (4, 0)), "a:failed:1 b:failed:1 c:skipped:0"),
        (found("a", "failed", (4, 0)), "a:failed:2 b:passed:0 c:skipped:0"),
        (found("c", "failed", (4, 0)), "a:failed:1 b:passed:0 c:failed:1"),
        (found("manual.threat", "failed", (4, 0)), "a:failed:1 b:passed:0 c:skipped:0 manual.threat:failed:1"),
    ],
)
def test_what_was_missed_is_a_failure(missed: Finding, result: str) -> None:
    assert verdicts(FINDINGS, Review("missed", missed)) == result


def test_missed_words_stand_where_the_machine_was_overturned() -> None:
    missed = Review("missed", found("a", "failed", (4, 0)))
    assert verdicts(FINDINGS, Review("overturned", FINDINGS[0]), missed) == "a:failed:1 b:passed:0 c:skipped:0"


def test_a_changed_verdict_says_so() -> None:
    (finding,) = reviewed(FINDINGS[:1], [Review("overturned", FINDINGS[0])])
    assert finding.message == "人工复核改判（原：原来的说明）"
