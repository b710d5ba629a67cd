"""What pages are made of, without a browser; tests/e2e has them in one."""

import errno
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import psycopg
import pytest
from fastapi import HTTPException
from pydantic_core.core_schema import ErrorType
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

import app
import asr
from app import jobs, wording
from app.api.schemas import FindingOut
from app.main import create_app
from app.security import csrf_token
from app.service import Service
from app.web import pages
from app.web.account import _ours
from app.web.calls import query_of
from app.web.dialogue import dialogue
from app.wording import LANGUAGES, Language, told
from asr.errors import HOPELESS
from scoring import TemplateError

Auth = dict[str, dict[str, str]]


def finding(rule: str, *spans: tuple[int, int], verdict: str = "failed", category: str = "threat") -> FindingOut:
    shown = [{"utterance": 0, "span": span, "start": 0, "end": 1, "confidence": 1, "note": ""} for span in spans]
    kinds = {"title": rule, "severity": "major", "expect": "absent", "message": ""}
    return FindingOut(id=1, rule=rule, category=category, verdict=verdict, evidence=shown, **kinds)


@pytest.mark.parametrize(
    ("findings", "pieces"),
    [
        ([], [("再不还钱", "")]),
        ([finding("a", (0, 4))], [("再不还钱", "a")]),
        ([finding("a", (1, 3))], [("再", ""), ("不还", "a"), ("钱", "")]),
        ([finding("a", (0, 3)), finding("b", (2, 4))], [("再不", "a"), ("还", "ab"), ("钱", "b")]),
        ([finding("a", (0, 1), (3, 4))], [("再", "a"), ("不还", ""), ("钱", "a")]),
        ([finding("a", (0, 2), verdict="skipped")], [("再不还钱", "")]),
        ([finding("a", (0, 2), category="ptp")], [("再不还钱", "")]),
        ([finding("a", (2, 99))], [("再不", ""), ("还钱", "a")]),
    ],
)
def test_evidence_is_marked_where_it_is(findings: list[FindingOut], pieces: list[tuple[str, str]]) -> None:
    said = {"speaker": "agent", "text": "再不还钱", "start": 0, "end": 1}
    (line,) = dialogue({"utterances": [said]}, findings)
    marked = [(piece.text, "".join(remark.finding.rule for remark in piece.remarks)) for piece in line.pieces]
    assert marked == pieces
    rules = {rule for _, names in pieces for rule in names}
    assert [remark.finding.rule for remark in line.remarks] == sorted(rules)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "–"), (0, "0:00"), (59.6, "1:00"), (187, "3:07"), (3661, "1:01:01")]
)
def test_clock(seconds: float | None, shown: str) -> None:
    assert pages.clock(seconds) == shown


def test_moments_are_shown_on_the_wall_clock_of_the_calls() -> None:
    assert pages.moment(datetime(2020, 12, 31, 16, 30, tzinfo=UTC)) == "2021-01-01 00:30"


@pytest.mark.parametrize(
    ("address", "goes_to"),
    [
        ("/calls?q=a", "/calls?q=a"),
        ("", "/"),
        ("calls", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_signing_in_leads_to_this_service_only(address: str, goes_to: str) -> None:
    assert _ours(address) == goes_to


def test_a_last_day_counts_to_its_end() -> None:
    until = query_of({"to": "2026-03-31"}).until
    assert until is not None
    assert until.isoformat() == "2026-04-01T00:00:00+08:00"


def _keys(texts: Mapping[str, Any]) -> Iterator[str]:
    for key, text in texts.items():
        yield str(key)
        if isinstance(text, Mapping):
            yield from _keys(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_hides_behind_a_method_of_dict(language: Language) -> None:
    assert not set(_keys(pages.catalogue(language))) & set(dir(dict))


def _shape(text: Any) -> Any:
    """A catalogue without what it says: its keys, and what each text is to be filled with."""
    if isinstance(text, Mapping):
        return {key: _shape(value) for key, value in text.items()}
    return [_shape(value) for value in text] if isinstance(text, list) else set(re.findall(r"\{\w*\}", text))


def test_every_text_is_there_in_every_language() -> None:
    assert _shape(pages.catalogue("en")) == _shape(pages.catalogue("zh"))


_CODED = re.compile(r'(?:code ?= ?|AsrError\(\s*)"([a-z_]+)"(?: if [^"\n]+ else "([a-z_]+)")?')
_CHINESE = re.compile("[\u4e00-\u9fff]")
_SOURCES = (Path(app.__file__).parent, Path(asr.__file__).parent)
#: Errors that no page leads to, and those that pages raise in their own language.
_APART = {
    "audio_missing", "bad_cdr", "bad_filter", "bad_multipart", "bad_option", "bad_url", "metadata_not_json",
    "metadata_not_object", "no_lexicon", "not_a_file", "not_multipart", "two_recordings", "unknown_backend",
}  # fmt: skip


def _codes() -> set[str]:
    files = chain.from_iterable(folder.rglob("*.py") for folder in _SOURCES)
    written = {code for path in files for codes in _CODED.findall(path.read_text("utf-8")) for code in codes if code}
    return written | HOPELESS | {str(jobs._hopeless(TemplateError("")))}


def test_every_error_can_be_told_in_english() -> None:
    codes = _codes()
    assert codes >= {"bad_template", "recording_damaged", "conflict", "internal", "query_timeout", "backend_away"}
    for code in codes - _APART:
        said = told(code, "某处", "en")
        assert not _CHINESE.search(said.replace("某处", "")), code
        assert said != "某处", code
    assert told("draft_changed", "草稿已被别人改动", "zh") == "草稿已被别人改动"


def test_every_wrong_field_can_be_told_in_every_language() -> None:
    texts = [path.read_text("utf-8") for path in Path(app.__file__).parent.rglob("*.py")]
    ours = set(re.findall(r'PydanticCustomError\(\s*"([a-z_]+)"', "".join(texts))) - {*get_args(ErrorType)}
    assert ours >= {"bad_scalar", "bad_period"}
    assert {kind: set(said) for kind, said in wording.wrongs().items() if kind in ours} == {
        kind: {"en"} for kind in ours
    }
    theirs = {kind: set(said) for kind, said in wording.wrongs().items() if kind not in ours}
    assert theirs == {kind: {"zh", "en"} for kind in theirs}
    assert theirs.keys() <= {*get_args(ErrorType), "path_not_directory", "path_not_file"}


_WRONG: list[tuple[Any, str, str]] = [
    ({"channel": "fax"}, "channel: 须为 call, sms, visit 之一", "channel: must be one of call, sms, visit"),
    ({"amount": "1.234"}, "amount: 最多 2 位小数", "amount: has more than 2 decimals"),
    ({"started_at": "1800-01-01"}, "started_at: 年份须在 1990 与 2099 之间", "started_at: must be of the years"),
    ({"started_at": "2026-03-02"}, "started_at: 须有钟点", "started_at: must have a time of day"),
    ({"note": [1]}, "note: 须为文字、有限的数字、true、false 或 null", "note: must be text, a finite number, true"),
    ({"note": "字" * 2001}, "note: 不能超过 2000 个字符", "note: must have 2000 characters or fewer"),
    ({"agent_id": "a\0"}, "agent_id: 不能含控制字符", "agent_id: must not hold control characters"),
]


@pytest.mark.parametrize(("facts", "chinese", "english"), _WRONG)
def test_what_is_wrong_is_told_plainly(
    client: TestClient, auth: Auth, facts: dict[str, Any], chinese: str, english: str
) -> None:
    body = {"call": facts, "utterances": [{"text": "您好"}]}
    for cookie, said in ({}, f"请求有误：body.call.{chinese}"), ({"Cookie": "tingjian_language=en"}, english):
        answer = client.post("/v1/texts", json=body, headers=auth["dialer"] | cookie)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
        assert len(answer.json()["errors"]) == 1


def test_a_senseless_period_is_told_in_words(client: TestClient, auth: Auth) -> None:
    shown = client.get("/statistics?first=2026-03-02&last=2026-03-01", headers=auth["supervisor"])
    assert shown.status_code == 400
    assert "筛选条件有误：开始日期（first）须不晚于结束日期（last），且相距不超过 800 天" in shown.text
    shown = client.get("/statistics?last=x", headers=auth["supervisor"] | {"Cookie": "tingjian_language=en"})
    assert "must be a day such as 2026-03-02" in shown.text


def test_every_answer_is_in_the_language_of_the_pages(
    client: TestClient, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(error: Exception) -> str:
        def fails(*_: object) -> None:
            raise error

        monkeypatch.setattr("app.store.calls.get", fails)
        answer = client.get("/v1/calls/1", headers=auth["inspector"] | {"Cookie": "tingjian_language=en"})
        detail: str = answer.json()["detail"]
        return detail

    assert "disk is full" in asked(OSError(errno.ENOSPC, ""))
    assert "database" in asked(OperationalError("", {}, psycopg.OperationalError()))
    assert "no such thing" in asked(HTTPException(404))
    huge = client.post("/v1/trends", content=b"-" * 2_000_000, headers={"Cookie": "tingjian_language=en"})
    assert huge.json()["detail"] == "That is too large."


@pytest.mark.parametrize(
    ("setting", "cookie", "lang", "said"),
    [
        ("zh", None, "zh-CN", "登录"),
        ("zh", "en", "en", "Sign in"),
        ("zh", "klingon", "zh-CN", "登录"),
        ("en", None, "en", "Sign in"),
        ("en", "zh", "zh-CN", "登录"),
    ],
)
def test_language(service: Service, setting: Language, cookie: str | None, lang: str, said: str) -> None:
    english = replace(service, settings=service.settings.model_copy(update={"language": setting}))
    with TestClient(create_app(english), cookies={"tingjian_language": cookie} if cookie else None) as client:
        shown = client.get("/login").text
    assert f'<html lang="{lang}">' in shown
    assert f"<title>{said} ·" in shown


def test_the_token_on_a_page_is_never_the_same_twice(client: TestClient, auth: Auth) -> None:
    made = client.get("/account", headers=auth["inspector"])
    assert made.status_code == 200
    assert 'name="csrf"' not in made.text  # with a key there is no session, and no token
    assert made.headers["cache-control"] == "no-store"
    client.cookies.set("tingjian_session", "token")
    mixed = []
    for _ in range(2):
        text = client.get("/account", headers=auth["inspector"]).text
        both = bytes.fromhex(text.split('name="csrf" content="')[1].split('"')[0])
        half = len(both) // 2
        assert bytes(a ^ b for a, b in zip(both[:half], both[half:], strict=True)).hex() == csrf_token("token")
        mixed.append(both)
    assert mixed[0] != mixed[1]


@pytest.mark.parametrize("name", ["nothing.js", "manifest.json", "..%2Ffiles.py", "main.js"])
def test_only_what_was_built_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_what_was_built_may_be_kept_for_ever(client: TestClient) -> None:
    style = client.get("/login").text.split('stylesheet" href="')[1].split('"')[0]
    answer = client.get(style)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "--ink" in answer.text


@pytest.mark.parametrize("at", ["/", "/calls?q=a&flagged=true", "/calls/1", "/upload", "/statistics", "/account"])
def test_nobody_sees_a_page_without_signing_in(client: TestClient, at: str) -> None:
    answer = client.get(at)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
    assert client.get(at, headers={"HX-Request": "true"}).headers["hx-refresh"] == "true"


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("/calls", {"agent", "inspector", "supervisor"}),
        ("/calls/1", {"agent", "inspector", "supervisor"}),
        ("/upload", {"dialer", "inspector", "supervisor"}),
        ("/statistics", {"supervisor"}),
    ],
)
@pytest.mark.parametrize("role", ["dialer", "agent", "inspector", "supervisor", "admin"])
def test_roles(client: TestClient, auth: Auth, at: str, allowed: set[str], role: str) -> None:
    answer = client.get(at, headers=auth[role])
    assert (answer.status_code == 403) == (role not in allowed)
    assert answer.headers["content-type"].startswith("text/html")
