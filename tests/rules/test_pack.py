"""Packs: built-in ones prove themselves; a bad one reports all its faults at once."""

import re
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from rules import SIGNALS, RuleError, built_in_packs, check, faults, load_pack, verify
from tests.rules.helpers import built_in, call, pack, rule

CLEAN = Path(__file__).parents[2] / "samples" / "clean"
BUILT_IN = [path.stem for path in built_in_packs()]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_example_of_every_rule(name: str) -> None:
    assert [str(fault) for fault in verify(built_in(name))] == []


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_rule_has_a_basis_with_a_label(name: str) -> None:
    assert all(basis.document and basis.label for rule in built_in(name).rules for basis in rule.basis)


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("path", sorted(CLEAN.glob("*.txt")), ids=lambda path: path.stem)
def test_clean_texts_raise_no_alarm(name: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    transcript = call("\n".join(line for line in text.splitlines() if not line.startswith("#")))
    facts = {"started_at": "2026-03-02T10:00:00+08:00", **dict(re.findall(r"^# (\w+): (\w+)$", text, re.MULTILINE))}
    alarms = [
        f"{finding.rule}: {finding.evidence[0].quote}"
        for finding in check(built_in(name), transcript, facts)
        if finding.expect == "absent" and finding.verdict == "failed" and finding.category not in SIGNALS
    ]
    assert alarms == []


def test_there_are_clean_texts() -> None:
    assert len(list(CLEAN.glob("*.txt"))) >= 12


TEN_FAULTS = """
id: bad
version: "1"
title: 坏包
uses: [shared, nowhere]
lexicons:
  broken: {title: 坏词库, families: ["坐牢 ~99 抓"]}
guards:
  broken: {title: 坏语境, befor: [不会]}
rules:
  - {id: Bad Id, category: threat, title: 一, severity: major, basis: [{document: 甲, label: M}],
     find: {duration: {lt: 1}}, expect: absent, examples: {hit: [甲], miss: [乙]}}
  - {id: no-category, category: rudeness, title: 二, severity: major, basis: [{document: 甲, label: M}],
     find: {duration: {lt: 1}}, expect: absent, examples: {hit: [甲], miss: [乙]}}
  - {id: no-find, category: threat, title: 三, severity: major, basis: [{document: 甲, label: M}],
     expect: absent, examples: {hit: [甲], miss: [乙]}}
  - {id: bad-regex, category: threat, title: 四, severity: major, basis: [{document: 甲, label: M}],
     find: {regex: {pattern: '(甲'}}, expect: absent, examples: {hit: [甲], miss: [乙]}}
  - {id: bad-lexicon, category: threat, title: 五, severity: major, basis: [{document: 甲, label: M}],
     find: {phrases: {lexicon: nothing}}, expect: absent, examples: {hit: [甲], miss: [乙]}}
  - {id: no-miss, category: threat, title: 六, severity: major, basis: [{document: 甲, label: M}],
     find: {duration: {lt: 1}}, expect: absent, examples: {hit: [甲], miss: []}}
  - {id: bad-anchor, category: threat, title: 七, severity: major, basis: [{document: 甲, label: M}],
     scope: {before: nobody}, find: {duration: {lt: 1}}, expect: absent, examples: {hit: [甲], miss: [乙]}}
"""


def test_ten_faults_are_ten_reports(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(TEN_FAULTS, encoding="utf-8")
    with pytest.raises(RuleError) as error:
        load_pack(path)
    assert sorted((fault.rule, fault.field) for fault in error.value.faults) == sorted(
        [
            ("", "uses"),
            ("lexicons.broken", "families.0"),
            ("guards.broken", "befor"),
            ("Bad Id", "id"),
            ("no-category", "category"),
            ("no-find", "find"),
            ("bad-regex", "find.regex.pattern"),
            ("bad-lexicon", "find.phrases.lexicon"),
            ("no-miss", "examples.miss"),
            ("bad-anchor", "scope"),
        ]
    )
    assert {fault.file for fault in error.value.faults} == {"bad.yaml"}
    assert all(str(fault) in str(error.value) for fault in error.value.faults)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: [", "YAML 语法有误，第 . 行"),
        ("id: a\nid: b", "“id”写了两次"),
        ("- 1", "应是一组"),
        ("", "应是一组"),
        ("&a [*a]", "太大"),
        ("x0: &x0 [a, a]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 8)}]\n" for n in range(1, 7)), "太大"),
        ("id: a\n'id': b", "“id”写了两次"),
        ("id: a\n<<: {id: b}\n<<: {id: c}", "“<<”写了两次"),
        ("id: a\n<<: 1", "YAML 语法有误"),
        ("? [1, 2]\n: 3", "YAML 语法有误"),
        ("id: !!python/object/apply:os.system [ls]", "YAML 语法有误"),
        ("[" * 2000, "嵌套太深"),
        ("[" * 50_000 + "]" * 50_000, "嵌套太深"),
        ("{a: " * 50_000, "嵌套太深"),
        ("- " * 50_000, "嵌套太深"),
        ("? " * 50_000, "嵌套太深"),
    ],
)
def test_what_is_no_pack_file(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=reason):
        load_pack(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(b"\xff\xfe\x00title")
    with pytest.raises(RuleError, match="UTF-8"):
        load_pack(path)


@pytest.mark.parametrize("name", ["no-such-pack", "../rules/packs/collection-standard", "/no/such/file.yaml"])
def test_no_such_pack(name: str) -> None:
    with pytest.raises(RuleError, match="没有这个文件"):
        load_pack(name)


MANY = f"words: {{a: {'|'.join(chr(0x4E00 + at) for at in range(300))}}}\n"
SEVERAL = [f"{character}{{a}}{{a}}" for character in "一丁七"]
HEAD = 'id: odd\nversion: "1"\ntitle: 试\n'
SOUND = yaml.safe_dump(rule("{phrases: {families: [坐牢]}}", examples="{hit: [坐牢], miss: [乙]}"), allow_unicode=True)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("uses: [" + "a" * 5000 + "]\n", [("", "uses")]),
        ('uses: ["a\\0"]\n', [("", "uses")]),
        ("words: {true: 甲, 1: 乙, on: 丙}\n", []),
        ("words: {1: 甲, '1': 乙}\n", [("", "")]),
        ("words: {甲: !!int no, 乙: !!timestamp soon, 丙: !!bool maybe}\n", []),
        ("lexicons: {甲: {title: 甲, families: ['{a}{a}{a}{a}']}}\nwords: {a: 甲|乙}\n", []),
        (f"{MANY}lexicons: {{甲: {{title: 甲, families: ['{'{a}' * 4}']}}}}", [("", "words")]),
        (f"{MANY}guards: {{甲: {{title: 甲, after: {SEVERAL}}}}}", [("", "words")]),
        (f"{MANY}rules: [{{find: {{phrases: {{families: {SEVERAL}}}}}}}]", [("", "words")]),
        (f"{MANY}lexicons: {{甲: {{title: 甲, families: ['{'{a}' * 90_000}']}}}}", [("", "words")]),
        ("words: {a: '甲|{b}', b: '{a}'}\nlexicons: {甲: {title: 甲, families: ['{a}']}}", [("", "words")]),
    ],
)
def test_odd_heads(tmp_path: Path, written: str, found: list[tuple[str, str]]) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(HEAD + written, encoding="utf-8")
    assert [(fault.rule, fault.field) for fault in faults(path)] == found


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ("effective: {from: 2026-02-30}", "effective.from"),
        ("effective: {from: 20260130}", "effective.from"),
        (f"when: {{amount: {{lt: {'9' * 5000}}}}}", "when.amount.lt"),
    ],
)
def test_an_odd_value_is_a_fault_in_its_place_and_hides_no_other(tmp_path: Path, fields: str, field: str) -> None:
    path = tmp_path / "odd.yaml"
    odd, other = f"{fields}\n{SOUND}", SOUND.replace("the-rule", "Bad Id")
    rules = "".join(f"  -\n{indent(written, '    ')}" for written in (odd, other))
    path.write_text(f"{HEAD}rules:\n{rules}", encoding="utf-8")
    found = faults(path)
    assert [(fault.rule, fault.field) for fault in found] == [("the-rule", field), ("Bad Id", "id")]
    assert all(re.search("[\u4e00-\u9fff]", fault.message) for fault in found)


MERGED = """
  - &base
    id: one
    category: threat
    title: 一
    severity: major
    basis: [{document: 甲, label: M}]
    expect: absent
    find: &find {phrases: {families: [坐牢]}}
    examples: &both {hit: [坐牢], miss: [您好]}
  - <<: *base
    id: two
    examples: {<<: *both, miss: [再见]}
  - <<: [{id: three, title: 三}, *base]
"""


def test_merge_keys_take_over_what_is_not_written_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(f"{HEAD}rules:{MERGED}", encoding="utf-8")
    assert [(rule.id, rule.title, rule.examples.miss[0].text) for rule in load_pack(path).rules] == [
        ("one", "一", "您好"),
        ("two", "一", "再见"),
        ("three", "三", "您好"),
    ]
    assert faults(path) == []
    path.write_text(f"{HEAD}rules:{MERGED}    id: four\n    id: five\n", encoding="utf-8")
    assert ["“id”写了两次" in fault.message for fault in faults(path)] == [True]


@pytest.mark.parametrize(
    ("anchors", "said"),
    [
        ([f"{{before: r{at - 1}, after: r{at - 2}}}" if at > 1 else "{}" for at in range(45)], []),
        ([f"{{before: r{at + 1}}}" if at < 49 else "{}" for at in range(50)], []),
        ([f"{{before: r{at + 1}}}" if at < 399 else "{}" for at in range(400)], ["超过 50 条"] * 350),
        ([f"{{before: r{at - 1}}}" if at else "{}" for at in range(400)], ["超过 50 条"] * 350),
        ([f"{{before: r{(at + 1) % 300}}}" for at in range(300)], ["成了循环"] * 300),
        (["{}", "{before: r1}", "{before: r1}"], ["成了循环"]),
    ],
)
def test_long_rows_of_anchors(tmp_path: Path, anchors: list[str], said: list[str]) -> None:
    rules = [rule("{duration: {lt: 1}}", id=f"r{at}", scope=scope) for at, scope in enumerate(anchors)]
    found = list[str]()
    try:
        check(pack(tmp_path, *rules), call("坐席：您好"))
    except RuleError as error:
        found = [fault.message for fault in error.faults]
        faults(tmp_path / "test-pack.yaml")  # tries those without a fault
    assert all(part in message for part, message in zip(said, found, strict=True))


def test_an_id_used_twice_and_a_circle(tmp_path: Path) -> None:
    find = "{duration: {lt: 1}}"
    rules = [rule(find, id="aa", scope="{before: bb}"), rule(find, id="bb", scope="{after: aa}"), rule(find, id="bb")]
    with pytest.raises(RuleError) as error:
        pack(tmp_path, *rules)
    messages = [fault.message for fault in error.value.faults]
    assert any("用了两次" in message for message in messages)
    assert any("循环" in message for message in messages)


@pytest.mark.parametrize(
    ("name", "rules", "found"),
    [
        ("pack", [rule("{phrases: {families: [坐牢]}}", examples="{hit: [坐牢], miss: [您好]}")], []),
        ("other", [], [("", "id")]),
        (
            "pack",
            [
                rule("{phrases: {families: [坐牢]}}", id="wrong", examples="{hit: [您好], miss: [甲]}"),
                rule("{duration: {lt: soon}}", id="twice"),
                rule("{duration: {lt: soon}}", id="twice"),
                rule("{duration: {lt: 1}}", id="adrift", scope="{before: twice}"),
                rule("{duration: {lt: 1}}", id="after", scope="{after: adrift}"),
            ],
            [
                ("adrift", "scope"),
                ("twice", "find.duration.seconds.lt"),
                ("twice", "find.duration.seconds.lt"),
                ("twice", "id"),
                ("wrong", "examples.hit.0"),
            ],
        ),
    ],
)
def test_all_that_is_wrong_is_told_at_once(
    tmp_path: Path, name: str, rules: list[dict[str, object]], found: list[tuple[str, str]]
) -> None:
    path = tmp_path / f"{name}.yaml"
    written = {"id": "pack", "version": "1", "title": "试", "rules": rules}
    path.write_text(yaml.safe_dump(written, allow_unicode=True), "utf-8")
    assert sorted((fault.rule, fault.field) for fault in faults(path)) == found


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("坐席[1-2.5]：坐牢", False),
        ("坐席[3-3]：坐牢", False),
        ("坐席[笑]：坐牢", False),
        ("坐席[1..2-3]：坐牢", True),
        ("坐席[.-.]：坐牢", True),
        ("坐席[]：坐牢", True),
        ("坐席[-1-2]：坐牢", True),
        (f"坐席[1-{'9' * 400}]：坐牢", True),
        ("坐席[5-3]：坐牢", True),
    ],
)
def test_seconds_that_cannot_be_are_a_fault_of_the_example(tmp_path: Path, line: str, wrong: bool) -> None:
    examples = yaml.safe_dump({"hit": [line], "miss": ["乙"]}, allow_unicode=True)
    found = verify(pack(tmp_path, rule("{phrases: {families: [坐牢]}}", examples=examples)))
    assert [(fault.field, "秒数有误" in fault.message) for fault in found] == [("examples.hit.0", True)] * wrong


@pytest.mark.parametrize("effective", ["{from: 2099-06-01}", "{to: 2020-06-01}", "{from: 2020-01-01, to: 2020-01-02}"])
def test_an_example_without_a_day_is_of_one_on_which_the_rule_holds(tmp_path: Path, effective: str) -> None:
    dated = "{hit: [坐牢], miss: [乙, {text: 坐牢, facts: {started_at: '2021-03-02T10:00:00'}}]}"
    timely = pack(tmp_path, rule("{phrases: {families: [坐牢]}}", effective=effective, examples=dated))
    assert verify(timely) == []
    assert check(timely, call("坐席：坐牢"), {"started_at": "2021-03-02T10:00:00"}) == []


def test_a_wrong_example_is_reported(tmp_path: Path) -> None:
    wrong = pack(tmp_path, rule("{phrases: {families: [坐牢]}}", examples="{hit: [您好], miss: [坐牢]}"))
    assert [(fault.rule, fault.field) for fault in verify(wrong)] == [
        ("the-rule", "examples.hit.0"),
        ("the-rule", "examples.miss.0"),
    ]


def test_the_digest_tells_packs_apart(tmp_path: Path) -> None:
    one = pack(tmp_path, rule("{phrases: {families: [坐牢]}}")).digest
    other = pack(tmp_path, rule("{phrases: {families: [抓人]}}")).digest
    again = pack(tmp_path, rule("{phrases: {families: [坐牢]}}")).digest
    assert one == again != other


def test_a_hit_says_what_was_found_in_the_language_of_reviewers(tmp_path: Path) -> None:
    finding = check(load_pack("collection-standard"), call("坐席：再不还就让你坐牢"))
    assert next(one.message for one in finding if one.rule == "false-legal.jail").startswith(
        "发现“以坐牢、拘留、抓捕相威胁”"
    )


@pytest.mark.parametrize(
    ("find", "parts", "said", "verdict"),
    [
        ("{phrases: {lexicon: jail}}", "lexicons: {jail: {title: 本机构, families: [蹲大狱]}}", "让你坐牢", "passed"),
        ("{phrases: {lexicon: jail}}", "lexicons: {jail: {title: 本机构, families: [蹲大狱]}}", "让你蹲大狱", "failed"),
        (
            "{phrases: {families: [坐牢], guards: [negation]}}",
            "guards: {negation: {title: 本机构, before: [绝无可能 ~10]}}",
            "不会坐牢",
            "failed",
        ),
        (
            "{phrases: {families: [坐牢], guards: [negation]}}",
            "guards: {negation: {title: 本机构, before: [绝无可能 ~10]}}",
            "绝无可能坐牢",
            "passed",
        ),
    ],
)
def test_ones_own_lexicon_or_guard_replaces_one_of_the_same_name(
    tmp_path: Path, find: str, parts: str, said: str, verdict: str
) -> None:
    own = pack(tmp_path, rule(find), uses=["shared", "agent"], **yaml.safe_load(parts))
    assert check(own, call(f"坐席：{said}"))[0].verdict == verdict
