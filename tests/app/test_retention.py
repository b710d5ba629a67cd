"""What is old or asked for is deleted, with its recording and on record; what is held stays."""

import getpass
import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, inspect, literal_column, select, table, text
from starlette.testclient import TestClient

from app import archive, retention
from app.retention import purged
from app.service import Service
from app.settings import Settings
from app.storage import Arrival, Recordings
from app.store import audit, calls
from app.store.calls import Posted
from tests.app.sounds import wav
from tests.app.test_access import Auth
from tests.conftest import SAMPLES

_OLD = (datetime.now(UTC) - timedelta(days=2000)).isoformat()
_NEW = datetime.now(UTC).isoformat()


def _post(client: TestClient, auth: Auth, service: Service, seed: int = 1, **facts: Any) -> int:
    form = {"metadata": json.dumps(facts)}
    answer = client.post("/v1/calls", headers=auth["dialer"], data=form, files={"audio": ("a.wav", wav(seed=seed))})
    with service.database.transaction() as session:
        session.execute(text("UPDATE calls SET status = 'scored'"))
    call_id: int = answer.json()["id"]
    return call_id


def _purge(client: TestClient, auth: Auth, **wish: Any) -> dict[str, int]:
    answer: dict[str, int] = client.post("/v1/purge", headers=auth["admin"], json=wish).json()
    return answer


def _left(client: TestClient, auth: Auth) -> set[int]:
    return {call["id"] for call in client.get("/v1/calls", headers=auth["supervisor"]).json()["calls"]}


def _files(service: Service) -> int:
    return sum(path.is_file() for path in service.recordings.workspaces.folder.parent.rglob("*"))


def test_what_is_past_its_time_goes(client: TestClient, auth: Auth, service: Service) -> None:
    old = _post(client, auth, service, 1, started_at=_OLD)
    new = _post(client, auth, service, 2, started_at=_NEW)
    assert _purge(client, auth) == {"calls": 1, "held": 0}
    assert _left(client, auth) == {old, new}
    assert _purge(client, auth, dry_run=False) == {"calls": 1, "held": 0}
    assert _left(client, auth) == {new}
    assert _files(service) == 1
    with service.database.transaction() as session:
        (entry,) = audit.page(session, audit.Query(action="purge", call_id=old))
    assert (entry.actor, entry.detail["external_id"]) == ("admin", None)
    assert entry.detail["recording"]


def test_a_debtor_s_data_goes_on_request(client: TestClient, auth: Auth, service: Service) -> None:
    own = _post(client, auth, service, 1, debtor_id="D1", started_at=_NEW)
    same = _post(client, auth, service, 1, debtor_id="D2", started_at=_NEW)
    assert _purge(client, auth, debtor_id="D1", dry_run=False) == {"calls": 1, "held": 0}
    assert _left(client, auth) == {same}
    # The other call has the same recording.
    assert client.get(f"/v1/calls/{same}/audio", headers=auth["supervisor"]).status_code == 200
    assert client.get(f"/v1/calls/{own}", headers=auth["supervisor"]).status_code == 404


def test_the_command_shows_what_will_go_and_asks(
    client: TestClient,
    auth: Auth,
    service: Service,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = _post(client, auth, service, 1, debtor_id="D1", external_id="[/b]13812345678", started_at=_NEW)
    monkeypatch.setattr("typer.confirm", lambda _: False)
    for dry_run in (True, False):
        archive.purge(settings, "D1", dry_run=dry_run, sure=False)
        shown = capsys.readouterr().out
        assert "将删除 1 通，0 通依法保留" in shown
        assert f"{call}  [/b]138****5678" in shown
        assert _left(client, auth) == {call}
    archive.purge(settings, "D1", dry_run=False, sure=True)
    assert _left(client, auth) == set()
    with service.database.transaction() as session:
        (entry,) = audit.page(session, audit.Query(action="purge", call_id=call))
    assert (entry.actor, entry.detail["external_id"]) == (f"cli:{getpass.getuser()}", "[/b]138****5678")


def test_nothing_of_a_deleted_call_is_left_anywhere(
    client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]
) -> None:
    """Not in what was made of it either: verdicts, reviews, what searches read, the waveform, a list, a job."""
    form = {"metadata": json.dumps({"debtor_id": "D-marked", "external_id": "c-marked", "note": "marked-fact"})}
    files = {"audio": ("marked.wav", (SAMPLES / "threat.wav").read_bytes())}
    spoken = client.post("/v1/calls", headers=auth["dialer"], data=form, files=files).json()["id"]
    said = [{"speaker": "agent", "text": "再不还钱就让你坐牢，风紧扯呼"}]
    facts = {"debtor_id": "D-marked", "external_id": "t-marked", "name": "marked-fact"}
    text_call = client.post("/v1/texts", headers=auth["dialer"], json={"call": facts, "utterances": said}).json()["id"]
    work_off()
    heard = client.get(f"/v1/calls/{spoken}", headers=auth["supervisor"]).json()
    recording, words = heard["recording"], heard["transcript"]["utterances"][0]["text"]
    assert client.get(f"/v1/calls/{spoken}/waveform", headers=auth["supervisor"]).is_success
    missed = {"category": "threat", "utterance": 0, "note": "marked-note"}
    assert client.post(f"/v1/calls/{text_call}/findings", headers=auth["supervisor"], json=missed).is_success
    secrets = ["marked", "风紧扯呼", recording, words]
    assert all(_tables_with(service, secret) - {"audit"} for secret in secrets)
    assert _purge(client, auth, debtor_id="D-marked", dry_run=False) == {"calls": 2, "held": 0}
    assert _files(service) == 0
    # The record says what was deleted, and at whose request.
    left = [_tables_with(service, secret) for secret in secrets]
    assert left == [{"audit"}, set(), {"audit"}, set()]


def _tables_with(service: Service, secret: str) -> set[str]:
    """The tables in which some row says that."""
    found = set[str]()
    with service.database.transaction() as session:
        for name in inspect(session.connection()).get_table_names():
            says = literal_column(f"{name}::text").contains(secret)
            if session.scalar(select(func.count()).select_from(table(name)).where(says)):
                found.add(name)
    return found


@pytest.mark.parametrize(
    ("reason", "who", "shown"),
    [
        (None, "supervisor", {'id="hold"'}),
        (None, "inspector", set()),
        ("争议", "supervisor", {'id="release"', "争议"}),
        ("争议", "inspector", {"争议"}),
    ],
)
def test_whoever_may_hold_a_call_can_do_so_on_its_page(
    client: TestClient, auth: Auth, reason: str | None, who: str, shown: set[str]
) -> None:
    call_id = client.post("/v1/texts", headers=auth["dialer"], json={"utterances": [{"text": "您好"}]}).json()["id"]
    held = client.put(f"/v1/calls/{call_id}/hold", headers=auth["supervisor"], json={"reason": reason})
    assert held.status_code == 200
    page = client.get(f"/calls/{call_id}", headers=auth[who]).text
    assert {part for part in ('id="hold"', 'id="release"', "争议") if part in page} == shown


def test_what_is_held_stays(client: TestClient, auth: Auth, service: Service) -> None:
    held = _post(client, auth, service, 1, debtor_id="D1", started_at=_OLD)
    path = f"/v1/calls/{held}/hold"
    assert client.put(path, headers=auth["supervisor"], json={"reason": "诉讼中"}).status_code == 200
    assert client.get(f"/v1/calls/{held}", headers=auth["supervisor"]).json()["hold"] == "诉讼中"
    for wish in ({}, {"debtor_id": "D1"}):
        assert _purge(client, auth, dry_run=False, **wish) == {"calls": 0, "held": 1}
    client.put(path, headers=auth["supervisor"], json={"reason": None})
    assert _purge(client, auth, dry_run=False) == {"calls": 1, "held": 0}


def test_an_unfinished_call_stays(client: TestClient, auth: Auth, service: Service) -> None:
    _post(client, auth, service, 1, started_at=_OLD)
    with service.database.transaction() as session:
        session.execute(text("UPDATE calls SET status = 'queued'"))
    assert _purge(client, auth, dry_run=False) == {"calls": 0, "held": 1}


def test_many_are_deleted_some_at_a_time(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    old = [_post(client, auth, service, seed, started_at=_OLD) for seed in range(5)]
    stopped = purged(service, "nightly", retention.wanted(service.settings, None))
    assert [next(stopped) for _ in range(3)] == old[:3]
    assert _purge(client, auth, dry_run=False) == {"calls": 2, "held": 0}
    assert (_left(client, auth), _files(service)) == (set(), 0)


def test_a_call_that_is_retried_meanwhile_stays(client: TestClient, auth: Auth, service: Service) -> None:
    first, second = (_post(client, auth, service, seed, started_at=_OLD) for seed in (1, 2))
    going = purged(service, "nightly", retention.wanted(service.settings, None))
    assert next(going) == first
    with service.database.transaction() as session:
        session.execute(text("UPDATE calls SET status = 'queued'"))
    assert list(going) == []
    assert _left(client, auth) == {second}


def test_a_recording_deleted_while_it_is_posted_again_is_asked_for_again(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post(client, auth, service, started_at=_OLD)
    keep = Recordings.keep

    def keep_and_lose(self: Recordings, arrival: Arrival) -> None:
        keep(self, arrival)
        list(purged(service, "nightly", retention.wanted(service.settings, None)))

    monkeypatch.setattr(Recordings, "keep", keep_and_lose)
    answer = client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a.wav", wav(seed=1))})
    assert (answer.status_code, answer.json()["code"]) == (503, "recording_deleted")
    assert (_left(client, auth), _files(service)) == (set(), 0)
    monkeypatch.undo()
    again = _post(client, auth, service)
    assert client.get(f"/v1/calls/{again}/audio", headers=auth["supervisor"]).status_code == 200


def test_a_recording_that_is_being_posted_again_is_not_deleted(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post(client, auth, service, started_at=_OLD)
    post, purges = calls.post, list[Future[list[int]]]()

    def post_while_purging(*given: Any) -> Posted:
        posted = post(*given)
        purges.append(pool.submit(lambda: list(purged(service, "nightly", retention.wanted(service.settings, None)))))
        with pytest.raises(TimeoutError):  # it waits until the new call is there
            purges[0].result(timeout=0.5)
        return posted

    monkeypatch.setattr(calls, "post", post_while_purging)
    with ThreadPoolExecutor(1) as pool:
        new = _post(client, auth, service)
    assert len(purges[0].result()) == 1
    assert client.get(f"/v1/calls/{new}/audio", headers=auth["supervisor"]).status_code == 200


@pytest.mark.parametrize("days", ["1", "729"])
def test_two_years_are_the_least(monkeypatch: pytest.MonkeyPatch, days: str) -> None:
    monkeypatch.setenv("TINGJIAN_RETENTION_DAYS", days)
    with pytest.raises(ValueError, match="retention_days"):
        Settings()
