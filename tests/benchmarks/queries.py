"""How long lists, searches and statistics take on a million calls, and why where it is too long.

    uv run python -m tests.benchmarks.queries [--calls 1000000] [--keep FOLDER] [--explain NAME]

Builds its own PostgreSQL with its default settings in a temporary folder, or in FOLDER, which is used again by the next
run. Every query goes the way a request does: built, sent, read and made into rows. Page 1 000 is asked for by the
cursor that page 999 would have given. Prints p50, p95 and the most buffers that a query read, and the plan of each one
whose p95 is over the budget.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import event, make_url, text
from sqlalchemy.orm import Session

from app.database import Database
from app.embedded import embedded_postgres
from app.security import Principal
from app.store import lists, statistics
from app.store.statistics import Period
from tests.benchmarks.million import LAST_DAY, Million

BUDGET = 0.050
_ROUNDS = 25
_WHO = Principal(user_id=0, name="benchmark", role="supervisor")

_WEEK = {"from": LAST_DAY - timedelta(days=40), "to": LAST_DAY - timedelta(days=33)}
_DAY = {"from": LAST_DAY - timedelta(days=50), "to": LAST_DAY - timedelta(days=49)}

#: Name -> the parameters of GET /v1/calls. Agent 1 makes a fifth of all calls, agent 250 one in a thousand.
LISTS: dict[str, dict[str, Any]] = {
    "no filter": {},
    "status=scored": {"status": "scored"},
    "status=failed": {"status": "failed"},
    "status=queued": {"status": "queued"},
    "flagged=true": {"flagged": True},
    "flagged=false": {"flagged": False},
    "passed=true": {"passed": True},
    "passed=false": {"passed": False},
    "reviewed=true": {"reviewed": True},
    "reviewed=false, flagged=true": {"reviewed": False, "flagged": True},
    "category, common": {"category": "empathy"},
    "category, rare": {"category": "induce"},
    "category, one in a hundred": {"category": "identity_check"},
    "rule": {"rule": "threat.1"},
    "agent, busy": {"agent_id": "A0001"},
    "agent, seldom": {"agent_id": "A0250"},
    "team": {"team": "team-3"},
    "channel=visit": {"channel": "visit"},
    "a week": _WEEK,
    "score_lt=60": {"score_lt": 60},
    "score_gte=99": {"score_gte": 99},
    "sort=-received_at": {"sort": "-received_at"},
    "sort=score": {"sort": "score"},
    "sort=-score": {"sort": "-score"},
    "sort=score, score_lt=60": {"sort": "score", "score_lt": 60},
    "flagged, team, a week": {"flagged": True, "team": "team-3", **_WEEK},
    "flagged, team, a week, by score": {"flagged": True, "team": "team-3", "sort": "score", **_WEEK},
    "category, agent": {"category": "identity_check", "agent_id": "A0017"},
    "rare category, agent, a day": {"category": "induce", "agent_id": "A0001", **_DAY},
    "category, team, a day": {"category": "closing", "team": "team-3", **_DAY},
    "score_lt, team, a week": {"score_lt": 80, "team": "team-5", **_WEEK},
    "agent, by score": {"agent_id": "A0017", "sort": "score"},
    "q, in most calls": {"q": "逾期"},
    "q, one in ten": {"q": "依法起诉"},
    "q, one in a hundred": {"q": "坐牢"},
    "q, four in a thousand": {"q": "外访人员"},
    "q, one in a thousand": {"q": "信访部门"},
    "q, two in ten thousand": {"q": "跳楼"},
    "q, ten in a million": {"q": "貔貅"},
    "q, nowhere": {"q": "龘龘"},
    "q, one character": {"q": "貔"},
    "q, flagged": {"q": "坐牢", "flagged": True},
    "q rare, flagged": {"q": "跳楼", "flagged": True},
    "q, agent": {"q": "外访人员", "agent_id": "A0017"},
    "q, team, a week": {"q": "坐牢", "team": "team-3", **_WEEK},
    "q, by score": {"q": "坐牢", "sort": "score"},
    "two words": {"q": "坐牢 起诉"},
}

_MONTH = Period((LAST_DAY - timedelta(days=31)).date(), (LAST_DAY - timedelta(days=2)).date())
_QUARTER = Period((LAST_DAY - timedelta(days=90)).date(), (LAST_DAY - timedelta(days=2)).date())

#: What a dashboard asks. The first question of all counts the days that are over; it is not among the timed rounds.
STATISTICS: dict[str, Callable[[Session], object]] = {
    "by day, a month": lambda session: statistics.by(session, "day", _MONTH, each_day=True),
    "by agent, a month": lambda session: statistics.by(session, "agent", _MONTH),
    "by category, a month": lambda session: statistics.by(session, "category", _MONTH),
    "by category, a quarter": lambda session: statistics.by(session, "category", _QUARTER),
    "by stage, a quarter": lambda session: statistics.by(session, "stage", _QUARTER),
    "by agent and day, a month": lambda session: statistics.by(session, "agent", _MONTH, each_day=True),
    "heat map, a quarter": lambda session: statistics.heat(session, _QUARTER),
}


@dataclass(frozen=True, slots=True)
class Timing:
    name: str
    seconds: list[float]
    buffers: int

    @property
    def p50(self) -> float:
        return float(np.percentile(self.seconds, 50))

    @property
    def p95(self) -> float:
        return float(np.percentile(self.seconds, 95))


@contextmanager
def built(folder: Path, calls: int) -> Iterator[Database]:
    """A database of that many calls in `folder`, made if it is not there."""
    with embedded_postgres(folder) as url:
        name = f"calls_{calls}"
        admin = Database(url)
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            known = plain.scalar(text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": name})
            if not known:
                plain.execute(text(f"CREATE DATABASE {name}"))
        admin.close()
        database = Database(make_url(url).set(database=name).render_as_string(hide_password=False))
        if not known:
            print(f"building {calls} calls in {folder} …", flush=True)
            database.upgrade()
            Million(calls).write(database)
        yield database
        database.close()


def measure(database: Database, name: str, ask: Callable[[Session], object], rounds: int = _ROUNDS) -> Timing:
    """Ask again and again, each time in a transaction of its own, after one round that warms the caches."""
    seconds = []
    for _ in range(rounds + 1):
        with database.transaction() as session:
            began = time.perf_counter()
            ask(session)
            seconds.append(time.perf_counter() - began)
    return Timing(name, seconds[1:], _buffers(database, ask))


def plans(database: Database, ask: Callable[[Session], object]) -> list[str]:
    """The plan of every statement that `ask` sends."""
    sent: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        sent.append((statement, parameters))

    with database.transaction() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        try:
            ask(session)
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
        cursor = session.connection().connection.cursor()
        found = []
        for statement, parameters in sent:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + statement, parameters)
                found.append("\n".join(row[0] for row in cursor.fetchall()))
    return found


def _buffers(database: Database, ask: Callable[[Session], object]) -> int:
    """8 KiB pages that the statements touched, in the caches or not."""
    top = [plan.partition("Buffers: shared")[2].partition("\n")[0] for plan in plans(database, ask)]
    counts = (part.split("=") for line in top for part in line.split() if part.startswith(("hit=", "read=")))
    return sum(int(count) for _, count in counts)


def page(parameters: dict[str, Any], cursor: str | None = None) -> Callable[[Session], object]:
    """Ask for one page, with its hits if it is a search."""
    query = lists.Query.model_validate(parameters | ({"cursor": cursor} if cursor else {}))

    def ask(session: Session) -> object:
        found, more = lists.page(session, query, _WHO)
        return lists.hits(session, query, found), more

    return ask


def cursor_of_page(database: Database, parameters: dict[str, Any], number: int) -> str | None:
    """What page `number` - 1 would have given, None if there is no such page."""
    query = lists.Query.model_validate(parameters)
    with database.transaction() as session:
        return lists.nth(session, query, _WHO, (number - 1) * query.limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--explain", help="print the plan of the queries whose name contains this")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tingjian-queries-") as folder,
        built(options.keep or Path(folder), options.calls) as database,
    ):
        run(database, options.explain)


def run(database: Database, explain: str | None) -> None:
    print(f"{'':34}{'first page':>24}{'page 1000':>24}")
    print(f"{'':34}{'p50':>8}{'p95':>8}{'pages':>8}{'p50':>8}{'p95':>8}{'pages':>8}  (ms)")
    for name, parameters in LISTS.items():
        if explain and explain not in name:
            continue
        asks = [page(parameters)]
        if "q" not in parameters and (cursor := cursor_of_page(database, parameters, 1000)):
            asks.append(page(parameters, cursor))
        timings = [measure(database, name, ask) for ask in asks]
        cells = "".join(f"{t.p50 * 1000:8.1f}{t.p95 * 1000:8.1f}{t.buffers:8}" for t in timings)
        print(f"{name:34}{cells}{'' if all(t.p95 < BUDGET for t in timings) else '  OVER'}", flush=True)
        for ask, timing in zip(asks, timings, strict=True):
            if explain or timing.p95 >= BUDGET:
                print("\n".join(plans(database, ask)), flush=True)
    for name, question in STATISTICS.items():
        if not explain or explain in name:
            timing = measure(database, name, question)
            over = "" if timing.p95 < BUDGET else "  OVER"
            print(f"{name:34}{timing.p50 * 1000:8.1f}{timing.p95 * 1000:8.1f}{timing.buffers:8}{over}", flush=True)


if __name__ == "__main__":
    main()
