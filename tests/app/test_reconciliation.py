"""Call detail records: imported whole, compared with the calls that came, counted for contact limits."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app import cdr, rescoring
from app.api import reconciliation
from app.security import Principal
from app.service import Service
from app.store import dials
from app.store import users as users_store
from app.tables import Call
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]

HEADING = "通话编号,工号,被叫号码,团队,开始时间,通话时长,是否接通,备注"
DAY = {"from": "2026-11-02", "to": "2026-11-03"}


def send(client: TestClient, auth: Auth, *lines: str, heading: str = HEADING, encoding: str = "utf-8") -> Any:
    content = "\n".join((heading, *lines)).encode(encoding)
    return client.post("/v1/cdr", headers=auth["dialer"] | {"Content-Type": "text/csv"}, content=content)


def post(client: TestClient, auth: Auth, seed: int, **facts: object) -> int:
    body = {"call": facts, "utterances": [{"speaker": "agent", "text": f"您好 {seed}"}]}
    call_id: int = client.post("/v1/texts", headers=auth["dialer"], json=body).raise_for_status().json()["id"]
    return call_id


def compare(client: TestClient, auth: Auth, **query: str) -> dict[str, Any]:
    answer = client.get("/v1/reconciliation", headers=auth["supervisor"], params=DAY | query)
    compared: dict[str, Any] = answer.raise_for_status().json()
    return compared


def counts(compared: dict[str, Any]) -> tuple[int, ...]:
    return tuple(compared[name] for name in ("expected", "received", "missing", "duplicate", "unexpected"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_dials_and_calls_are_compared(client: TestClient, auth: Auth, encoding: str) -> None:
    answer = send(
        client,
        auth,
        "c-1,8026,D1,早班,2026-11-02 09:00:00,60,是,x",
        "c-2,8026,D2,早班,2026/11/2 9:10,00:01:30,,x",
        "c-3,8026,D3,早班,2026-11-02T09:20:00+08:00,0,否,x",
        ",8027,D4,晚班,2026-11-02 18:00:00,30,,x",
        "c-9,8026,D9,早班,2026-11-03 00:00:00,60,是,the next day",
        encoding=encoding,
    )
    assert answer.json() == {"new": 5, "known": 0}
    assert counts(compare(client, auth)) == (3, 0, 3, 0, 0)
    named = post(client, auth, 1, external_id="c-1")
    near = post(client, auth, 2, agent_id="8027", debtor_id="D4", started_at="2026-11-02T18:01:00+08:00")
    compared = compare(client, auth)
    assert counts(compared) == (3, 2, 1, 0, 0)
    assert [call["external_id"] for call in compared["missing_calls"]] == ["c-2"]
    again = post(client, auth, 3, agent_id="8027", debtor_id="D4", started_at="2026-11-02T18:00:00+08:00")
    strange = post(client, auth, 4, external_id="c-77", started_at="2026-11-02T12:00:00+08:00")
    compared = compare(client, auth)
    assert counts(compared) == (3, 2, 1, 1, 1)
    assert [double["calls"] for double in compared["duplicate_calls"]] == [[near, again]]
    assert compared["unexpected_calls"] == [strange]
    assert named not in compared["unexpected_calls"]


def test_a_redial_is_not_a_duplicate(client: TestClient, auth: Auth) -> None:
    send(client, auth, ",1,D1,,2026-11-02 09:00:00,9,,", ",1,D1,,2026-11-02 09:01:00,9,,")
    for seed, second in enumerate(("09:00:03", "09:01:03")):
        post(client, auth, seed, agent_id="1", debtor_id="D1", started_at=f"2026-11-02T{second}+08:00")
    assert counts(compare(client, auth)) == (2, 2, 0, 0, 0)


def test_a_call_with_an_id_of_its_own_is_no_other(client: TestClient, auth: Auth) -> None:
    send(client, auth, "c-1,1,D1,,2026-11-02 09:00:00,9,,", "c-2,1,D1,,2026-11-02 09:01:00,9,,")
    post(client, auth, 1, external_id="c-1", agent_id="1", debtor_id="D1", started_at="2026-11-02T09:01:00+08:00")
    compared = compare(client, auth)
    assert counts(compared) == (2, 1, 1, 0, 0)
    assert [call["external_id"] for call in compared["missing_calls"]] == ["c-2"]


def test_a_dial_of_another_day_accounts_for_its_call(client: TestClient, auth: Auth) -> None:
    send(client, auth, "c-1,1,D1,,2026-11-01 23:59:50,9,,")
    post(client, auth, 1, external_id="c-1", started_at="2026-11-02T00:00:05+08:00")
    strange = post(client, auth, 2, external_id="c-2", started_at="2026-11-02T00:00:05+08:00")
    compared = compare(client, auth)
    assert (counts(compared), compared["unexpected_calls"]) == ((0, 0, 0, 0, 1), [strange])


def test_importing_again_corrects(client: TestClient, auth: Auth) -> None:
    rows = ("c-1,1,D1,,2026-11-02 09:00:00,0,否,", ",2,D2,,2026-11-02 09:00:00,5,,")
    assert send(client, auth, *rows).json() == {"new": 2, "known": 0}
    assert send(client, auth, rows[0].replace("0,否", "5,是"), rows[1]).json() == {"new": 0, "known": 2}
    assert compare(client, auth)["expected"] == 2


def test_what_a_later_file_does_not_say_stays(client: TestClient, auth: Auth) -> None:
    send(client, auth, "c-1,8026,D1,早班,2026-11-02 09:00:00,5,,")
    answer = send(client, auth, "c-1,2026-11-02 09:00:00,6", heading="通话编号,开始时间,通话时长")
    assert answer.json() == {"new": 0, "known": 1}
    (missing,) = compare(client, auth)["missing_calls"]
    assert (missing["agent_id"], missing["team"], missing["seconds"]) == ("8026", "早班", 6)


def test_a_row_twice_in_a_file_is_one_dial(client: TestClient, auth: Auth) -> None:
    row = "c-1,1,D1,,2026-11-02 09:00:00,5,,"
    assert send(client, auth, row, row).json() == {"new": 1, "known": 0}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param(("c-1,1,D1,,yesterday,5,,",), "第 2 行 started_at", id="no moment"),
        pytest.param(("c-1,1,D1,,,5,,",), "第 2 行 started_at", id="no start"),
        pytest.param(("c-1,1,D1,,2026-11-02,-5,,",), "第 2 行 seconds", id="negative"),
        pytest.param(("c-1,1,D1,,2026-11-02,nan,,",), "第 2 行 seconds", id="not a number"),
        pytest.param(("c-1,1,D1,,2026-11-02,,perhaps,",), "第 2 行 answered", id="neither yes nor no"),
        pytest.param(("c-1,1,D1,,2026-11-02,,,",), "seconds", id="answered unknown"),
        pytest.param((",1,,,2026-11-02,5,,",), "debtor_id", id="nobody"),
        pytest.param(("c-1,1,D1,,2026-11-02,5,,x,y",), "第 2 行", id="too many cells"),
        pytest.param(('c-1,"1,D1,,2026-11-02,5,,x',), "CSV", id="a quote left open"),
        pytest.param(("c-1,1,D\x00,,2026-11-02,5,,x",), "第 2 行", id="NUL"),
        pytest.param(("x,1,D1,,no,5,,",) * 30, "共 30 处", id="many faults"),
        pytest.param(("x,1,D1,,no,5,,",) * 1200, "共至少 1000 处", id="nothing but faults"),
    ],
)
def test_a_file_with_a_fault_is_refused_whole(
    client: TestClient, auth: Auth, lines: tuple[str, ...], told: str
) -> None:
    answer = send(client, auth, *lines, "good,1,D1,,2026-11-02 09:00:00,5,,")
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]
    assert compare(client, auth)["expected"] == 0


def test_one_file_is_read_at_a_time(client: TestClient, auth: Auth) -> None:
    with reconciliation._IMPORTING:
        answer = send(client, auth, "c-1,8026,D1,早班,2026-11-02 09:00:00,60,是,x")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert send(client, auth, "c-1,8026,D1,早班,2026-11-02 09:00:00,60,是,x").json() == {"new": 1, "known": 0}


def test_a_broken_heading_is_refused(client: TestClient, auth: Auth) -> None:
    answer = send(client, auth, "x,1", heading='"a"b,c')
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_csv")


def test_an_empty_file_is_refused_and_one_of_no_dials_is_not(client: TestClient, auth: Auth) -> None:
    answer = client.post("/v1/cdr", headers=auth["dialer"], content=b"\n")
    assert (answer.status_code, answer.json()["detail"]) == (422, "CSV：文件为空，没有表头")
    assert send(client, auth).json() == {"new": 0, "known": 0}


def test_what_is_no_text_is_refused(client: TestClient, auth: Auth) -> None:
    answer = client.post("/v1/cdr", headers=auth["dialer"], content=wav())
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_csv")


@pytest.mark.parametrize("query", [{"from": "2026-11-03"}, {"to": "2027-11-03"}, {"from": "soon"}])
def test_bad_ranges(client: TestClient, auth: Auth, query: dict[str, str]) -> None:
    answer = client.get("/v1/reconciliation", headers=auth["supervisor"], params=DAY | query)
    assert answer.status_code == 422


def test_a_team_sees_its_own(client: TestClient, auth: Auth, service: Service) -> None:
    send(client, auth, "c-1,1,D1,早班,2026-11-02 09:00:00,5,,", "c-2,2,D2,晚班,2026-11-02 09:00:00,5,,")
    with service.database.transaction() as session:
        leader = users_store.add(session, "leader", "supervisor", team="早班")
        who = Principal(leader.id, "leader", "supervisor", team="早班")
        start = cdr.DialIn.model_validate({"external_id": "x", "seconds": 1, "started_at": "2026-11-02"}).started_at
        compared = dials.reconcile(session, start, start.replace(day=3), who)
    assert [call["external_id"] for call in compared["missing_calls"]] == ["c-1"]
    assert compared["expected"] == 1


def test_a_debtors_dials_are_deleted_with_the_debtor(client: TestClient, auth: Auth) -> None:
    old, kept, held = (f"c-{day},1,{who},,2026-11-02 09:00:00,5,," for day, who in enumerate(("D1", "D2", "D3")))
    send(client, auth, old, kept, held, "c-9,1,D2,,2019-11-02 09:00:00,5,,")
    call_id = post(client, auth, 1, debtor_id="D3", started_at="2026-11-02T09:00:00+08:00")
    client.put(f"/v1/calls/{call_id}/hold", headers=auth["supervisor"], json={"reason": "争议"}).raise_for_status()
    wishes: list[tuple[dict[str, Any], int]] = [
        ({"debtor_id": "D1", "dry_run": True}, 3),
        ({"debtor_id": "D1"}, 2),
        ({"debtor_id": "D3"}, 2),
    ]
    for wish, left in wishes:
        body = {"dry_run": False, **wish}
        client.post("/v1/purge", headers=auth["admin"], json=body).raise_for_status()
        assert compare(client, auth)["expected"] == left
    ancient = {"from": "2019-11-02", "to": "2019-11-03"}
    assert compare(client, auth, **ancient)["expected"] == 1
    client.post("/v1/purge", headers=auth["admin"], json={"dry_run": False}).raise_for_status()
    assert (compare(client, auth, **ancient)["expected"], compare(client, auth)["expected"]) == (0, 2)


def test_a_debtor_whom_only_the_dialer_named_is_deleted_too(client: TestClient, auth: Auth, service: Service) -> None:
    send(client, auth, *(f"c-{number},1,D1,,2026-11-02 09:00:00,5,," for number in range(4)))
    going, held, unfinished = (post(client, auth, number, external_id=f"c-{number}") for number in range(3))
    client.put(f"/v1/calls/{held}/hold", headers=auth["supervisor"], json={"reason": "争议"}).raise_for_status()
    finish = text("UPDATE calls SET status = 'scored' WHERE id = ANY(:ids)")
    for finished, gone, left in (
        ([going, held], {"calls": 1, "held": 2}, 2),
        ([unfinished], {"calls": 1, "held": 1}, 1),
    ):
        with service.database.transaction() as session:
            session.execute(finish, {"ids": finished})
        answer = client.post("/v1/purge", headers=auth["admin"], json={"debtor_id": "D1", "dry_run": False})
        assert answer.json() == gone
        assert compare(client, auth)["expected"] == left
    assert [call["id"] for call in client.get("/v1/calls", headers=auth["supervisor"]).json()["calls"]] == [held]


def test_a_call_that_names_its_debtor_is_not_another_ones(client: TestClient, auth: Auth) -> None:
    send(client, auth, "c-1,1,D1,,2026-11-02 09:00:00,5,,")
    post(client, auth, 1, external_id="c-1", debtor_id="D2")
    for debtor, held in (("D1", 0), ("D2", 1)):  # it is not finished
        answer = client.post("/v1/purge", headers=auth["admin"], json={"debtor_id": debtor, "dry_run": True})
        assert answer.json() == {"calls": 0, "held": held}


def test_dials_count_for_contact_limits(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]
) -> None:
    rows = [f",1,D1,,2026-11-02 0{hour}:00:00,0,否," for hour in range(1, 8)]
    send(client, auth, *rows, "c-8,1,D1,,2026-11-02 08:00:00,30,是,", ",1,D1,,2026-11-02 09:00:00,0,否,")
    call_id = post(client, auth, 1, external_id="c-8", debtor_id="D1", started_at="2026-11-02T08:00:00+08:00")
    unknown = post(client, auth, 2, external_id="c-9", debtor_id="D9", started_at="2026-11-02T08:00:00+08:00")
    with service.database.transaction() as session:
        known = dials.contacts(session, session.get_one(Call, call_id))
        assert known == {"effective_calls_today": 1, "dials_today": 7}
        assert dials.contacts(session, session.get_one(Call, unknown)) == {}
    work_off()
    detail = client.get(f"/v1/calls/{call_id}", headers=auth["supervisor"]).json()
    assert "frequency" in detail["categories"]
    assert rescoring.rescore_calls(service.database, service.judge, [call_id, unknown], detail["template"]).done == 2
    detail = client.get(f"/v1/calls/{call_id}", headers=auth["supervisor"]).json()
    assert "frequency" in detail["categories"]
    detail = client.get(f"/v1/calls/{unknown}", headers=auth["supervisor"]).json()
    assert "frequency" not in detail["categories"]
