"""One template applied to one call's findings: points that explain themselves, and whether a person must look."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rules import Finding, Severity
from scoring.template import Item, Template

#: In `Scorecard.attention` when a violation could not be ruled out.
UNJUDGED = "unjudged"

_GRAVITY: tuple[Severity, ...] = ("veto", "major", "minor", "info")


@dataclass(frozen=True, slots=True)
class Line:
    """What one item of the template came to."""

    rule: str  #: the rule that decided it
    category: str
    dimension: str
    points: float  #: earned
    possible: float  #: that could be earned; 0 when it could not be judged, and for a bonus
    message: str  #: why, in Simplified Chinese


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A call's score by one version of one template."""

    template: str
    version: int
    score: float | None  #: 0 to 100; None when nothing could be judged
    grade: str | None
    passed: bool
    flagged: bool  #: a person must look: not passed, or anything in `attention`
    attention: tuple[str, ...]  #: categories of human-attention signals that were heard, and UNJUDGED
    veto: tuple[str, ...]  #: rules whose failure fails the call
    lines: tuple[Line, ...]


def score(template: Template, findings: Sequence[Finding]) -> Scorecard:
    """Apply `template` to the findings of one call.

    The score is points earned over points possible, times 100; a veto makes it 0. What could not be judged counts
    in neither sum; a violation that could not be ruled out sends the call to a person.
    """
    named = _by_name(findings, template)
    judged = [(item, covered) for item in template.items if (covered := named.get((item.rule, item.category)))]
    lines = tuple(_line(item, covered) for item, covered in judged)
    veto = tuple(f.rule for item, covered in judged for f in covered if f.verdict == "failed" and _vetoes(item, f))
    total = _total(lines, vetoed=bool(veto))
    missed = any(_may_hide(item, f) for item, covered in judged for f in covered if f.verdict == "skipped")
    attention = (*_signals(template, findings), *([UNJUDGED] if missed else []))
    passed = total is not None and not veto and total >= template.pass_mark
    return Scorecard(
        template=template.id,
        version=template.version,
        score=total,
        grade=None if total is None else template.grade(total),
        passed=passed,
        flagged=not passed or bool(attention),
        attention=attention,
        veto=veto,
        lines=lines,
    )


def _by_name(
    findings: Iterable[Finding], template: Template
) -> Mapping[tuple[str | None, str | None], Sequence[Finding]]:
    """The findings that count, by rule and by category: items name one of them."""
    named = defaultdict[tuple[str | None, str | None], list[Finding]](list)
    for finding in findings:
        if finding.rule not in template.attention:
            named[finding.rule, None].append(finding)
            named[None, finding.category].append(finding)
    return named


def _vetoes(item: Item, finding: Finding) -> bool:
    return finding.severity == "veto" if item.veto is None else item.veto


def _line(item: Item, covered: Sequence[Finding]) -> Line:
    decisive = _decisive(covered)
    earned, possible = _points(item, decisive)
    return Line(decisive.rule, decisive.category, item.dimension, earned, possible, _explain(decisive, covered))


def _decisive(covered: Sequence[Finding]) -> Finding:
    """The finding an item hangs on: the gravest failure, else what could not be judged, else the first one passed.

    Beside a step that was done, another that could not be judged hides nothing.
    """
    failed = [f for f in covered if f.verdict == "failed"]
    passed = [f for f in covered if f.verdict == "passed"]
    done = any(f.expect == "present" for f in passed)
    unknown = [f for f in covered if f.verdict == "skipped" and not (done and f.expect == "present")]
    return min(failed or unknown or passed[:1], key=lambda f: _GRAVITY.index(f.severity))


def _points(item: Item, decisive: Finding) -> tuple[float, float]:
    possible = 0.0 if item.bonus or decisive.verdict == "skipped" else item.points
    return (item.points if decisive.verdict == "passed" else 0.0), possible


def _explain(decisive: Finding, covered: Sequence[Finding]) -> str:
    failures = sum(f.verdict == "failed" for f in covered)
    more = f"（同类共 {failures} 项）" if failures > 1 else ""
    return f"{decisive.title}：{decisive.message}{more}"


def _total(lines: Sequence[Line], *, vetoed: bool) -> float | None:
    possible = sum(line.possible for line in lines)
    if not possible:
        return 0.0 if vetoed else None
    return 0.0 if vetoed else round(min(100.0, 100 * sum(line.points for line in lines) / possible), 1)


def _signals(template: Template, findings: Iterable[Finding]) -> list[str]:
    heard = {name for f in findings if f.verdict == "failed" for name in (f.category, f.rule)}
    return [name for name in template.attention if name in heard]


def _may_hide(item: Item, skipped: Finding) -> bool:
    """Whether what could not be judged may hide a violation. A step that the call never came to hides none."""
    return skipped.expect == "absent" or _vetoes(item, skipped)
