"""How long lists, searches and statistics take on a million calls, and why where it is too long.

    uv run python -m tests.benchmarks.queries [--calls 1000000] [--keep FOLDER] [--explain NAME]

Builds its own PostgreSQL with its default settings in a temporary folder, or in FOLDER, which is used again by the next
run. Every query goes the way a request does: built, sent, read and made into rows. Page 1 000 is asked for by the
cursor that page 999 would have given. Prints p50, p95, CPU time and how many pages of 8 KiB were looked at, and the
plan of each one whose p95 is over the budget. On a machine that does other things too, CPU time is what to compare.

Measured on a million calls, on 2 cores with a load of 8 to 10 from others, so CPU time only: a first page takes 3 to 48
ms of every list and search, for everybody in REACH too, but for one below. Before words were looked up as an array, a
word said in ten calls of the million took more than 100 s: PostgreSQL took it for one said in one of two hundred, and
walked through all calls to find it.

Over the budget, and why:

- `agent, busy: score_lt=60` (70 ms): of the 200 000 calls of one agent those below 60 are few, and the index on agents
  holds no score, so they are sifted until there are enough (96 645 pages).
- `agent, busy: category, common` (54 ms): the calls of both indexes are put together before they are sorted.
- `an hour of a weekday` (53 ms): asked on a Sunday, the last Wednesday's calls lie 45 000 back, and all between are
  walked through (`Index Scan Backward using calls_newest`, 52 994 pages). An index on the weekday is not taken: the
  walk is in the order of the table, and nothing tells PostgreSQL how far it goes. With a period it is a day's calls.
- A word said in one call of a hundred, by score (`q=样要坐牢`), or asked for by an inspector who sees one call of 140:
  90 ms each. Not among the questions, whose `one in a hundred` the samples say in one of 15. Too rare to be found by
  reading the next 2 000 calls; the index names 10 000 in no order, and each is fetched for its number, which is 50 ms
  of it (`Bitmap Heap Scan on transcripts`, 9 949 pages).
- `home` (30 ms, of an inspector 60, of a team or a busy agent 130 to 150): what waits is counted up to a thousand,
  among 20 000 rows read.
- `by …` (30 to 120 ms; the heat map 160; 250 by agent and day, 8 700 rows, 150 of it PostgreSQL's): days that are over
  are read from `day_totals`; today and yesterday are counted when asked (`Index Scan using calls_newest`, 11 111 rows).

What was over it before: `q, by score` took 430 ms, each call that the index names being fetched to be sorted; 45 since
2 000 calls are read where the nearest 400 let expect enough. Stages that no debt is in took 1 s, all calls being sifted
(1 002 751 pages); 3 to 5 ms by an index on the stage. That nobody told is a value in it: `IS NULL` is no equality to
PostgreSQL, which would not know that the index holds such calls in the order of the list.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
import psycopg
from sqlalchemy import event, make_url, text
from sqlalchemy.orm import Session

from app.database import Database
from app.embedded import embedded_postgres
from app.security import Principal
from app.store import lists
from tests.benchmarks.million import Million
from tests.benchmarks.questions import ASKED, CHORES, DASHBOARDS

BUDGET = 0.050
_ROUNDS = 25


@dataclass(frozen=True, slots=True)
class Timing:
    name: str
    seconds: list[float]
    cpu: float  #: seconds a round, of this process and of the one that PostgreSQL answers with
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
        database.upgrade()
        if not known:
            print(f"building {calls} calls in {folder} …", flush=True)
            Million(calls).write(database)
        yield database
        database.close()


def measure(database: Database, name: str, ask: Callable[[Session], object], rounds: int = _ROUNDS) -> Timing:
    """Ask again and again, each time in a transaction of its own, after one round that warms the caches."""
    seconds, cpu = [], 0.0
    for number in range(rounds + 1):
        with database.transaction() as session:
            connection = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
            both = psutil.Process(), psutil.Process(connection.info.backend_pid)
            if number == 1:
                cpu = -_cpu(*both)
            began = time.perf_counter()
            ask(session)
            seconds.append(time.perf_counter() - began)
    return Timing(name, seconds[1:], (cpu + _cpu(*both)) / rounds, _buffers(database, ask))


def _cpu(*processes: psutil.Process) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


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
    top = (re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", plan) for plan in plans(database, ask))
    return sum(int(count or 0) for found in top if found for count in found.groups())


def page(who: Principal, parameters: Mapping[str, Any], cursor: str | None = None) -> Callable[[Session], object]:
    """Ask for one page, with its hits if it is a search."""
    query = lists.Query.model_validate({**parameters, "cursor": cursor})

    def ask(session: Session) -> object:
        found, more = lists.page(session, query, who)
        return lists.hits(session, query, found), more

    return ask


def cursor_of_page(database: Database, who: Principal, parameters: Mapping[str, Any], number: int) -> str | None:
    """What page `number` - 1 would have given, None if there is no such page."""
    query = lists.Query.model_validate(parameters)
    with database.transaction() as session:
        row = session.execute(lists.statement(query, who).offset((number - 1) * query.limit - 1).limit(1)).first()
        return lists._encode(row, query.sort) if row else None


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
    print(f"{'':40}{'first page':>30}{'page 1000':>30}")
    print(f"{'':40}{'p50':>7}{'p95':>7}{'CPU':>7}{'pages':>9}{'p50':>7}{'p95':>7}{'CPU':>7}{'pages':>9}  (ms)")
    for name, who, parameters in ASKED:
        if explain and explain not in name:
            continue
        asks = [page(who, parameters)]
        if "q" not in parameters and (cursor := cursor_of_page(database, who, parameters, 1000)):
            asks.append(page(who, parameters, cursor))
        _row(database, name, asks, BUDGET, explain)
    for questions, budget in ((DASHBOARDS, BUDGET), (CHORES, None)):
        for name, question in questions.items():
            if not explain or explain in name:
                _row(database, name, [question], budget, explain)


def _row(
    database: Database,
    name: str,
    asks: Sequence[Callable[[Session], object]],
    budget: float | None,
    explain: str | None,
) -> None:
    timings = [measure(database, name, ask) for ask in asks]
    cells = "".join(f"{t.p50 * 1000:7.1f}{t.p95 * 1000:7.1f}{t.cpu * 1000:7.1f}{t.buffers:9}" for t in timings)
    over = [budget is not None and timing.p95 >= budget for timing in timings]
    print(f"{name:40}{cells}{'  OVER' if any(over) else ''}", flush=True)
    for ask, is_over in zip(asks, over, strict=True):
        if explain or is_over:
            print("\n".join(plans(database, ask)), flush=True)


if __name__ == "__main__":
    main()
