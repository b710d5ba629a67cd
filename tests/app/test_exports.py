"""Lists as files for spreadsheets."""

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from app import exports
from app.api import exports as exports_api
from app.api.schemas import CallOut, listed
from app.masking import masked
from app.service import Service
from app.tables import Call
from tests.app.test_reading import CALLS, scored, store

Auth = dict[str, dict[str, str]]


def rows(client: TestClient, auth: Auth, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/v1/calls/export.csv?{query}", headers=auth["supervisor"])
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def sheet(content: bytes) -> list[list[str]]:
    """The cells of a workbook's only sheet, as they are stored; formulas would be in <f>."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert root.find(f".//{space}f") is None
    return [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{space}row")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["c4", "c2", "c1", "c3"]),
        ("flagged=true", ["c4", "c1"]),
        ("sort=score&flagged=true", ["c4", "c1"]),
        ("category=threat", ["c1"]),
        ("limit=1", ["c4", "c2", "c1", "c3"]),  # a file has no pages
        ("q=没有人说", []),
    ],
)
def test_just_what_is_filtered(client: TestClient, auth: Auth, service: Service, query: str, found: list[str]) -> None:
    store(service, *CALLS)
    assert [row["外部编号"] for row in rows(client, auth, query)] == found
    book = client.get(f"/v1/calls/export.xlsx?{query}", headers=auth["supervisor"])
    assert [row[1] for row in sheet(book.content)[1:]] == found


def test_what_a_row_says(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, CALLS[0] | {"started_at": datetime(2026, 3, 2, 16, 30, tzinfo=UTC)})
    (row,) = rows(client, auth)
    assert (row["通话时间"], row["坐席"], row["得分"], row["合格"], row["问题类别"]) == (
        "2026-03-03 00:30:00", "8001", "50.0", "否", "威胁恐吓",
    )  # fmt: skip


def test_what_is_masked_in_lists_is_masked_in_files(client: TestClient, auth: Auth, service: Service) -> None:
    hidden = {"external_id": "a-13812345678", "agent_id": "13912345678", "error": "13712345678.wav 打不开"}
    store(service, scored(1, **hidden, team="110101199003074514组"))
    (row,) = rows(client, auth)
    assert (row["外部编号"], row["坐席"], row["团队"], row["错误"]) == (
        "a-138****5678", "139****5678", "110***********4514组", "137****5678.wav 打不开",
    )  # fmt: skip
    assert "13812345678" in rows(client, auth, "unmask=true")[0]["外部编号"]
    for unmask, number in (("", "138****5678"), ("?unmask=true", "13812345678")):
        book = client.get(f"/v1/calls/export.xlsx{unmask}", headers=auth["supervisor"])
        assert number in sheet(book.content)[1][1]
    asked = [entry["detail"] for entry in client.get("/v1/audit?actor=supervisor", headers=auth["admin"]).json()]
    assert asked.count({"asked": {"unmask": "true"}}) == 2


def test_a_key_that_may_not_unmask_exports_masked(client: TestClient, auth: Auth) -> None:
    wanted = {"name": "exporter", "user": "supervisor", "scopes": ["export"]}
    secret = client.post("/v1/keys", headers=auth["admin"], json=wanted).json()["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/v1/calls/export.csv", headers=headers).status_code == 200
    for form in ("csv", "xlsx"):
        assert client.get(f"/v1/calls/export.{form}?unmask=true", headers=headers).status_code == 403


def _listed(**more: Any) -> CallOut:
    call = Call(**scored(1) | {"id": 1} | more)
    call.progress = call.error = call.error_code = None
    return listed(call, None, masked)


@pytest.mark.parametrize(
    "name",
    [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1+2",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "＝1+1",
        "＋86",
        "\u200b=1",
        "\u3000﹣1",
        "http://a/",
    ],
)
def test_nothing_is_a_formula(name: str, tmp_path: Path) -> None:
    call = _listed(external_id=name)
    line = b"".join(exports.as_csv([call])).decode("utf-8-sig").splitlines()[1]
    cell = next(csv.reader([line]))[1]
    assert cell == (name if name.startswith("http") else f"'{name}")
    assert sheet(b"".join(exports.as_xlsx([call], tmp_path)))[1][1].lstrip("'") == name.lstrip("'").replace("\t", "\t")


@pytest.mark.parametrize("name", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_list(name: str, tmp_path: Path) -> None:
    forms: dict[str, Callable[..., Iterator[bytes]]] = {"csv": exports.as_csv, "xlsx": exports.as_xlsx}
    call, form = _listed(), forms[name]

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in form((call for _ in range(count)), *([tmp_path] if name == "xlsx" else [])):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(12_000) < peak(3_000) + 100_000


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_two_are_written_at_once(client: TestClient, auth: Auth, service: Service, form: str) -> None:
    store(service, *CALLS)
    with exports_api._TURNS, exports_api._TURNS:
        answer = client.get(f"/v1/calls/export.{form}", headers=auth["supervisor"])
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "30")
    for _ in range(3):
        assert client.get(f"/v1/calls/export.{form}", headers=auth["supervisor"]).status_code == 200


def test_a_workbook_on_its_way_is_not_swept_away(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(service, *CALLS)

    def swept(*given: Any) -> CallOut:
        service.recordings.workspaces.sweep()  # a worker starts on the same disk
        return listed(*given)

    monkeypatch.setattr(exports_api, "listed", swept)
    monkeypatch.setattr("tempfile.tempdir", str(service.recordings.workspaces.folder))
    answer = client.get("/v1/calls/export.xlsx", headers=auth["supervisor"])
    assert (answer.status_code, len(sheet(answer.content))) == (200, 5)
    assert not list(service.recordings.workspaces.folder.iterdir())


def test_a_slow_client_holds_no_connection(client: TestClient, auth: Auth, service: Service) -> None:
    store(service, *CALLS)
    with client.stream("GET", "/v1/calls/export.csv", headers=auth["supervisor"]) as answer:
        assert "Current Checked out connections: 0" in service.database.engine.pool.status()
        assert answer.read().count(b"\r\n") == 5


def test_a_long_list_is_no_workbook(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(service, *CALLS)
    monkeypatch.setattr(exports, "MOST_XLSX_ROWS", 3)
    answer = client.get("/v1/calls/export.xlsx", headers=auth["supervisor"])
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")
    assert client.get("/v1/calls/export.xlsx?flagged=true", headers=auth["supervisor"]).status_code == 200
