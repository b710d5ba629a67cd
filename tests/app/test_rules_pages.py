"""Rule packs over HTTP and as pages: reading them, and how often each rule is broken and overturned."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from rules import built_in_packs, load_pack
from tests.app.test_reviews import SAID, failed, look, review

Auth = dict[str, dict[str, str]]
BUILT_IN = [path.stem for path in built_in_packs()]

OWN = """
id: own
version: "1"
title: 本机构的规则
rules:
  - id: own.greeting
    category: self_intro
    title: 报机构名称
    severity: minor
    basis: [{document: 机构服务规范, label: P}]
    scope: {speaker: agent}
    find: {phrases: {families: [我是 ~4 中心]}}
    expect: present
    examples: {hit: [您好我是客服中心], miss: [您好]}
"""


@pytest.fixture
def packs(settings: Settings, tmp_path: Path) -> Path:
    """The institution's own folder of packs."""
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "own.yaml").write_text(OWN, "utf-8")
    (folder / "words.yaml").write_text('id: words\nversion: "1"\ntitle: 词\nwords: {中心: 中心}\n', "utf-8")
    settings.packs = folder
    return folder


def pack(client: TestClient, auth: Auth, name: str) -> dict[str, Any]:
    answer = client.get(f"/v1/rules/packs/{name}", headers=auth["inspector"])
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_packs_are_told_and_shown_with_every_rule(client: TestClient, auth: Auth) -> None:
    for name in BUILT_IN:
        known, told = load_pack(name), pack(client, auth, name)
        assert (told["digest"], told["version"], told["origin"]) == (known.digest, known.version, "built_in")
        assert [rule["id"] for rule in told["rules"]] == [rule.id for rule in known.rules]
        shown = client.get(f"/rules/{name}", headers=auth["inspector"]).text
        for rule in told["rules"]:
            assert f'id="{rule["id"]}"' in shown
            assert rule["basis"][0]["document"] in shown
            assert rule["title"] in shown
    for role in ("inspector", "supervisor", "admin"):
        shown = client.get("/rules", headers=auth[role]).text
        assert all(f'href="/rules/{name}"' in shown for name in BUILT_IN)
        assert ("改判率" in shown) is (role == "supervisor")


@pytest.mark.usefixtures("packs")
def test_an_own_pack_is_listed_and_a_file_of_words_is_not(client: TestClient, auth: Auth) -> None:
    told = pack(client, auth, "own")
    assert (told["origin"], told["templates"], told["text"]) == ("own", [], OWN)
    listed = [one["name"] for one in client.get("/v1/rules/packs", headers=auth["admin"]).json()]
    assert listed == sorted([*BUILT_IN, "own"])


def test_a_broken_pack_hides_no_other(packs: Path, client: TestClient, auth: Auth) -> None:
    (packs / "own.yaml").write_text(OWN.replace("severity: minor", "severity: grave"), "utf-8")
    told = pack(client, auth, "own")
    assert (told["digest"], told["rules"]) == (None, [])
    assert "severity" in told["faults"][0]
    shown = client.get("/rules", headers=auth["admin"]).text
    assert told["faults"][0].split("：")[0] in shown
    assert all(f'href="/rules/{name}"' in shown for name in BUILT_IN)


def test_the_words_that_a_pack_looks_for_can_be_read(client: TestClient, auth: Auth) -> None:
    name = "collection-standard"
    rule = next(rule for rule in load_pack(name).rules if rule.lexicons())
    lexicon = rule.lexicons()[0]
    shown = client.get(f"/rules/{name}/words/{lexicon.name}", headers=auth["inspector"])
    assert lexicon.title in shown.text
    assert lexicon.families[0].written in shown.text
    for nowhere in (f"/rules/{name}/words/nothing", "/rules/nowhere", "/v1/rules/packs/nowhere"):
        assert client.get(nowhere, headers=auth["inspector"]).status_code == 404, nowhere


def test_what_people_overturn_counts_against_its_rule(
    client: TestClient, auth: Auth, work_off: Callable[[], None]
) -> None:
    said = {"utterances": [{"speaker": who, "text": text} for who, text in SAID]}
    ids = [client.post("/v1/texts", headers=auth["inspector"], json=said).json()["id"] for _ in range(3)]
    work_off()
    rule = failed(look(client, auth, ids[0]))[0]["rule"]

    def numbers() -> dict[str, Any]:
        told = client.get("/v1/rules/statistics", headers=auth["supervisor"]).json()
        assert told["scored"] == len(ids)
        return {one["rule"]: one for one in told["rules"]}[rule]  # type: ignore[no-any-return]

    assert numbers() == {"rule": rule, "calls": 3, "reviewed": 0, "overturned": 0, "missed": 0, "overturn_rate": None}
    for call_id, verdict in zip(ids, ("upheld", "overturned"), strict=False):
        finding = next(one for one in look(client, auth, call_id)["findings"] if one["rule"] == rule)
        review(client, auth, finding, verdict)
    assert numbers() == {"rule": rule, "calls": 2, "reviewed": 2, "overturned": 1, "missed": 0, "overturn_rate": 0.5}
    assert "50% <small>1 / 2" in client.get("/rules", headers=auth["supervisor"]).text


def test_a_file_that_changes_under_what_was_published_is_told(packs: Path, client: TestClient, auth: Auth) -> None:
    def shown(at: str) -> str:
        answer = client.get(at, headers=auth["supervisor"])
        assert answer.status_code == 200, answer.text
        return answer.text

    def publish(text: str) -> None:
        draft = client.put("/v1/rules/packs/own/draft", json={"text": text}, headers=auth["supervisor"]).json()
        given = {"digest": draft["digest"]}
        answer = client.post("/v1/rules/packs/own/publish", json=given, headers=auth["supervisor"])
        assert answer.status_code == 200, answer.text

    publish(OWN.replace('"1"', '"1-mine"'))
    assert "/rules/own#newer" not in shown("/rules")
    (packs / "own.yaml").write_text(OWN.replace('"1"', '"2"').replace("报机构名称", "报名称"), "utf-8")
    assert "/rules/own#newer" in shown("/rules")
    assert '<span class="add">+    title: 报名称' in shown("/rules/own")
    assert "报名称" not in shown("/rules/own/edit")
    assert "报名称" in shown("/rules/own/edit?file=true")
    publish(OWN.replace('"1"', '"2-mine"'))
    assert "/rules/own#newer" not in shown("/rules")
    assert 'id="newer"' not in shown("/rules/own")


def test_a_draft_begun_before_the_file_changed_does_not_hide_the_change(
    packs: Path, client: TestClient, auth: Auth
) -> None:
    def save(**given: str) -> str:
        answer = client.put("/v1/rules/packs/own/draft", json=given, headers=auth["supervisor"])
        assert answer.status_code == 200, answer.text
        return str(answer.json()["digest"])

    mine = OWN.replace('"1"', '"1-mine"')
    begun = save(text=mine)
    (packs / "own.yaml").write_text(OWN.replace('"1"', '"2"').replace("报机构名称", "报名称"), "utf-8")
    assert '/rules/own/edit">✎ 有草稿' in client.get("/rules/own", headers=auth["supervisor"]).text
    editor = client.get("/rules/own/edit", headers=auth["supervisor"]).text
    assert '<span class="add">+    title: 报名称' in editor
    base = re.findall('data-base="([0-9a-f]{64})"', editor)[0]
    kept = save(text=mine, replaces=begun, base=base)
    client.post("/v1/rules/packs/own/publish", json={"digest": kept}, headers=auth["supervisor"]).raise_for_status()
    assert "/rules/own#newer" in client.get("/rules", headers=auth["supervisor"]).text
    taken = client.get("/rules/own/edit?file=true", headers=auth["supervisor"]).text
    assert 'id="newer"' not in taken
    assert base not in taken
