"""Posting calls: stored once, refused clearly, nothing left half-way."""

import errno
import http.client
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.api import uploads
from app.service import Service
from app.storage import Recordings
from tests.app.sounds import long_silence, wav

Auth = dict[str, dict[str, str]]


def post(
    client: TestClient, headers: dict[str, str], audio: bytes, metadata: object = None, name: str = "a.wav"
) -> Any:
    form = {} if metadata is None else {"metadata": metadata if isinstance(metadata, str) else json.dumps(metadata)}
    return client.post("/v1/calls", headers=headers, data=form, files={"audio": (name, audio)})


def kept(service: Service) -> tuple[int, int, int]:
    """How many calls, jobs and files there are."""
    with service.database.transaction() as session:
        rows = [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("calls", "procrastinate_jobs")]
    files = [path for path in (service.settings.data / "recordings").rglob("*") if path.is_file()]
    return rows[0] or 0, rows[1] or 0, len(files)


def test_a_new_call_is_stored_and_queued(client: TestClient, auth: Auth, service: Service) -> None:
    answer = post(client, auth["dialer"], wav(), {"external_id": "c-1", "agent_id": "8026"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert kept(service) == (1, 1, 1)


def test_posting_again_gives_the_same_call(client: TestClient, auth: Auth, service: Service) -> None:
    first = post(client, auth["dialer"], wav(), {"external_id": "c-1"})
    again = post(client, auth["dialer"], wav(), {"external_id": "c-1"})
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert kept(service) == (1, 1, 1)


def test_many_retries_at_once_store_one_call(client: TestClient, auth: Auth, service: Service) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client, auth["dialer"], wav(), {"external_id": "c-1"}), range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert kept(service) == (1, 1, 1)


def test_another_recording_under_a_known_id_is_a_conflict(client: TestClient, auth: Auth, service: Service) -> None:
    post(client, auth["dialer"], wav(), {"external_id": "c-1"})
    answer = post(client, auth["dialer"], wav(seed=1), {"external_id": "c-1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "external_id_taken")
    assert kept(service) == (1, 1, 1)


def test_without_an_id_every_post_is_a_call(client: TestClient, auth: Auth, service: Service) -> None:
    assert {post(client, auth["dialer"], wav()).status_code for _ in range(2)} == {202}
    assert kept(service) == (2, 2, 1)


@pytest.mark.parametrize(
    ("audio", "name", "metadata", "status", "code"),
    [
        pytest.param(b"hello, this is text\n" * 50, "a.wav", None, 422, "not_audio", id="text named wav"),
        pytest.param(wav()[:-9000], "a.wav", None, 422, "truncated", id="truncated"),
        pytest.param(b"", "a.wav", None, 422, "empty", id="empty"),
        pytest.param(wav(channels=3), "a.wav", None, 422, "too_many_channels", id="three channels"),
        pytest.param(wav(), "a.wav", "{", 422, "metadata_not_json", id="metadata not JSON"),
        pytest.param(wav(), "a.wav", "[" * 20_000, 422, "metadata_not_json", id="metadata nested too deep"),
        pytest.param(wav(), "a.wav", "9" * 5_000, 422, "metadata_not_json", id="metadata of too many digits"),
        pytest.param(wav(), "a.wav", "[1]", 422, "metadata_not_object", id="metadata a list"),
        pytest.param(wav(), "a.wav", {"template": "nothing"}, 422, "unknown_template", id="unknown template"),
        pytest.param(wav(), "a.wav", {"template": "../../etc/passwd"}, 422, "unknown_template", id="template a path"),
        pytest.param(wav(), "a.wav", {"overdue_days": "long"}, 422, "invalid", id="fact of a wrong type"),
        pytest.param(wav(), "a.wav", {"overdue_days": -1}, 422, "invalid", id="fact out of range"),
        pytest.param(wav(), "a.wav", {"started_at": "yesterday"}, 422, "invalid", id="time not a time"),
        pytest.param(wav(), "a.wav", {"external_id": "a\0b"}, 422, "invalid", id="control character"),
        pytest.param(wav(), "a.wav", {"extra": {"deep": 1}}, 422, "invalid", id="unknown fact not a scalar"),
        pytest.param(wav(), "a.wav", {"extra": "a\0b"}, 422, "invalid", id="NUL in an unknown fact"),
        pytest.param(wav(), "a.wav", {"ex\0tra": "ab"}, 422, "invalid", id="NUL in a fact's name"),
        pytest.param(wav(), "a.wav", '{"extra": "\\ud800"}', 422, "invalid", id="half a character"),
        pytest.param(wav(), "a.wav", '{"amount": NaN}', 422, "invalid", id="not a number"),
        pytest.param(wav(), "a.wav", '{"extra": 1e999}', 422, "invalid", id="infinite"),
        pytest.param(wav(), "a.wav", {"started_at": "0001-01-01T00:00:00+14:00"}, 422, "invalid", id="year one"),
        pytest.param(wav(), "a.wav", {"started_at": "2099-11-01T09:30:00"}, 422, "in_future", id="still to come"),
        pytest.param(wav(), "a.wav", {"template": "长" * 200}, 422, "unknown_template", id="template too long"),
        pytest.param(wav(), "a.wav", {"channel": "fax"}, 422, "invalid", id="unknown channel"),
        pytest.param(wav(), "a.wav", "x" * 70_000, 400, "bad_multipart", id="metadata too long"),
    ],
)
def test_bad_input(
    client: TestClient, auth: Auth, service: Service, audio: bytes, name: str, metadata: object, status: int, code: str
) -> None:
    answer = post(client, auth["dialer"], audio, metadata, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert kept(service) == (0, 0, 0)


def test_five_hours_of_silence(client: TestClient, auth: Auth, service: Service, tmp_path: Path) -> None:
    service.settings.max_upload_mib = 64
    long_silence(tmp_path / "long.flac", hours=5)
    answer = post(client, auth["dialer"], (tmp_path / "long.flac").read_bytes(), name="long.flac")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_long")
    assert "long.flac" in answer.json()["detail"]
    assert kept(service) == (0, 0, 0)


def test_an_upload_that_declares_three_gigabytes_is_refused_unread(served: str, auth: Auth, service: Service) -> None:
    connection = http.client.HTTPConnection(served, timeout=10)
    headers = auth["dialer"] | {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(3 * 1024**3)}
    connection.request("POST", "/v1/calls", headers=headers)
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["code"]) == (413, "too_large")
    connection.close()
    assert kept(service) == (0, 0, 0)


def test_an_upload_that_declares_nothing_is_refused_at_the_limit(
    client: TestClient, auth: Auth, service: Service
) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
        for _ in range(64):
            yield b"\0" * 65536

    headers = auth["dialer"] | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/calls", headers=headers, content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert kept(service) == (0, 0, 0)


@pytest.mark.parametrize(
    ("path", "role", "count"),
    [("/v1/texts", "dialer", 500_000), ("/v1/texts", "dialer", 900), ("/v1/users", "admin", 900)],
)
def test_of_countless_faults_some_are_told(client: TestClient, auth: Auth, path: str, role: str, count: int) -> None:
    body = json.dumps(dict.fromkeys(map(str, range(count)), 0)).encode()
    answer = client.post(path, headers=auth[role] | {"Content-Type": "application/json"}, content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert len(answer.content) < 10_000
    assert re.search(r"共 \d{3,6} 处", answer.json()["detail"])


@pytest.mark.parametrize(("setting", "value"), [("_SILENCE", 0.3), ("_GRACE", -1e6)])
@pytest.mark.parametrize("path", ["/v1/calls", "/v1/texts", "/v1/cdr"])
def test_an_upload_that_trickles_is_ended(
    served: str, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch, path: str, setting: str, value: float
) -> None:
    monkeypatch.setattr(uploads, setting, value)
    host, _, port = served.partition(":")
    key = auth["dialer"]["Authorization"]
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 100000\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n".encode())
        answer = connection.makefile("rb").read()  # to its end: the connection is closed
    assert b" 408 " in answer.partition(b"\r\n")[0]
    assert b"too_slow" in answer
    assert kept(service) == (0, 0, 0)


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/json", b"{}", "audio_missing"),
        ("application/json", b"[]", "metadata_not_object"),
        ("text/plain", b"{}", "not_multipart"),
        ("multipart/form-data", b"", "bad_multipart"),
        ("multipart/form-data; boundary=x", b"--y\r\n", "bad_multipart"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", "audio_missing"),
    ],
)
def test_bad_forms(client: TestClient, auth: Auth, content_type: str, body: bytes, code: str) -> None:
    answer = client.post("/v1/calls", headers=auth["dialer"] | {"Content-Type": content_type}, content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    "name", ["../../escape.wav", "..\\x.wav", "a\r\nb.wav", "录音" * 100 + ".wav", "/etc/passwd", "..", "a/.."]
)
def test_file_names_are_made_harmless(client: TestClient, auth: Auth, service: Service, name: str) -> None:
    call_id = post(client, auth["inspector"], wav(), name=name).json()["id"]
    stored = client.get(f"/v1/calls/{call_id}", headers=auth["inspector"]).json()["recording_name"]
    assert stored.isprintable()
    assert not set("/\\") & set(stored)
    assert len(stored.encode()) <= 120
    assert kept(service) == (1, 1, 1)


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (errno.ENOSPC, 503, "disk_full"),
        (errno.EMFILE, 503, "busy"),
        (errno.ENFILE, 503, "busy"),
        (errno.EAGAIN, 503, "busy"),  # no more processes: a recording is probed in one
        (errno.EIO, 500, "internal"),
    ],
)
def test_a_machine_out_of_room_asks_to_come_again(
    client: TestClient,
    auth: Auth,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    status: int,
    code: str,
) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Recordings, "keep", fails)
    answer = post(client, auth["dialer"], wav())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) is (status == 503)
    assert kept(service) == (0, 0, 0)


def test_no_room_where_recordings_lie(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(place: Path) -> SimpleNamespace:
        return SimpleNamespace(total=100, used=100 if place == service.recordings.workspaces.folder else 1)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    answer = post(client, auth["dialer"], wav())
    assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")


@pytest.mark.parametrize(
    ("setting", "value", "code"), [("max_queue", 1, "queue_full"), ("max_disk_share", 1e-9, "disk_full")]
)
def test_no_room(client: TestClient, auth: Auth, service: Service, setting: str, value: float, code: str) -> None:
    post(client, auth["dialer"], wav(), {"external_id": "c-1"})
    before = kept(service)
    setattr(service.settings, setting, value)
    answer = post(client, auth["dialer"], wav(seed=1))
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert int(answer.headers["retry-after"]) > 0
    assert kept(service) == before
    if code == "queue_full":  # what is known already needs no room
        assert post(client, auth["dialer"], wav(), {"external_id": "c-1"}).status_code == 200


TEXT = {
    "call": {"external_id": "sms-1", "channel": "sms"},
    "utterances": [{"speaker": "agent", "text": "再不还钱就让你坐牢"}],
}


def test_texts_are_calls_too(client: TestClient, auth: Auth, service: Service) -> None:
    first = client.post("/v1/texts", headers=auth["dialer"], json=TEXT)
    again = client.post("/v1/texts", headers=auth["dialer"], json=TEXT)
    other = client.post("/v1/texts", headers=auth["dialer"], json=TEXT | {"utterances": [{"text": "您好"}]})
    heard = client.post("/v1/texts", headers=auth["dialer"], json=TEXT | {"heard": True})
    assert [answer.status_code for answer in (first, again, other, heard)] == [202, 200, 409, 409]
    assert kept(service) == (1, 1, 0)


def test_a_text_too_long_is_refused(client: TestClient, auth: Auth, service: Service) -> None:
    answer = client.post("/v1/texts", headers=auth["dialer"], content=b" " * (9 * 1024 * 1024))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert kept(service) == (0, 0, 0)


@pytest.mark.parametrize(("ahead", "status"), [(timedelta(hours=23), 202), (timedelta(hours=25), 422)])
def test_a_text_of_another_day_is_refused(client: TestClient, auth: Auth, ahead: timedelta, status: int) -> None:
    call = {"started_at": (datetime.now(UTC) + ahead).isoformat()}
    answer = client.post("/v1/texts", headers=auth["dialer"], json=TEXT | {"call": call})
    assert answer.status_code == status
    assert answer.json().get("code") == ("in_future" if status == 422 else None)


@pytest.mark.parametrize(
    "text_in",
    [
        {"utterances": []},
        {"call": {"channel": "sms"}, "utterances": [{"text": ""}]},
        {"call": {"channel": "visit"}, "utterances": [{"text": " \n"}, {"text": ""}]},
        {"utterances": [{"speaker": "robot", "text": "…"}]},
        {"utterances": [{"speaker": "agent"}]},
        {"utterances": [{"speaker": "agent", "text": "…", "start": 2, "end": 1}]},
        {"utterances": [{"speaker": "agent", "text": "…", "start": 0, "end": 1e308}]},
        {"utterances": "hello"},
        {"utterances": [], "external_id": "in the wrong place"},
        {},
        [],
    ],
)
def test_bad_texts(client: TestClient, auth: Auth, service: Service, text_in: object) -> None:
    answer = client.post("/v1/texts", headers=auth["dialer"], json=text_in)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert kept(service) == (0, 0, 0)
