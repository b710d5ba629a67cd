"""How long pages take through HTTP on many calls: the first page, the numbers, the list and every change of its filter.

    uv run python -m tests.benchmarks.pages [--calls 100000] [--keep FOLDER]

Starts `tingjian serve` without workers on a synthetic database (see `tests.benchmarks.queries`, which can share FOLDER)
and asks as a browser does, packed answers and all, on a new connection each time. Beside the time of the answer stands
the CPU time that server process took for it: on a machine that does other things too, that is what to compare. Exit
status 1 when a change of the filter misses its budget.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from app.database import Database
from app.store import keys, users
from tests.benchmarks.ingest import Server, serving
from tests.benchmarks.million import LAST_DAY
from tests.benchmarks.queries import built

_BUDGET = 0.100  #: p95 of a change of the filter, in seconds
_ROUNDS = 30

_WEEK_AGO = (LAST_DAY - timedelta(days=7)).date().isoformat()

#: What somebody changes in the list's filter.
_FILTERS: tuple[Mapping[str, str], ...] = (
    {},
    {"flagged": "true"},
    {"flagged": "true", "reviewed": "false"},
    {"passed": "false"},
    {"category": "empathy"},
    {"category": "induce"},
    {"agent_id": "A0001"},
    {"team": "team-3"},
    {"channel": "visit"},
    {"status": "failed"},
    {"score_lt": "60"},
    {"from": _WEEK_AGO},
    {"from": _WEEK_AGO, "team": "team-3", "category": "closing"},
    {"sort": "score"},
    {"q": "逾期"},
    {"q": "坐牢"},
    {"q": "貔貅"},
    {"q": "龘龘"},
)
_BROWSER = {"Accept-Encoding": "gzip"}


@contextmanager
def _served(database: Database) -> Iterator[Server]:
    """A supervisor's service on the database."""
    with serving(database_url=database.url, workers=0) as server:
        with database.transaction() as session:
            who = users.add(session, f"pages-{time.time_ns()}", "supervisor")
            secret = keys.add(session, who.name, who)
        yield replace(server, key=secret)


def _measure(server: Server, name: str, path: str, **headers: str) -> float:
    """Ask again and again, print, return p95 in seconds."""
    seconds, size = [], 0
    server.ask("GET", path, **_BROWSER, **headers)
    before = server.process.cpu_times()
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        status, _, content = server.ask("GET", path, **_BROWSER, **headers)
        seconds.append(time.perf_counter() - began)
        size = len(content)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {content.decode()}")
    after = server.process.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / _ROUNDS
    half, most = (float(np.percentile(seconds, share)) for share in (50, 95))
    print(f"{name:44}{half * 1000:8.0f}{most * 1000:8.0f}{cpu * 1000:8.1f}{size / 1024:8.1f}", flush=True)
    return most


def run(database: Database) -> bool:
    """Print every page; whether changing the filter keeps to its budget."""
    pages = {"home": "/", "statistics, a month": "/statistics", "list": "/calls"}
    with _served(database) as server:
        print(f"{'':44}{'p50':>8}{'p95':>8}{'CPU ms':>8}{'KiB':>8}")
        for name, path in pages.items():
            _measure(server, name, path)
        slow = [
            _measure(
                server, f"filter: {urlencode(given) or 'none'}", f"/calls?{urlencode(given)}", **{"HX-Target": "list"}
            )
            for given in _FILTERS
        ]
    return max(slow) < _BUDGET


def main() -> None:
    """Run, print, exit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tingjian-pages-") as folder,
        built(options.keep or Path(folder), options.calls) as database,
    ):
        sys.exit(0 if run(database) else 1)


if __name__ == "__main__":
    main()
