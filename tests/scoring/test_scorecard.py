"""Findings in, scorecard out."""

from typing import Any

import pytest

from rules import Finding
from scoring import Item, Template, score
from scoring.template import Grade


def finding(rule: str, verdict: str, **more: Any) -> Finding:
    fields = {"category": rule.split(".")[0], "title": rule, "severity": "minor", "expect": "absent", "message": "…"}
    return Finding(rule=rule, verdict=verdict, **(fields | more))  # type: ignore[arg-type]


def template(*items: Item, attention: tuple[str, ...] = ()) -> Template:
    return Template(
        id="t",
        version=1,
        title="t",
        packs=("p",),
        pass_mark=60,
        grades=(Grade(name="A", at_least=90), Grade(name="B", at_least=60), Grade(name="C", at_least=0)),
        items=items,
        attention=attention,
    )


INTRO = Item(category="intro", points=40)
DEBT = Item(category="debt", points=60)
THREAT = Item(category="threat", points=0, veto=True)


@pytest.mark.parametrize(
    ("findings", "score_", "grade", "passed", "flagged"),
    [
        ([finding("intro", "passed"), finding("debt", "passed")], 100, "A", True, False),
        ([finding("intro", "failed"), finding("debt", "passed")], 60, "B", True, False),
        ([finding("intro", "passed"), finding("debt", "failed")], 40, "C", False, True),
        # What could not be judged is in neither sum, and goes to a person.
        ([finding("intro", "skipped"), finding("debt", "passed")], 100, "A", True, True),
        ([finding("intro", "skipped"), finding("debt", "skipped")], None, None, False, True),
        # A step that the call never came to is in neither sum either, and is no reason to listen.
        ([finding("intro", "skipped", expect="present"), finding("debt", "passed")], 100, "A", True, False),
        ([], None, None, False, True),
        # One that was done counts, whatever else of its kind was not due.
        (
            [
                *(finding("intro.a", "passed", expect="present"), finding("intro.b", "skipped", expect="present")),
                finding("debt", "failed"),
            ],
            *(40, "C", False, True),
        ),
        # A step that would fail the call outright is another matter.
        (
            [finding("intro", "skipped", expect="present", severity="veto"), finding("debt", "passed")],
            *(100, "A", True, True),
        ),
        # A veto fails the call whatever else was done well.
        ([finding("intro", "passed"), finding("debt", "passed"), finding("threat", "failed")], 0, "C", False, True),
        ([finding("intro", "passed"), finding("debt", "passed"), finding("threat", "skipped")], 100, "A", True, True),
        ([finding("threat", "failed")], 0, "C", False, True),
        # One failure in a category costs the item once, two no more.
        ([finding("intro.a", "failed"), finding("intro.b", "failed"), finding("debt", "passed")], 60, "B", True, False),
        ([finding("intro.a", "passed"), finding("intro.b", "failed"), finding("debt", "passed")], 60, "B", True, False),
    ],
)
def test_score(findings: list[Finding], score_: float | None, grade: str | None, passed: bool, flagged: bool) -> None:
    card = score(template(INTRO, DEBT, THREAT), findings)
    assert (card.score, card.grade, card.passed, card.flagged) == (score_, grade, passed, flagged)


def test_veto_names_its_rules() -> None:
    card = score(template(INTRO, THREAT), [finding("intro", "passed"), finding("threat.home", "failed")])
    assert card.veto == ("threat.home",)


def test_severity_veto_is_a_veto_unless_the_template_says_otherwise() -> None:
    grave = [finding("intro", "failed", severity="veto"), finding("debt", "passed")]
    assert score(template(INTRO, DEBT), grave).veto == ("intro",)
    assert score(template(Item(category="intro", points=40, veto=False), DEBT), grave).veto == ()


def test_bonus_adds_and_never_costs() -> None:
    bonus = Item(category="empathy", points=10, bonus=True)
    heard = [finding("intro", "failed"), finding("debt", "passed"), finding("empathy", "passed")]
    assert score(template(INTRO, DEBT, bonus), heard).score == 70
    missed = [finding("intro", "passed"), finding("debt", "passed"), finding("empathy", "failed")]
    assert score(template(INTRO, DEBT, bonus), missed).score == 100


def test_attention_flags_a_call_that_passed() -> None:
    card = score(
        template(INTRO, attention=("suicide",)), [finding("intro", "passed"), finding("suicide.jump", "failed")]
    )
    assert (card.score, card.passed, card.flagged, card.attention) == (100, True, True, ("suicide",))


def test_a_line_is_decided_by_the_gravest_failure_and_says_so() -> None:
    failures = [finding("intro.a", "failed", severity="minor"), finding("intro.b", "failed", severity="major")]
    (line,) = score(template(INTRO), failures).lines
    assert (line.rule, line.points, line.possible) == ("intro.b", 0, 40)
    assert "2 项" in line.message


def test_a_rule_outside_the_template_is_not_scored() -> None:
    card = score(template(INTRO), [finding("intro", "passed"), finding("other", "failed")])
    assert (card.score, len(card.lines)) == (100, 1)
