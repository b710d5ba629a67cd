"""Recordings posted by reference: fetched from where that is allowed, and from nowhere else."""

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app import jobs
from app.fetching import DELAYS, fetch
from app.jobs import Bench
from app.references import FetchError, References
from app.service import Service
from app.settings import Settings
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]
SOUND = wav(2)


class RecordingServer(BaseHTTPRequestHandler):
    """A recording server, good and bad; it notes what it is asked."""

    asked: list[str] = []  # noqa: RUF012 - one server a test session

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body, headers = ANSWERS[self.path.partition("?")[0]]
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


ANSWERS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "/rec/a.wav": (200, SOUND, {}),
    "/rec/text.wav": (200, b"this is text " * 100, {}),
    "/rec/short.wav": (200, SOUND[:-900], {}),
    "/rec/cut.wav": (200, SOUND, {"Content-Length": str(len(SOUND) + 10)}),
    "/rec/huge.wav": (200, b"\0" * (3 * 1024 * 1024), {}),
    "/rec/bomb.wav": (200, gzip.compress(b"\0" * 1024 * 1024), {"Content-Encoding": "gzip"}),
    "/rec/moved.wav": (302, b"", {"Location": "/secret/a.wav"}),
    "/rec/missing.wav": (404, b"", {}),
    "/rec/forbidden.wav": (403, b"", {}),
    "/rec/broken.wav": (500, b"", {}),
    "/rec/nothing.wav": (204, b"", {}),
    "/secret/a.wav": (200, SOUND, {}),
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), RecordingServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(settings: Settings, server: str) -> Settings:
    """Recordings may be fetched from one folder of the server."""
    RecordingServer.asked.clear()
    return settings.model_copy(update={"recording_sources": (f"{server}/rec/",)})


def post(client: TestClient, headers: dict[str, str], url: object, **facts: object) -> Any:
    return client.post("/v1/calls", headers=headers, json={"recording_url": url, **facts})


def look(client: TestClient, auth: Auth, call_id: int) -> dict[str, Any]:
    detail: dict[str, Any] = client.get(f"/v1/calls/{call_id}", headers=auth["supervisor"]).json()
    return detail


def test_a_recording_is_fetched_heard_and_judged(
    client: TestClient, auth: Auth, server: str, work_off: Callable[[], None], service: Service
) -> None:
    answer = post(client, auth["dialer"], f"{server}/rec/a.wav?sig=hush", external_id="c-1", agent_id="8026")
    assert answer.status_code == 202
    assert not RecordingServer.asked  # the dialer need not wait for it
    again = post(client, auth["dialer"], f"{server}/rec/a.wav?sig=another", external_id="c-1", agent_id="8026")
    other = post(client, auth["dialer"], f"{server}/rec/text.wav", external_id="c-1")
    assert (again.status_code, again.json()["id"], other.status_code) == (200, answer.json()["id"], 409)
    work_off()
    assert RecordingServer.asked == ["/rec/a.wav?sig=another"]
    detail = look(client, auth, answer.json()["id"])
    assert (detail["status"], detail["recording_name"], detail["duration"]) == ("scored", "a.wav", 2.0)
    assert "another" not in str(detail)
    late = post(client, auth["dialer"], f"{server}/rec/a.wav?sig=late", external_id="c-1", agent_id="8026")
    assert (late.status_code, late.json()["status"]) == (200, "scored")
    assert client.get(f"/v1/calls/{detail['id']}/audio", headers=auth["supervisor"]).content == SOUND
    with service.database.transaction() as session:
        assert not session.scalar(text("SELECT count(*) FROM recording_urls"))
    assert not list(service.recordings.workspaces.folder.iterdir())


def test_a_form_may_name_the_recording_too(client: TestClient, auth: Auth, server: str) -> None:
    form = {"metadata": f'{{"recording_url": "{server}/rec/a.wav"}}'}
    both = client.post("/v1/calls", headers=auth["dialer"], data=form, files={"audio": ("a.wav", SOUND)})
    assert (both.status_code, both.json()["code"]) == (422, "two_recordings")
    alone = client.post("/v1/calls", headers=auth["dialer"], files={"metadata": (None, form["metadata"])})
    assert alone.status_code == 202, alone.text


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("{server}/secret/a.wav", id="another folder"),
        pytest.param("{server}/rec/../secret/a.wav", id="up"),
        pytest.param("{server}/rec/%2e%2e/secret/a.wav", id="up, encoded"),
        pytest.param("{server}/rec/%252e%252e/secret/a.wav", id="up, encoded twice"),
        pytest.param("{server}/rec/..;/secret/a.wav", id="up, with a parameter"),
        pytest.param("{server}/rec/%2e%2e%3bx/secret/a.wav", id="up, with a parameter, encoded"),
        pytest.param("{server}/rec/..%2fsecret/a.wav", id="slash encoded"),
        pytest.param("{server}/rec/..\\secret\\a.wav", id="backslashes"),
        pytest.param("{server}/recordings/a.wav", id="begins alike"),
        pytest.param("{server}", id="no path"),
        pytest.param("http://127.0.0.1:1/rec/a.wav", id="another port"),
        pytest.param("http://127.0.0.1/rec/a.wav", id="no port"),
        pytest.param("http://localhost:{port}/rec/a.wav", id="another name of the same host"),
        pytest.param("http://2130706433:{port}/rec/a.wav", id="the address as a number"),
        pytest.param("http://169.254.169.254/latest/meta-data/", id="cloud metadata"),
        pytest.param("http://[::1]:{port}/rec/a.wav", id="IPv6"),
        pytest.param("http://user:pass@127.0.0.1:{port}/rec/a.wav", id="user and password"),
        pytest.param("http://127.0.0.1:{port}@evil.example/rec/a.wav", id="host as a user"),
        pytest.param("http://127.0.0.1:{port}\\@evil.example/rec/a.wav", id="host as a user, backslash"),
        pytest.param("http://evil.example#@127.0.0.1:{port}/rec/a.wav", id="host in the fragment"),
        pytest.param("https://127.0.0.1:{port}/rec/a.wav", id="another scheme"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("gopher://127.0.0.1:{port}/rec/a.wav", id="gopher"),
        pytest.param("ftp://127.0.0.1:{port}/rec/a.wav", id="ftp"),
        pytest.param("s3://rec/a.wav", id="a bucket"),
        pytest.param("//127.0.0.1:{port}/rec/a.wav", id="no scheme"),
        pytest.param("/rec/a.wav", id="no host"),
        pytest.param("{server}/rec/a.wav\r\nHost: evil.example", id="a header"),
        pytest.param("", id="empty"),
        pytest.param("x" * 5000, id="too long"),
        pytest.param(7, id="a number"),
        pytest.param({"href": "{server}/rec/a.wav"}, id="an object"),
    ],
)
def test_what_is_not_allowed_is_not_asked(
    client: TestClient, auth: Auth, server: str, service: Service, url: object
) -> None:
    if isinstance(url, str):
        url = url.replace("{server}", server).replace("{port}", server.rpartition(":")[2])
    answer = post(client, auth["dialer"], url)
    assert answer.status_code == 422
    assert answer.json()["code"] in ("url_not_allowed", "bad_url")
    if isinstance(url, str):  # not by a worker either, whose settings may be others
        with pytest.raises(FetchError):
            service.references.fetch(url, BytesIO())
    assert not RecordingServer.asked


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("text.wav", "not_audio"),
        ("short.wav", "truncated"),
        ("huge.wav", "too_large"),
        ("bomb.wav", "fetch_failed"),
        ("moved.wav", "redirected"),
        ("forbidden.wav", "fetch_failed"),
        ("nothing.wav", "fetch_failed"),
    ],
)
def test_a_hopeless_one_fails_the_call_with_its_reason(
    client: TestClient, auth: Auth, server: str, bench: Bench, name: str, code: str
) -> None:
    call_id = post(client, auth["dialer"], f"{server}/rec/{name}?sig=hush").json()["id"]
    jobs.run_step(fetch, bench, call_id, 1)
    detail = look(client, auth, call_id)
    assert (detail["status"], detail["error_code"], detail["flagged"]) == ("failed", code, True)
    assert name in detail["error"] or code in ("not_audio", "truncated")
    assert "hush" not in detail["error"]
    assert RecordingServer.asked == [f"/rec/{name}?sig=hush"]
    assert not list(bench.recordings.workspaces.folder.iterdir())


@pytest.mark.parametrize("name", ["missing.wav", "broken.wav", "cut.wav"])
def test_what_may_get_better_is_tried_for_hours(
    client: TestClient, auth: Auth, server: str, service: Service, bench: Bench, name: str
) -> None:
    call_id = post(client, auth["dialer"], f"{server}/rec/{name}").json()["id"]
    for attempt, delay in enumerate(DELAYS, start=1):
        jobs.run_step(fetch, bench, call_id, attempt)
        with service.database.transaction() as session:
            newest = "SELECT extract(epoch FROM scheduled_at - now()) FROM procrastinate_jobs ORDER BY id DESC LIMIT 1"
            assert abs(delay - float(session.scalar(text(newest)) or 0)) < 5
        detail = look(client, auth, call_id)
        assert (detail["status"], bool(detail["error"])) == ("queued", True)
    jobs.run_step(fetch, bench, call_id, len(DELAYS) + 1)
    assert look(client, auth, call_id)["status"] == "failed"


def test_a_death_costs_one_try_of_many(client: TestClient, auth: Auth, server: str, bench: Bench) -> None:
    call_id = post(client, auth["dialer"], f"{server}/rec/missing.wav").json()["id"]
    for attempt in (1, 2):
        jobs.run_step(fetch, bench, call_id, attempt)
    with bench.database.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
    jobs.take_over(bench)
    assert look(client, auth, call_id)["status"] == "queued"


def test_what_was_missing_is_fetched_once_it_is_there(
    client: TestClient, auth: Auth, server: str, bench: Bench, work_off: Callable[[], None]
) -> None:
    call_id = post(client, auth["dialer"], f"{server}/rec/later.wav").json()["id"]
    ANSWERS["/rec/later.wav"] = (404, b"", {})
    jobs.run_step(fetch, bench, call_id, 1)
    ANSWERS["/rec/later.wav"] = (200, SOUND, {})
    jobs.run_step(fetch, bench, call_id, 1)  # a late job of an older attempt changes nothing
    assert look(client, auth, call_id)["recording"] is None
    jobs.run_step(fetch, bench, call_id, 2)
    work_off()
    assert (look(client, auth, call_id)["status"], look(client, auth, call_id)["error"]) == ("scored", None)


def test_a_failed_one_can_be_retried_by_hand(
    client: TestClient, auth: Auth, server: str, bench: Bench, work_off: Callable[[], None]
) -> None:
    ANSWERS["/rec/fixed.wav"] = (403, b"", {})
    call_id = post(client, auth["dialer"], f"{server}/rec/fixed.wav").json()["id"]
    jobs.run_step(fetch, bench, call_id, 1)
    ANSWERS["/rec/fixed.wav"] = (200, SOUND, {})
    client.post(f"/v1/calls/{call_id}/retry", headers=auth["supervisor"]).raise_for_status()
    work_off()
    assert look(client, auth, call_id)["status"] == "scored"


def test_a_fresh_signature_is_what_counts(
    client: TestClient, auth: Auth, server: str, bench: Bench, work_off: Callable[[], None]
) -> None:
    ANSWERS["/rec/expired.wav"] = (403, b"", {})

    def again(signature: str) -> tuple[int, str]:
        answer = post(client, auth["dialer"], f"{server}/rec/expired.wav?sig={signature}", external_id="c-1")
        return answer.status_code, answer.json()["status"]

    assert again("old") == (202, "queued")
    jobs.run_step(fetch, bench, 1, 1)
    assert again("old") == (200, "failed")
    ANSWERS["/rec/expired.wav"] = (200, SOUND, {})
    assert again("fresh") == (200, "queued")
    work_off()
    assert look(client, auth, 1)["status"] == "scored"
    assert RecordingServer.asked == ["/rec/expired.wav?sig=old", "/rec/expired.wav?sig=fresh"]


def test_a_bucket_can_be_named(bucket: str) -> None:
    name = bucket.removeprefix("s3://").partition("/")[0]
    boto3.client("s3").put_object(Bucket=name, Key="day/录音 1.wav", Body=SOUND)
    references = References((f"s3://{name}/day/",), len(SOUND))
    references.fetch(f"s3://{name}/day/录音%201.wav", file := BytesIO())
    assert file.getvalue() == SOUND
    references.fetch(f"S3://{name}/day/录音%201.wav", file := BytesIO())
    assert file.getvalue() == SOUND
    for path, code in [
        ("night/a.wav", "url_not_allowed"),
        ("day/none.wav", "fetch_failed"),
        ("day//none.wav", "bad_url"),
    ]:
        with pytest.raises(FetchError) as refused:
            references.fetch(f"s3://{name}/{path}", BytesIO())
        assert refused.value.code == code
    with pytest.raises(FetchError, match="大小"):
        References((f"s3://{name}/",), len(SOUND) - 1).fetch(f"s3://{name}/day/录音 1.wav", BytesIO())


@pytest.mark.parametrize("prefix", ["ftp://host/", "host", "https://user@host/", "/folder"])
def test_what_is_no_address_cannot_be_allowed(prefix: str) -> None:
    with pytest.raises(ValueError, match="recording_sources"):
        Settings(recording_sources=(prefix,))
