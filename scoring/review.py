"""A person's verdicts on findings, and what the findings come to under them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rules import Finding, Verdict

#: upheld: the machine was right. overturned: it was not. missed: it found nothing, the reviewer did.
Ruling = Literal["upheld", "overturned", "missed"]


@dataclass(frozen=True, slots=True)
class Review:
    """One person's ruling on one finding."""

    ruling: Ruling
    finding: Finding  #: as the machine judged it; for `missed`, as the reviewer would have it


#: What an overturned verdict becomes. Who overturns "cannot tell" has listened and found nothing wrong; somebody who
#: did find something adds it as missed.
_OVERTURNED: dict[Verdict, Verdict] = {"failed": "passed", "passed": "failed", "skipped": "passed"}


def reviewed(findings: Sequence[Finding], reviews: Iterable[Review]) -> tuple[Finding, ...]:
    """The findings as people see them. Of several reviews of one finding the last one counts.

    A review holds only for what was reviewed: the same rule with the same verdict on the same words. A finding that
    another template or pack judged differently is a new one, and stands until somebody looks at it.
    """
    given = tuple(reviews)
    seen = {_substance(review.finding): review for review in given if review.ruling != "missed"}
    ruled = [_ruled(finding, seen.get(_substance(finding))) for finding in findings]
    for review in given:
        if review.ruling == "missed":
            ruled = _with_missed(ruled, review.finding)
    return tuple(ruled)


def concerns(review: Review, finding: Finding) -> bool:
    """Whether a review that upholds or overturns was given on just this finding."""
    return review.ruling != "missed" and _substance(review.finding) == _substance(finding)


def _substance(finding: Finding) -> tuple[object, ...]:
    return finding.rule, finding.verdict, tuple((shown.utterance, shown.span) for shown in finding.evidence)


def _ruled(finding: Finding, review: Review | None) -> Finding:
    if review is None or review.ruling == "upheld":
        return finding
    return replace(finding, verdict=_OVERTURNED[finding.verdict], message=f"人工复核改判（原：{finding.message}）")


def _with_missed(findings: Sequence[Finding], missed: Finding) -> list[Finding]:
    """The findings with one that a person added: more evidence for the rule's own one if there is one."""
    if all(finding.rule != missed.rule for finding in findings):
        return [*findings, missed]
    return [_joined(finding, missed) if finding.rule == missed.rule else finding for finding in findings]


def _joined(finding: Finding, missed: Finding) -> Finding:
    heard = finding.evidence if finding.verdict == "failed" else ()
    return replace(finding, verdict="failed", message=missed.message, evidence=(*heard, *missed.evidence))
