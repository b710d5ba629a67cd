"""Faults are told with the line that they stand in."""

import pytest

from rules import Fault, RuleError, load_pack
from rules.pack import BUILT_IN
from rules.places import Places

PACK = BUILT_IN / "service-attitude.yaml"
TEXT = PACK.read_text("utf-8")


@pytest.mark.parametrize(
    ("instead_of", "written"),
    [
        ("severity: minor", "severity: grave"),
        ("expect: absent", "expct: absent"),
        ("scope: {speaker: agent}", "scope: {speaker: robot}"),
        ("uses: [", "uses: [no-such-file, "),
    ],
)
def test_a_fault_stands_where_it_was_made(instead_of: str, written: str) -> None:
    wrong = TEXT.replace(instead_of, written, 1)
    with pytest.raises(RuleError) as told:
        load_pack(PACK, wrong)
    lines = {wrong.splitlines()[Places(wrong).line(fault) - 1].strip() for fault in told.value.faults}
    assert any(written in line for line in lines), lines


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("id: a\nrules:\n  - [", 3),
        ("id: a\ntitle: 'open\nversion: 1\n", 3),
        ("", 1),
        ("- 1\n- 2", 1),
        ("just words", 1),
        ("id: a\nrules:\n" + "[" * 50_000 + "]" * 50_000, 3),
    ],
)
def test_no_yaml_has_a_place_too(text: str, line: int) -> None:
    with pytest.raises(RuleError) as told:
        load_pack(PACK, text)
    assert Places(text).line(told.value.faults[0]) == line


@pytest.mark.parametrize(
    ("place", "field", "line"),
    [
        ("lexicons.rude", "families.1", 5),
        ("lexicons.rude", "guards", 3),
        ("guards.frame", "before.0", 8),
        ("first", "examples.hit.0", 11),
        ("第2条规则", "find", 12),
        ("nowhere", "at.all", 1),
        ("", "rules", 10),
    ],
)
def test_every_kind_of_place(place: str, field: str, line: int) -> None:
    text = """id: own
lexicons:
  rude:
    families: [一句,
      另一句]
guards:
  frame:
    before: [不会]

rules:
  - {id: first, examples: {hit: [甲]}}
  - {title: 没有编号}
"""
    assert Places(text).line(Fault("own.yaml", place, field, "")) == line


def test_rules_are_told_as_they_are_written() -> None:
    pack, told = load_pack(PACK), Places(TEXT).rules()
    assert list(told) == [rule.id for rule in pack.rules]
    first = next(iter(told.values()))
    assert first.startswith(f"id: {pack.rules[0].id}\n")
    assert all(text in TEXT.replace("\n    ", "\n") for text in told.values())


@pytest.mark.parametrize(
    ("text", "too_large"),
    [
        (TEXT, False),
        ("a: &a [1, 2]\nb: *a\n", False),
        ("a: &a [*a]\n", True),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)), True),
    ],
)
def test_few_letters_that_stand_for_billions_are_told(text: str, too_large: bool) -> None:
    assert Places(text).too_large is too_large
