"""Judging history again: what is due, what stays, what counts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import rescoring
from app.pipeline import Judgement
from app.service import Service
from app.settings import Settings
from app.store import lists
from app.tables import Scorecard
from scoring.template import BUILT_IN
from tests.app.test_reviews import SAID, failed, look, review

Auth = dict[str, dict[str, str]]


@pytest.fixture
def strict(settings: Settings, tmp_path: Path) -> str:
    """An own template that nothing passes."""
    text = (BUILT_IN / "collection-standard.yaml").read_text("utf-8")
    text = text.replace("id: collection-standard", "id: strict").replace("pass_mark: 92", "pass_mark: 100")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "strict.yaml").write_text(text, "utf-8")
    settings.templates = tmp_path / "templates"
    return "strict"


@pytest.fixture
def post(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> Callable[..., list[int]]:
    """Post and judge calls of some agents."""

    def post(*agents: str) -> list[int]:
        said = [{"speaker": who, "text": text} for who, text in SAID]
        bodies: list[dict[str, Any]] = [{"call": {"agent_id": agent}, "utterances": said} for agent in agents]
        ids = [client.post("/v1/texts", headers=auth["inspector"], json=body).json()["id"] for body in bodies]
        work_off()
        return ids

    return post


def run(settings: Settings, template: str | None = None, **filters: Any) -> rescoring.Outcome:
    seen: list[tuple[int, int]] = []
    query = lists.Query.model_validate(filters)
    outcome = rescoring.rescore(settings, query, template, 1, lambda *progress: seen.append(progress))
    assert seen[-1][0] == seen[-1][1] == outcome.done + len(outcome.failed)
    assert outcome.left == 0
    return outcome


def test_history_is_judged_once(
    strict: str, post: Callable[..., list[int]], client: TestClient, auth: Auth, settings: Settings, service: Service
) -> None:
    ids = post("8001", "8001", "8002")
    assert run(settings).done == 0  # just judged by these rules
    assert run(settings, strict, agent_id="8001").done == 2
    assert run(settings, strict).done == 1  # the two are done
    assert run(settings, strict).done == 0
    call = look(client, auth, ids[0])
    assert (call["template"], call["scorecard"]["template"]) == ("strict", "strict")
    with service.database.transaction() as session:
        cards = session.execute(select(Scorecard.call_id, Scorecard.template).order_by(Scorecard.id)).all()
    assert len(cards) == 6
    assert [card.template for card in cards[:3]] == ["collection-standard"] * 3
    assert run(settings).done == 0  # without a template each call keeps its own, which is the strict one now
    assert run(settings, "collection-standard").done == 3


def test_of_two_who_judge_at_once_one_counts(
    post: Callable[..., list[int]], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, name, judging = post("8001"), "collection-standard", rescoring._judge

    def overtaken(*given: Any) -> Judgement:
        monkeypatch.setattr(rescoring, "_judge", judging)
        assert rescoring.rescore_calls(service.database, service.judge, ids, name).done == 1
        return judging(*given)

    monkeypatch.setattr(rescoring, "_judge", overtaken)
    outcome = rescoring.rescore_calls(service.database, service.judge, ids, name)
    assert (outcome.done, outcome.left) == (0, 1)
    outcome = rescoring.rescore_calls(service.database, service.judge, ids, name, only_due=True)
    assert (outcome.done, outcome.left) == (0, 1)


def test_reviews_outlast_it(
    strict: str, post: Callable[..., list[int]], client: TestClient, auth: Auth, settings: Settings
) -> None:
    (call_id,) = post("8001")
    threats = [f for f in failed(look(client, auth, call_id)) if f["category"] == "threat"]
    for threat in threats:
        review(client, auth, threat, "overturned")
    assert run(settings, strict).done == 1
    call = look(client, auth, call_id)
    assert "threat" not in call["categories"]
    overturned = {threat["rule"] for threat in threats}
    assert not overturned & set(call["corrected"]["veto"])
    assert overturned & set(call["scorecard"]["veto"])


def test_a_fault_of_ours_is_for_the_log(
    post: Callable[..., list[int]], client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    (call_id,) = post("8001")

    def broken(*_: object) -> None:
        raise TypeError("secret")

    monkeypatch.setattr(rescoring, "_judge", broken)
    answer = client.post(f"/v1/calls/{call_id}/rescore", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "TypeError" not in answer.text


def test_one_call_over_http(post: Callable[..., list[int]], client: TestClient, auth: Auth) -> None:
    (call_id,) = post("8001")
    path = f"/v1/calls/{call_id}/rescore"
    answer = client.post(path, headers=auth["inspector"])
    assert (answer.status_code, answer.json()["template"]) == (200, "collection-standard")
    cards = client.get(f"/v1/calls/{call_id}/scorecards", headers=auth["inspector"]).json()
    assert cards[0]["id"] == answer.json()["id"]
    assert len(cards) == 2
    unknown = client.post(path, headers=auth["inspector"], json={"template": "no-such"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_template")
    (entry, *_) = client.get("/v1/audit?action=rescore_call", headers=auth["admin"]).json()
    assert entry["detail"] == {"said": {"template": "no-such"}, "refused": "unknown_template"}
    text = client.post("/v1/texts", headers=auth["inspector"], json={"utterances": [{"text": ""}]}).json()["id"]
    early = client.post(f"/v1/calls/{text}/rescore", headers=auth["inspector"])
    assert (early.status_code, early.json()["code"]) == (409, "not_scored")
