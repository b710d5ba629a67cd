"""Workers that die, machines apart from each other, a disk that is full: as processes of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from app import embedded
from app.database import Database
from app.embedded import embedded_postgres
from app.store import keys, users
from tests.app.sounds import wav
from tests.conftest import own_folder

#: A worker that needs no model: it takes its time for a text, and a recording kills it. It counts as dead after 3 s.
WORKER = """
import asyncio, os, signal, time
from dataclasses import replace
from app import worker
from app.pipeline import Judge
from app.service import build_bench
from app.settings import Settings
worker.STALLED_AFTER, worker._BEAT, worker._UPKEEP_CRON = 3, 0.5, "* * * * * *"
bench = build_bench(Settings())
class Slow(Judge):
    def judge(self, *given):
        time.sleep(0.5)
        return super().judge(*given)
def poison():
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(worker.work(replace(bench, judge=Slow(), transcriber=poison), worker.QUEUES, patience=5))
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A PostgreSQL of its own; it is reached by a socket file, so from every network."""
    with own_folder() as folder, embedded_postgres(folder) as url:
        yield url


@pytest.fixture
def environment(cluster: str, tmp_path: Path, models: Path) -> dict[str, str]:
    """A fresh database and data folder, as the environment of a process."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").symlink_to(models)
    own = {name: value for name, value in os.environ.items() if not name.startswith("TINGJIAN_")}
    name = f"t{time.time_ns()}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = make_url(cluster).set(database=name).render_as_string(hide_password=False)
    database = Database(url)
    database.upgrade()
    database.close()
    return own | {"TINGJIAN_DATABASE_URL": url, "TINGJIAN_DATA": str(data), "TINGJIAN_WORKERS": "0"}


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def apart(*rights: str) -> list[str]:
    """What runs a command in namespaces of its own, with `rights` that unshare knows, if this machine permits."""
    for prefix in (["unshare", *rights], ["unshare", "-r", *rights]):
        if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    return []


def rows(url: str, statement: str) -> list[Any]:
    database = Database(url)
    with database.transaction() as session:
        found = list(session.execute(text(statement)))
    database.close()
    return found


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@contextmanager
def serving(environment: dict[str, str], *prefix: str) -> Iterator[tuple[subprocess.Popen[str], "Client"]]:
    """A service without workers, and who posts to it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [*prefix, sys.executable, "-m", "app.cli", "serve"]
    database = Database(environment["TINGJIAN_DATABASE_URL"])
    with database.transaction() as session:
        secret = keys.add(session, "dialer", users.add(session, "dialer", "dialer"))
    database.close()
    client = Client(f"http://127.0.0.1:{port}", secret)
    with started(command, environment | {"TINGJIAN_PORT": port, "TINGJIAN_MAX_DISK_SHARE": "1"}) as process:
        wait_for(lambda: client.get("/healthz") == 200)
        yield process, client


class Client:
    """A dialer."""

    def __init__(self, address: str, secret: str) -> None:
        self._address = address
        self._headers = {"Authorization": f"Bearer {secret}"}

    def get(self, path: str) -> int:
        return self._send(urllib.request.Request(self._address + path, headers=self._headers))[0]

    def post_text(self, words: str) -> int:
        body = json.dumps({"utterances": [{"speaker": "agent", "text": words}]}).encode()
        headers = self._headers | {"Content-Type": "application/json"}
        return self._send(urllib.request.Request(f"{self._address}/v1/texts", body, headers))[0]

    def post_recording(self, audio: bytes) -> tuple[int, dict[str, Any]]:
        disposition = b'Content-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
        body = b"--cut\r\n" + disposition + audio + b"\r\n--cut--\r\n"
        headers = self._headers | {"Content-Type": "multipart/form-data; boundary=cut"}
        return self._send(urllib.request.Request(f"{self._address}/v1/calls", body, headers))

    @staticmethod
    def _send(request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error) | {"retry_after": error.headers.get("Retry-After")}
        except OSError:
            return 0, {}


def test_machines_share_the_load_and_a_poison_recording_harms_nobody_else(environment: dict[str, str]) -> None:
    """Two workers, each in a network of its own, with a recording on the queue that kills whoever takes it."""
    url, prefix = environment["TINGJIAN_DATABASE_URL"], apart("-n")
    with serving(environment) as (_, client):
        assert client.post_recording(wav(1.0))[0] == 202
        for number in range(8):
            assert client.post_text(f"您好，第{number}通") == 202
    worked, deaths = set[int](), 0
    end = time.monotonic() + 400
    slots: list[subprocess.Popen[str] | None] = [None, None]
    try:
        while rows(url, "SELECT FROM calls WHERE status NOT IN ('scored', 'failed')"):
            assert time.monotonic() < end
            for place, process in enumerate(slots):
                if process is None or process.poll() is not None:
                    deaths += process is not None
                    command = [*prefix, sys.executable, "-c", WORKER]
                    slots[place] = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, text=True)
            worked |= {row[0] for row in rows(url, "SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing'")}
            time.sleep(0.2)
    finally:
        for process in slots:
            if process:
                process.kill()
                process.wait()
    assert rows(url, "SELECT count(*) FROM calls WHERE status = 'scored'")[0][0] == 8
    assert rows(url, "SELECT call_id FROM scorecards GROUP BY 1 HAVING count(*) > 1") == []
    ((error, code, failures, flagged),) = rows(
        url, "SELECT error, error_code, failures, flagged FROM calls WHERE status = 'failed'"
    )
    assert (code, failures, flagged) == ("gave_up", 3, True)
    assert "处理进程意外中断" in error
    assert deaths == 3
    assert len(worked - {None}) >= 2


def test_a_full_disk_is_a_clear_refusal_and_passes_by_itself(environment: dict[str, str]) -> None:
    prefix = apart("-m")
    if not prefix:
        pytest.skip("this machine lets nobody mount a small disk")
    url, data = environment["TINGJIAN_DATABASE_URL"], Path(environment["TINGJIAN_DATA"])
    (data / "recordings").mkdir()
    small = f'mount -t tmpfs -o size=3m none {data}/recordings && exec "$@"'
    with serving(environment, *prefix, "sh", "-c", small, "sh") as (process, client):
        inside = Path(f"/proc/{process.pid}/root{data}/recordings")
        (inside / "other").write_bytes(bytes(2_700_000))
        status, refusal = client.post_recording(wav(20.0))
        assert (status, refusal["code"]) == (503, "disk_full")
        assert refusal["retry_after"]
        assert rows(url, "SELECT FROM calls") == rows(url, "SELECT FROM procrastinate_jobs") == []
        assert not [path for path in inside.rglob("*") if path.is_file() and path.name != "other"]
        (inside / "other").unlink()
        assert client.post_recording(wav(20.0))[0] == 202
    assert len(rows(url, "SELECT FROM calls")) == 1


def test_two_embedded_databases_of_one_process_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_LOOK", 0.001)
    with own_folder() as one, own_folder() as other, embedded_postgres(one), embedded_postgres(other) as url:
        assert rows(url, "SELECT 1") == [(1,)]


def test_the_embedded_database_is_started_again(environment: dict[str, str]) -> None:
    with own_folder() as folder:
        (folder / "models").symlink_to(Path(environment["TINGJIAN_DATA"]) / "models")
        postmaster = folder / "postgres" / "postmaster.pid"
        with embedded_postgres(folder) as url:
            database = Database(url)
            database.upgrade()
            database.close()
            own = environment | {"TINGJIAN_DATA": str(folder), "TINGJIAN_DATABASE_URL": url}
            with serving(own) as (_, client):
                assert client.post_text("您好") == 202
                os.kill(int(postmaster.read_text().split()[0]), signal.SIGQUIT)
                assert client.post_text("再见") in (202, 503)  # it may be back already
                wait_for(lambda: client.post_text("还在") == 202)
                assert client.get("/healthz") == 200
            left = postmaster.read_text().splitlines()
        # As after a power cut: its number is another program's by now, and a user of it is gone without a word.
        postmaster.write_text("\n".join([str(os.getpid()), *left[1:]]))
        (folder / "postgres" / ".handle_pids.json").write_text("[4194305, ")
        with embedded_postgres(folder) as url:
            assert rows(url, "SELECT count(*) FROM calls")[0][0] >= 2
        assert not postmaster.exists()
