"""Whole sentences, in totals: those the rules were written from, and those of another author never read for them.

The floors are what was measured: they catch a loss, they are no claim. How far apart the two are says how much of what
is found was learnt from the sentences themselves: see data/README.md.
"""

from pathlib import Path

import pytest

from asr.transcript import Transcript, Utterance
from rules import SIGNALS, check
from tests.rules.helpers import built_in

DATA = Path(__file__).parent / "data"
OF_CALLS = {"order", "disclosure_before_identity"}


def found_in(speaker: str, text: str, channel: str = "call") -> set[str]:
    said = Transcript("given", "zh", None, "given", (Utterance(speaker, text),))  # type: ignore[arg-type]
    findings = check(built_in("collection-standard"), said, {"channel": channel})
    wanted = {"absent": "failed", "present": "passed"}
    return {one.category for one in findings if one.verdict == wanted[one.expect]} - OF_CALLS


def sentences(name: str, kind: str) -> list[tuple[str, set[str]]]:
    """The category each sentence is about, and those found in it."""
    lines = [line.split("\t") for line in (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines()]
    return [(line[1], found_in(*line[2:])) for line in lines if line[0] == kind]


@pytest.mark.parametrize(("name", "floor"), [("seen", 0.97), ("aside", 0.42)])
def test_what_must_be_found(name: str, floor: float) -> None:
    said = sentences(name, "said")
    assert sum(category in found for category, found in said) / len(said) >= floor


@pytest.mark.parametrize(("name", "ceiling"), [("seen", 0.01), ("aside", 0.12)])
def test_what_must_not_be_found(name: str, ceiling: float) -> None:
    violations = set(built_in_violations())
    traps = sentences(name, "trap")
    flagged = [category for category, found in traps if found & violations or category in found]
    assert len(flagged) / len(traps) <= ceiling


def built_in_violations() -> list[str]:
    rules = built_in("collection-standard").rules
    return [rule.category for rule in rules if rule.expect == "absent" and rule.category not in SIGNALS]


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("您现在已经被执行了，等着吧", True),
        ("你现在已经是被执行人了", True),
        ("您名下现在已被执行，法院会跟您联系", False),
        ("您案子现在已经被执行局受理了，您可以联系承办法官", False),
        ("您已经是被执行人了，法院判决书您收到了吧", False),
        ("法院的裁定书您收到了，您现在已经被执行", False),
    ],
)
def test_an_enforcement_that_a_court_ordered_is_no_threat(text: str, claimed: bool) -> None:
    said = Transcript("given", "zh", None, "given", (Utterance("agent", text),))
    (finding,) = [
        one
        for one in check(built_in("collection-standard"), said, {"channel": "call"})
        if one.rule == "false-legal.enforcement"
    ]
    assert (finding.verdict == "failed") is claimed
