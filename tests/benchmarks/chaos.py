"""Real short calls, each posted twice, while workers, API and PostgreSQL are killed: is any lost, any doubled?

    python -m tests.benchmarks.chaos [--calls 200] [--kills 25] [--workers 2] [--every 12] [--seed 1]

What is tried is `tingjian serve` as it comes: HTTP, its workers and its embedded PostgreSQL, of which one or the other
is killed with -9, or as `pg_ctl -m immediate` does. The service starts its workers and its database again by itself;
only when the service is killed does something outside start it again, as systemd or a container's restart policy would,
and it finds workers that end and a database that goes on. The sender tries again when it gets no answer, as a dialer
does. Nobody helps: exit status 1 when anything is not as it should be within the limit. `--every` should be some times
what a worker takes to start: 3 s on a quiet machine.
"""

import argparse
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import numpy as np
import psutil
import psycopg

from asr import audio
from asr.audio import SAMPLE_RATE

_SAMPLES = Path("samples")
_SENDERS = 4
_TINGJIAN = [sys.executable, "-P", "-m", "app.cli"]


@dataclass
class Service:
    """`tingjian serve`, started again when it ends."""

    environment: dict[str, str]
    folder: Path
    starts: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Up while the block runs; then it is stopped as an operator would."""
        keeping = threading.Thread(target=self._keep)
        keeping.start()
        try:
            yield
        finally:
            self._stopping.set()
            if self._process:
                self._process.terminate()
            keeping.join()

    def _keep(self) -> None:
        with (self.folder / "log").open("ab") as log:
            while not self._stopping.is_set():
                self._process = subprocess.Popen([*_TINGJIAN, "serve"], env=self.environment, stdout=log, stderr=log)
                self.starts += 1
                self._process.wait()
                self._stopping.wait(1)

    def itself(self) -> list[psutil.Process]:
        """The process that serves HTTP, if it is up."""
        with suppress(psutil.NoSuchProcess):
            return [psutil.Process(self._process.pid)] if self._process and self._process.poll() is None else []
        return []

    def workers(self) -> list[psutil.Process]:
        """Those that it has started."""
        with suppress(psutil.NoSuchProcess):
            return [child for one in self.itself() for child in one.children() if "worker" in child.cmdline()]
        return []

    def postmaster(self) -> list[psutil.Process]:
        """The PostgreSQL that it has started, if it is up."""
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            pid = (self.folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0]
            found = psutil.Process(int(pid))
            return [found] if found.name() == "postgres" else []
        return []


def recordings(count: int) -> Iterator[tuple[str, bytes]]:
    """Different five to ten seconds of the samples, as WAV."""
    samples = [audio.decode(path).samples for path in sorted(_SAMPLES.glob("*.wav"))]
    for number in range(count):
        whole, length = samples[number % len(samples)], (5 + number % 6) * SAMPLE_RATE
        start = min(number // len(samples) * SAMPLE_RATE, whole.shape[1] - length)
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setparams((2, 2, SAMPLE_RATE // 2, 0, "NONE", ""))
            # Every second sample: a telephone's 8 kHz; the number in the last one makes each call its own.
            part = np.ascontiguousarray(whole[:, start : start + length : 2].T)
            part[-1] = number
            file.writeframes(part.tobytes())
        yield f"chaos-{number:03}", buffer.getvalue()


def post(address: str, key: str, call: tuple[str, bytes], give_up: threading.Event, pause: float) -> Counter[str]:
    """Wait `pause` seconds, then post a call until it is taken; what was answered on the way."""
    name, sound = call
    answers: Counter[str] = Counter()
    time.sleep(pause)
    with httpx2.Client(trust_env=False, timeout=30) as client:
        while not give_up.is_set():
            try:
                form, files = {"metadata": json.dumps({"external_id": name})}, {"audio": (f"{name}.wav", sound)}
                answer = client.post(
                    f"{address}/v1/calls", headers={"Authorization": f"Bearer {key}"}, data=form, files=files
                )
                answers[str(answer.status_code)] += 1
                if answer.status_code in (200, 202):
                    return answers
                if answer.status_code < 500:
                    raise SystemExit(f"{name}: {answer.status_code} {answer.text}")
            except httpx2.HTTPError:
                answers["no answer"] += 1
            time.sleep(1)
    return answers


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    """Rows; waits while the database is away."""
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            return connection.execute(statement).fetchall()
        time.sleep(1)


def key_of(environment: dict[str, str]) -> str:
    """A dialer's key."""
    command = [*_TINGJIAN, "key", "add", "chaos", "--role", "dialer"]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()[-1]


def torment(service: Service, options: argparse.Namespace, done: threading.Event) -> Counter[str]:
    """Kill one thing after the other until it is enough; workers most often."""
    victims: dict[str, tuple[int, Callable[[], list[psutil.Process]], int]] = {
        "worker": (12, service.workers, signal.SIGKILL),
        "service": (3, service.itself, signal.SIGKILL),
        "PostgreSQL, immediately": (2, service.postmaster, signal.SIGQUIT),  # what pg_ctl -m immediate sends
        "PostgreSQL": (2, service.postmaster, signal.SIGKILL),
    }
    choice, kills = random.Random(options.seed), Counter[str]()
    while kills.total() < options.kills and not done.wait(choice.uniform(0.5, 1.5) * options.every):
        (name,) = choice.choices(list(victims), [weight for weight, *_ in victims.values()])
        _, living, number = victims[name]
        if found := living():
            with suppress(psutil.NoSuchProcess):
                choice.choice(found).send_signal(number)
                kills[name] += 1
                print(f"{time.strftime('%T')} killed: {name}", flush=True)
    return kills


def run(options: argparse.Namespace, folder: Path) -> bool:
    """The whole trial."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("TINGJIAN_")}
    told = {"DATA": folder / "data", "PORT": port, "WORKERS": options.workers, "ASR_THREADS": 1}
    service = Service(own | {f"TINGJIAN_{name}": str(value) for name, value in told.items()}, folder)
    key, began, done = key_of(service.environment), time.monotonic(), threading.Event()
    url = f"postgresql://postgres:@/postgres?host={folder / 'data' / 'postgres'}"
    posts = [call for call in recordings(options.calls) for _ in range(2)]
    random.Random(options.seed).shuffle(posts)
    with service.kept(), ThreadPoolExecutor(1) as tormentor, ThreadPoolExecutor(_SENDERS) as senders:
        tormenting = tormentor.submit(torment, service, options, done)
        # Somewhat longer than the killing takes, so that something is always on its way.
        pause = 1.3 * _SENDERS * options.kills * options.every / len(posts)
        taken = senders.map(lambda call: post(f"http://127.0.0.1:{port}", key, call, done, pause), posts)
        answers = sum(taken, Counter[str]())
        finished = wait(url, options.calls, began + options.limit)
        done.set()
        kills = tormenting.result()
        print(f"\n{options.calls} calls posted twice; {kills.total()} kills: {dict(kills)}; starts: {service.starts}")
        print(f"answers: {dict(answers)}; {time.monotonic() - began:.0f} s")
        print(f"kills enough: {'yes' if kills.total() >= options.kills else 'NO'}")
        good = judged(url, folder / "data", options.calls) and finished and kills.total() >= options.kills
    left = service.postmaster()
    print(f"PostgreSQL stopped with the service: {'NO' if left else 'yes'}")
    return good and not left


def wait(url: str, calls: int, until: float) -> bool:
    """Wait until all calls are finished."""
    while time.monotonic() < until:
        states = {str(row[0]): int(str(row[1])) for row in query(url, "SELECT status, count(*) FROM calls GROUP BY 1")}
        if states.get("scored", 0) + states.get("failed", 0) >= calls:
            return True
        print(f"{time.strftime('%T')} {states}", flush=True)
        time.sleep(20)
    return False


#: What must be so in the end -> a query for the rows that say otherwise.
_WRONG = {
    "scored": "SELECT external_id, status, error FROM calls WHERE status <> 'scored'",
    "one transcript each": "SELECT call_id, count(*) FROM transcripts GROUP BY 1 HAVING count(*) <> 1",
    "one scorecard each": "SELECT calls.id, count(scorecards.id) FROM calls "
    "LEFT JOIN scorecards ON call_id = calls.id GROUP BY 1 HAVING count(scorecards.id) <> 1",
    # A worker that is killed before it has started leaves nothing to take over, and the trial shows nothing.
    "some taken over": "SELECT 'none: kill less often' FROM calls HAVING max(attempt) = 1",
    "counted once": "SELECT sum(value) FROM tallies WHERE name = 'finished' "
    "HAVING sum(value) <> (SELECT count(*) FROM calls)",
}


def judged(url: str, data: Path, calls: int) -> bool:
    """Print what is as it should be and what is not."""
    faults = {claim: query(url, statement) for claim, statement in _WRONG.items()}
    known = {str(row[0]) for row in query(url, "SELECT recording FROM calls")}
    kept_files = {path.name for path in (data / "recordings").glob("??/*")}
    faults["none lost"] = [(name,) for name in known ^ kept_files]
    if len(known) != calls:
        faults["none lost"].append((f"{len(known)} calls",))
    failures = query(url, "SELECT failures, count(*) FROM calls GROUP BY 1 ORDER BY 1")
    attempts = query(url, "SELECT attempt, count(*) FROM calls GROUP BY 1 ORDER BY 1")
    print(f"attempts: {attempts}; failures counted: {failures}")
    for claim, rows in faults.items():
        print(f"{claim}: {'yes' if not rows else f'NO: {rows[:5]}'}")
    return not any(faults.values())


def main() -> None:
    """Run, print, exit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=12.0, help="seconds between two kills, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which it has failed")
    parser.add_argument("--keep", type=Path, help="a folder to leave logs and data in")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="tingjian-chaos-"))
    folder.mkdir(exist_ok=True)
    raise SystemExit(0 if run(options, folder) else 1)


if __name__ == "__main__":
    main()
