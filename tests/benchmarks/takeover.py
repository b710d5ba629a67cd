"""Two machines share the load; one is killed for good: how soon does the other have its call?

    python -m tests.benchmarks.takeover [--calls 12] [--within 90]

Two real `tingjian worker` processes with their usual settings, each in a network namespace of its own (`unshare -n`,
root or user namespaces needed) with nothing in it, so that they share no more than machines do: the database, reached
by its socket file, and the folder of recordings. When both have a call in hand, one is killed with -9 and stays dead.
Exit status 1 when its call is not in the other's hands in time, or any call is lost or scored twice.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from app.embedded import embedded_postgres
from app.intake import take_recording
from app.schemas import CallFacts
from app.settings import Settings
from tests.benchmarks.chaos import query, recordings
from tests.benchmarks.posting import posting

_APART = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]

#: Worker, call and attempt of each step in hand.
_IN_HAND = """
    SELECT worker_id, (args->>'call_id')::bigint, (args->>'attempt')::bigint FROM procrastinate_jobs
    WHERE status = 'doing' AND task_name IN ('transcribe', 'judge')
"""


def fill(settings: Settings, calls: int) -> None:
    """Put real calls on the queue, as a dialer's posts do."""
    with posting(settings) as (service, who):
        for name, sound in recordings(calls):
            with service.recordings.landing() as land:
                landing = land(f"{name}.wav")
                landing.write(sound)
                take_recording(service, who, landing.arrival(), CallFacts(external_id=name))


@contextmanager
def machine(settings: Settings, log: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that nobody starts again."""
    told = {"TINGJIAN_DATABASE_URL": settings.database_url or "", "TINGJIAN_DATA": str(settings.data)}
    command = [*_APART, sys.executable, "-P", "-m", "app.cli", "worker"]
    worker = subprocess.Popen(command, env=os.environ | told, stdout=log, stderr=log)
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait()


def hands(url: str, seen: dict[Any, set[Any]]) -> dict[Any, tuple[Any, Any]]:
    """What each worker has in hand; `seen` is told the calls of each."""
    found = {worker: (call, attempt) for worker, call, attempt in query(url, _IN_HAND)}
    for worker, (call, _) in found.items():
        seen.setdefault(worker, set()).add(call)
    return found


def run(settings: Settings, within: float, log: IO[bytes]) -> bool:
    """The whole trial."""
    url, seen = settings.database_url or "", dict[Any, set[Any]]()
    with machine(settings, log) as victim:
        while not hands(url, seen):
            time.sleep(0.1)
        (owner,) = seen
        with machine(settings, log):
            while len(hands(url, seen)) < 2:
                time.sleep(0.1)
            call, attempt = caught(victim, owner, url, seen)
            victim.kill()
            print(f"both at work; worker {owner} killed with call {call} in hand", flush=True)
            taken, finished = followed(url, seen, owner, (call, attempt), 20 * within)
    print(f"its call was in the other's hands after {taken:.0f} s; all calls were finished after {finished:.0f} s")
    print(f"calls by worker: { {worker: len(calls) for worker, calls in seen.items()} }")
    wrong = query(url, "SELECT id, status, error FROM calls WHERE status <> 'scored'")
    twice = query(url, "SELECT call_id FROM scorecards GROUP BY 1 HAVING count(*) <> 1")
    print(f"not scored: {wrong}; scored twice: {twice}")
    return taken <= within and len(seen) == 2 and not wrong and not twice


def caught(victim: "subprocess.Popen[bytes]", owner: Any, url: str, seen: dict[Any, set[Any]]) -> tuple[Any, Any]:
    """The call and attempt that the victim, stopped for good, has in hand."""
    while True:
        victim.send_signal(signal.SIGSTOP)
        if held := hands(url, seen).get(owner):
            return held
        victim.send_signal(signal.SIGCONT)
        time.sleep(0.05)


def followed(
    url: str, seen: dict[Any, set[Any]], owner: Any, lost: tuple[Any, Any], limit: float
) -> tuple[float, float]:
    """Seconds until the lost call is in hand again, and until every call is finished; infinite if they never are."""
    began, taken = time.monotonic(), float("inf")
    while query(url, "SELECT 1 FROM calls WHERE status NOT IN ('scored', 'failed') LIMIT 1"):
        now = [what for worker, what in hands(url, seen).items() if worker != owner]
        if any(call == lost[0] and attempt > lost[1] for call, attempt in now):
            taken = min(taken, time.monotonic() - began)
        if time.monotonic() - began > limit:
            return taken, float("inf")
        time.sleep(0.1)
    return taken, time.monotonic() - began


def main() -> None:
    """Run, print, exit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=12)
    parser.add_argument("--within", type=float, default=90.0, help="seconds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tingjian-takeover-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with embedded_postgres(folder / "database") as url:
            settings = Settings(data=folder / "data", database_url=url)
            fill(settings, given.calls)
            with (folder / "log").open("wb") as log:
                sys.exit(0 if run(settings, given.within, log) else 1)


if __name__ == "__main__":
    main()
