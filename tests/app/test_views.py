"""Saved views and chosen columns of the list of calls."""

import re

import pytest
from starlette.testclient import TestClient

from app.service import Service
from app.store import views
from tests.app.test_reading import CALLS, store

Auth = dict[str, dict[str, str]]


def save(client: TestClient, headers: dict[str, str], name: str, query: str) -> str:
    here = {"HX-Current-URL": f"http://testserver/calls?{query}"}
    answer = client.post("/views", headers=headers | here, data={"name": name})
    assert answer.status_code == 200, answer.text
    return answer.text


def shown(text: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="button quiet" href="/calls\?([^"]*)">([^<]*)</a><button', text)


def test_a_view_keeps_what_the_list_is_filtered_by(client: TestClient, auth: Auth) -> None:
    for query in ("flagged=false", "flagged=true&team=&cursor=abc&nonsense=1&q=%E5%9D%90%E7%89%A2"):
        made = save(client, auth["inspector"], "我的", query)
    assert shown(made) == [("flagged=true&amp;q=%E5%9D%90%E7%89%A2", "我的")]  # the second replaced the first
    assert shown(client.get("/calls", headers=auth["inspector"]).text) == shown(made)


@pytest.mark.parametrize("here", ["http://[", "", "?", "/calls?flagged=true#call-3"])
def test_an_odd_address_is_no_fault(client: TestClient, auth: Auth, here: str) -> None:
    headers = auth["inspector"] | {"HX-Current-URL": here}
    made = client.post("/views", headers=headers, data={"name": "我的"})
    assert (made.status_code, "call-3" in made.text, "我的" in made.text) == (200, False, True)


def test_views_are_one_s_own(client: TestClient, auth: Auth) -> None:
    made = save(client, auth["inspector"], "我的", "flagged=true")
    (number,) = re.findall(r'hx-delete="/views/(\d+)"', made)
    assert shown(client.get("/calls", headers=auth["supervisor"]).text) == []
    client.delete(f"/views/{number}", headers=auth["supervisor"])
    assert len(shown(client.get("/calls", headers=auth["inspector"]).text)) == 1
    assert shown(client.delete(f"/views/{number}", headers=auth["inspector"]).text) == []


@pytest.mark.parametrize(
    ("query", "name", "status"), [("score_lt=many", "a", 400), ("", "", 404), ("", "a" * 201, 404), ("", "a\0", 404)]
)
def test_senseless_views(client: TestClient, auth: Auth, query: str, name: str, status: int) -> None:
    here = {"HX-Current-URL": f"http://testserver/calls?{query}"}
    assert client.post("/views", headers=auth["inspector"] | here, data={"name": name}).status_code == status


def test_there_is_an_end_to_views(client: TestClient, auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST", 2)
    for name in ("a", "b", "a"):
        save(client, auth["inspector"], name, "")
    assert client.post("/views", headers=auth["inspector"], data={"name": "c"}).status_code == 409


@pytest.mark.parametrize("role", ["dialer", "admin"])
def test_who_reads_no_calls_has_no_views(client: TestClient, auth: Auth, role: str) -> None:
    assert client.post("/views", headers=auth[role], data={"name": "a"}).status_code == 403


@pytest.mark.parametrize(
    ("cookie", "columns"),
    [
        (None, "时间 通话 坐席 团队 时长 得分 结果 发现 复核"),
        ("call.rules.when", "时间 通话 未通过规则"),
        ("nonsense", "通话"),
    ],
)
def test_columns(client: TestClient, auth: Auth, service: Service, cookie: str | None, columns: str) -> None:
    store(service, *CALLS)
    if cookie:
        client.cookies.set("tingjian_columns", cookie)
    listed = client.get("/calls", headers=auth["inspector"]).text
    assert re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', listed) == columns.split()
    number = re.findall(r'data-id="(\d+)"', listed)[0]
    row = client.get(f"/calls/{number}/row", headers=auth["inspector"]).text
    assert row.count("<td") == len(columns.split())
