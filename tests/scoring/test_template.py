"""Template files: what is accepted, and what every fault says."""

from pathlib import Path

import pytest

import rules
from scoring import TemplateError, find_template, load_template
from scoring.template import BUILT_IN

GOOD = """
id: t
version: 1
title: 测试
packs: [collection-standard]
pass_mark: 60
grades: [{name: A, at_least: 60}, {name: B, at_least: 0}]
items: [{category: threat, points: 10}]
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version: 1", "version: 0"), "version"),
        (("pass_mark: 60", "pass_mark: 160"), "pass_mark"),
        (("{name: B, at_least: 0}", "{name: B, at_least: 5}"), "最后一档"),
        (("{category: threat, points: 10}", "{points: 10}"), "rule 或 category"),
        (("{category: threat, points: 10}", "{category: threat, rule: threat, points: 10}"), "rule 或 category"),
        (("{category: threat, points: 10}", "{category: threat, points: -1}"), "points"),
        (("title: 测试", "title: 测试\nweight: 3"), "weight"),
        (("id: t", "id: [t"), "无法读取"),
        (("packs: [collection-standard]", "packs: []"), "packs"),
        (("packs: [collection-standard]", "packs: [collection-standard, collection-standard]"), "重复"),
        (("id: t", "id: other"), "文件名"),
    ],
)
def test_faults(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(TemplateError, match=message):
        load_template(path)


def test_all_faults_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(GOOD.replace("version: 1", "version: 0").replace("pass_mark: 60", "pass_mark: 160"), "utf-8")
    with pytest.raises(TemplateError, match=r"version.*pass_mark"):
        load_template(path)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("{rule: no-such-rule, points: 10}", "no-such-rule"),
        ("{category: threat, points: 5}, {rule: threat.visit, points: 5}", "重复扣分"),
        ("{category: threat, points: 5}, {category: threat, points: 5}", "两次"),
    ],
)
def test_items_stand_for_rules_once(tmp_path: Path, items: str, message: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(GOOD.replace("{category: threat, points: 10}", items), "utf-8")
    with pytest.raises(TemplateError, match=message):
        load_template(path).verify([rules.load_pack("collection-standard")])


def test_own_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "collection-standard.yaml").write_text(GOOD, "utf-8")
    assert find_template("collection-standard", [tmp_path]).parent == tmp_path
    assert find_template("collection-standard").parent == BUILT_IN


@pytest.mark.parametrize("name", ["nothing", "../pyproject", "", "templates/collection-standard"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(TemplateError, match="没有名为"):
        find_template(name)


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.yaml")), ids=lambda path: path.stem)
def test_built_in_templates_are_whole(path: Path) -> None:
    template = load_template(path)
    template.verify([rules.load_pack(pack) for pack in template.packs])
    assert template.id == path.stem
    assert sum(item.points for item in template.items if not item.bonus) == 100
