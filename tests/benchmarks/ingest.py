"""How fast recordings come in beside a busy worker, what a huge one costs in memory, and what happens past the limits.

    uv run python -m tests.benchmarks.ingest [--posts 40] [--huge 2.0]

Starts `tingjian serve` with one worker in a temporary folder and posts as dialers do, each recording another one of
real speech. Times stand beside the floor of the same machine in the same run: hashing, writing and flushing the same
bytes. Memory is the HTTP process's, sampled while it takes the upload. Exit status 1 when a budget is missed.
"""

import argparse
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

_SAMPLE = Path("samples/threat.wav")
_FIVE_MB = 5_000_000
_BUDGET = 0.150  #: p95 of posting 5 MB, in seconds
_MEMORY = 64  #: MiB above idle during an upload of any size
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Server:
    """A running service."""

    port: int
    key: str
    process: psutil.Process

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own, as dialers make them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, {"Authorization": f"Bearer {self.key}", **headers})  # type: ignore[arg-type]
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def post(self, audio: bytes) -> tuple[int, dict[str, str], bytes]:
        """Post one recording."""
        return self.ask("POST", "/v1/calls", _form(audio), **_FORM)


_FORM = {"Content-Type": "multipart/form-data; boundary=xxx"}
_HEAD = b'--xxx\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
_TAIL = b"\r\n--xxx--\r\n"


def _form(audio: bytes) -> bytes:
    return _HEAD + audio + _TAIL


@contextmanager
def serving(**settings: object) -> Iterator[Server]:
    """A service with one worker in a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="tingjian-", ignore_cleanup_errors=True) as folder:
        given = {"data": folder, "port": 0, "workers": 1, "requests_per_minute": 10**6, **settings}
        environment = os.environ | {f"TINGJIAN_{name.upper()}": str(value) for name, value in given.items()}
        command = [sys.executable, "-P", "-m", "app.cli"]
        with (Path(folder) / "log").open("w+") as log:
            process = subprocess.Popen([*command, "serve"], env=environment, stdout=log, stderr=log)
            try:
                port = _port(Path(folder) / "log", process)
                made = subprocess.run(
                    [*command, "key", "add", f"ingest-{time.time_ns()}", "--role", "inspector"],
                    env=environment,
                    check=True,
                    capture_output=True,
                    text=True,
                )
                yield Server(port, made.stdout.split()[-1], psutil.Process(process.pid))
            finally:
                process.terminate()
                process.wait(180)


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    while not (told := re.search(r"http://[^\s/]+:(\d+)", log.read_text())):
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        time.sleep(0.2)
    return int(told[1])


def speech(number: int, size: int = _FIVE_MB) -> bytes:
    """A recording of about `size` bytes like no other: a real call again and again, after a number as samples."""
    file = _SAMPLE.read_bytes()
    start = file.index(b"data") + 8
    frames, wanted = file[start:], size - size % 2
    content = (frames * (wanted // len(frames) + 1))[:wanted]
    head = b"RIFF" + (start - 8 + wanted).to_bytes(4, "little") + file[8 : start - 4] + wanted.to_bytes(4, "little")
    return head + number.to_bytes(8, "big") + content[8:]


def floor(recordings: list[bytes]) -> list[float]:
    """Seconds that hashing, writing and flushing each takes here, with nothing around it."""

    def write(content: bytes) -> None:
        hashlib.sha256(content).digest()
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    return [_seconds(write, content) for content in recordings]


def _seconds(work: Callable[[bytes], object], content: bytes) -> float:
    began = time.perf_counter()
    work(content)
    return time.perf_counter() - began


def rates(server: Server, posts: int) -> bool:
    """Posts with one and with sixteen dialers; whether the budget is met."""
    server.post(speech(0))  # what is loaded at the first post is no dialer's fault
    least = floor([speech(1 << 40 | number) for number in range(posts)])
    print(f"{'5 MB':24} {'posts/s':>8} {'p50 ms':>8} {'p95 ms':>8} {'p95/floor':>10}")
    _row("hash, write, flush", least, sum(least), least)
    good = True
    for dialers in (1, 16):
        recordings = [speech(dialers << 32 | number) for number in range(posts)]
        began = time.perf_counter()
        with ThreadPoolExecutor(dialers) as pool:
            taken = list(pool.map(lambda content: _seconds(lambda one: _accepted(server, one), content), recordings))
        _row(f"{dialers} dialer(s)", taken, time.perf_counter() - began, least)
        good = good and (dialers > 1 or float(np.percentile(taken, 95)) < _BUDGET)
    return good


def _accepted(server: Server, content: bytes) -> None:
    status, _, answer = server.post(content)
    if status != 202:
        raise RuntimeError(f"{status}: {answer.decode()}")


def _row(name: str, taken: list[float], wall: float, least: list[float]) -> None:
    half, most = (float(np.percentile(taken, share)) for share in (50, 95))
    ratio = most / float(np.percentile(least, 95))
    print(f"{name:24} {len(taken) / wall:8.1f} {half * 1000:8.0f} {most * 1000:8.0f} {ratio:10.1f}", flush=True)


def memory(server: Server, gigabytes: float) -> bool:
    """What an upload of that size adds to the HTTP process; whether the budget is met."""
    size, peak, done = int(gigabytes * 1e9), 0, threading.Event()
    idle = server.process.memory_info().rss

    def sample() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, server.process.memory_info().rss)

    watcher = threading.Thread(target=sample)
    watcher.start()
    began = time.perf_counter()
    length = str(len(_HEAD) + size + 44 + len(_TAIL))
    status, _, answer = server.ask("POST", "/v1/calls", _huge(size), **_FORM, **{"Content-Length": length})
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    added = (peak - idle) / _MIB
    print(f"{gigabytes} GB in {seconds:.0f} s: {status}, {added:.0f} MiB above the {idle / _MIB:.0f} MiB of idle")
    if status != 202:
        print(answer.decode())
    return status == 202 and added < _MEMORY


def _huge(size: int) -> Iterator[bytes]:
    """The form around a WAV file of that many bytes, a piece at a time."""
    size -= size % 4
    head = b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += b"\1\0\2\0" + (8000).to_bytes(4, "little") + (32000).to_bytes(4, "little") + b"\4\0\x10\0"
    yield _HEAD + head + b"data" + size.to_bytes(4, "little")
    piece = np.random.default_rng(1).integers(-3, 4, size=_MIB // 2, dtype=np.int16).tobytes()
    for start in range(0, size, len(piece)):
        yield piece[: size - start]
    yield _TAIL


def limits(most: int) -> bool:
    """Posting past the queue's limit, until there is room again; whether it went as it should."""
    with serving(max_queue=most) as server:
        answers: list[tuple[int, dict[str, str], bytes]] = []
        while not answers or answers[-1][0] == 202:
            answers.append(server.post(speech(len(answers), 400_000)))
        taken, (status, headers, _) = len(answers) - 1, answers[-1]
        print(f"queue of {most}: {taken} taken, then {status}, Retry-After {headers.get('retry-after')}")
        began = time.perf_counter()
        while server.post(speech(10**6, 400_000))[0] == 503:
            time.sleep(0.5)
        again = time.perf_counter() - began
        _scored(server)
        states = {call["status"] for call in json.loads(server.ask("GET", "/v1/calls?limit=200")[2])["calls"]}
        print(f"posting went on after {again:.0f} s; in the end every call is {', '.join(sorted(states))}")
        return status == 503 and taken >= most and "retry-after" in headers and states == {"scored"}


def _scored(server: Server) -> None:
    while any(json.loads(server.ask("GET", f"/v1/calls?status={state}")[2])["calls"] for state in _UNFINISHED):
        time.sleep(0.5)


_UNFINISHED = ("queued", "transcribing", "judging")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=40, help="for each number of dialers")
    parser.add_argument("--huge", type=float, default=2.0, help="gigabytes of the one large upload")
    parser.add_argument("--queue", type=int, default=5, help="limit of the queue that is overrun")
    given = parser.parse_args()
    with serving(max_upload_mib=4096, max_call_hours=48) as server:
        good = [rates(server, given.posts), memory(server, given.huge)]
    good.append(limits(given.queue))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
