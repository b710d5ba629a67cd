"""Finding words in what was said: exactly, whatever words a dictionary knows."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database import Database
from app.service import Service
from app.store import lists, search

Auth = dict[str, dict[str, str]]

SAID = {
    "a": ["您好，请问是张先生吗？", "我们会依法起诉。", "您欠款一万二千元"],
    "b": ["不起诉，我们起了诉求", "再不还钱！", "就上门"],
    "c": ["起床以后诉苦", "加我微信Wechat8899"],
    "d": ["投訴電話ＡＰＰ12378", "嗯"],
    "e": [""],
}


@pytest.fixture
def found(client: TestClient, auth: Auth) -> Callable[[str], dict[str, Any]]:
    """Which calls a search finds, each with its hit."""
    for name, said in SAID.items():
        body = {"call": {"external_id": name}, "utterances": [{"speaker": "agent", "text": line} for line in said]}
        assert client.post("/v1/texts", headers=auth["inspector"], json=body).status_code == 202

    def find(words: str, **more: str) -> dict[str, Any]:
        answer = client.get("/v1/calls", params={"q": words, **more}, headers=auth["supervisor"])
        assert answer.status_code == 200, answer.text
        return {call["external_id"]: call["hit"] for call in answer.json()["calls"]}

    return find


CASES = [
    ("起诉", "ab"),
    ("起了诉求", "b"),
    ("诉求", "b"),
    ("款一", "a"),  # no word of any dictionary
    ("法起", "a"),
    ("诉", "abcd"),  # one character; the last one of a line too
    ("嗯", "d"),
    ("床", "c"),
    ("张先生", "a"),
    ("生张", ""),
    ("起诉。", "ab"),  # punctuation does not count
    ("您好请问", "a"),
    ("还钱就", ""),  # said by two utterances, not by one
    ("还钱 上门", "b"),  # two words, in any order
    ("上门 还钱", "b"),
    ("还钱 微信", ""),
    ("wechat", "c"),
    ("WECHAT8899", "c"),
    ("echat88", "c"),
    ("12378", "d"),
    ("237", "d"),
    ("投诉电话", "d"),
    ("投訴", "d"),
    ("app", "d"),
    ("%", ""),
    ("_", ""),
    ("' | !", ""),
    ("龘", ""),
]


@pytest.mark.parametrize("near", [2000, 0], ids=["read", "looked up"])
def test_words(found: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, near: int) -> None:
    monkeypatch.setattr(lists, "_NEAR", near)
    monkeypatch.setattr(lists, "_FEW", near)
    assert {words: "".join(sorted(found(words))) for words, _ in CASES} == dict(CASES)


def test_hits(found: Callable[[str], dict[str, Any]]) -> None:
    assert found("上门")["b"] == {"utterance": 2, "speaker": "agent", "text": "就上门", "start": None}
    assert found("还钱 上门")["b"]["text"] == "再不还钱！"
    assert found("您好")["a"]["utterance"] == 0


@pytest.mark.parametrize("near", [2, 0])
def test_pages_of_a_search(
    client: TestClient, auth: Auth, found: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    monkeypatch.setattr(lists, "_NEAR", near)
    monkeypatch.setattr(lists, "_FEW", near)
    seen: list[str] = []
    params = {"q": "诉", "limit": "1"}
    while True:
        page = client.get("/v1/calls", params=params, headers=auth["inspector"]).json()
        seen += [call["external_id"] for call in page["calls"]]
        if not page["next"]:
            break
        params["cursor"] = page["next"]
    assert seen == ["d", "c", "b", "a"]


LINES = st.lists(st.text(alphabet="起诉你我a1，。 ", max_size=8), max_size=4)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, word=st.text(alphabet="起诉你我a1", min_size=1, max_size=4))
def test_the_index_agrees_with_reading(service: Service, lines: list[str], word: str) -> None:
    """The index may name too many for a word of three and more, never too few; and just the right ones otherwise."""
    folded, pairs = search.searchable(lines), " & ".join(search._pairs(word))
    with service.database.engine.connect() as connection:
        asked = text("SELECT search_terms(:said, '{}') @@ cast(:pairs AS tsquery)")
        named = connection.scalar(asked, {"said": folded, "pairs": pairs})
    assert named or word not in folded
    assert len(word) > 2 or named == (word in folded)


def test_numbers_that_were_searched_before_no_longer_are(database_url: str) -> None:
    database = Database(database_url)
    database.downgrade("0019")
    with database.transaction() as session:
        session.execute(text("INSERT INTO calls (template, facts, channel, content) VALUES ('', '{}', '', '')"))
        kept = (
            "INSERT INTO transcripts (call_id, engine, body, said, marks) SELECT id, '', '{}', :said, '{}' FROM calls"
        )
        for said in ("我的号码是13812345678\n好的", "幺三八幺二三四五六七八", "还款2000\n我打12378投诉"):
            session.execute(text(kept), {"said": said})
    database.upgrade()
    with database.transaction() as session:
        left = session.scalars(text("SELECT said FROM transcripts ORDER BY id")).all()
    assert left == ["我的号码是\n好的", "", "还款2000\n我打12378投诉"]
    database.close()
