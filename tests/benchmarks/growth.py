"""What a call costs the database: bytes kept and logged, transactions, work. The arithmetic of docs/growing.md.

    uv run python -m tests.benchmarks.growth [--calls 1000000] [--keep FOLDER] [--recordings 22]

First on a synthetic database (see `tests.benchmarks.queries`, which can share FOLDER): the size of every table and
index, and what it takes to add a transcript to an index that is already that large. Then real recordings go through a
real service with one worker: transactions and log of a whole call, less what the service does when idle, and the size
of what the synthetic calls lack.
"""

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from sqlalchemy import Connection, text

from app.database import Database
from app.embedded import embedded_postgres
from app.store import audit
from tests.benchmarks.ingest import Server, serving
from tests.benchmarks.queries import built

_SAMPLES = sorted(Path("samples").glob("*.wav"))
_IDLE = 20  #: seconds in which the service is watched doing nothing

_SIZES = text("""
    SELECT relname AS name, pg_table_size(oid) AS bytes FROM pg_class
    WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'procrastinate%'
    ORDER BY 2 DESC
""")
_COUNTERS = text("""
    SELECT xact_commit AS transactions, pg_current_wal_insert_lsn() - '0/0' AS log
    FROM pg_stat_database WHERE datname = current_database()
""")
_ADD = text("""
    INSERT INTO transcripts (engine, body, said, marks, call_id)
    SELECT engine, body, said, marks, call_id FROM transcripts WHERE id = :id
""")


def sizes(database: Database, least: int = 1) -> None:
    """Bytes a call of every table and index that has at least `least` of them."""
    with database.transaction() as session:
        calls = session.scalar(text("SELECT count(*) FROM calls")) or 1
        rows = session.execute(_SIZES).all()
        print(f"{'table or index':36}{'MB':>10}{'bytes a call':>14}")
        for name, size in [*rows, ("all of it", sum(row.bytes for row in rows))]:
            if size / calls >= least:
                print(f"{name:36}{size / 1e6:10.1f}{size / calls:14.0f}", flush=True)


def additions(database: Database, count: int = 1000) -> None:
    """The log and the work of adding a transcript, one transaction each, as workers do."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        newest = connection.scalar(text("SELECT max(id) FROM transcripts")) or 0
        backend = psutil.Process(connection.scalar(text("SELECT pg_backend_pid()")))
        for name in ("just after a checkpoint", "after that"):
            if name.startswith("just"):
                connection.execute(text("CHECKPOINT"))
            log, cpu, began = _log(connection), sum(backend.cpu_times()[:2]), time.perf_counter()
            for number in range(count):
                connection.execute(_ADD, {"id": newest - number})
            spent, took = sum(backend.cpu_times()[:2]) - cpu, time.perf_counter() - began
            logged = (_log(connection) - log) / count
            print(f"a transcript more, {name}: {logged / 1e3:.1f} kB of log, {1000 * spent / count:.1f} ms of CPU, "
                  f"{1000 * took / count:.1f} ms", flush=True)  # fmt: skip
        connection.execute(text("DELETE FROM transcripts WHERE id > :newest"), {"newest": newest})


def audited(database: Database, writers: int = 8, count: int = 100) -> None:
    """How many requests a second can be put on record: the audit log is one chain, so they queue for its end."""

    def record(number: int) -> None:
        for _ in range(count):
            with database.transaction() as session:
                audit.record(session, f"growth-{number}", "growth", address="127.0.0.1")

    began = time.perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(record, range(writers)))
    print(f"entries of the audit log: {writers * count / (time.perf_counter() - began):.0f} a second", flush=True)


def _log(connection: Connection) -> float:
    return float(connection.scalar(text("SELECT pg_current_wal_insert_lsn() - '0/0'")) or 0)


def whole_calls(recordings: int) -> None:
    """Real recordings through a service with one worker."""
    with tempfile.TemporaryDirectory(prefix="tingjian-growth-") as folder, embedded_postgres(Path(folder)) as url:
        database = Database(url)
        with serving(database_url=url) as server:
            _post(server, 1)
            _until_scored(database, 1)  # the model is loaded, the packs are read
            before = _counters(database)
            time.sleep(_IDLE)
            idle = [(now - then) / _IDLE for now, then in zip(_counters(database), before, strict=True)]
            before, began = _counters(database), time.monotonic()
            _post(server, recordings)
            looks = _until_scored(database, recordings + 1)
            grown = [now - then for now, then in zip(_counters(database), before, strict=True)]
            took = time.monotonic() - began
        transactions, log = ((more - rest * took) / recordings for more, rest in zip(grown, idle, strict=True))
        print(f"idle: {idle[0]:.1f} transactions and {idle[1] / 1e3:.1f} kB of log a second")
        print(
            f"from post to scorecard: {transactions - looks / recordings:.0f} transactions, {log / 1e3:.0f} kB of log"
        )
        sizes(database, 100)
        database.close()


def _counters(database: Database) -> tuple[float, float]:
    time.sleep(2)  # until every process has told its counts
    with database.transaction() as session:
        row = session.execute(_COUNTERS).one()
        return float(row.transactions), float(row.log)


def _post(server: Server, count: int) -> None:
    for number in range(count):
        status, _, answer = server.post(_SAMPLES[number % len(_SAMPLES)].read_bytes())
        if status != 202:
            raise RuntimeError(answer.decode())


def _until_scored(database: Database, count: int) -> int:
    """Wait until that many calls are finished; how often that was asked."""
    looks = finished = 0
    while finished < count:
        time.sleep(1)
        with database.transaction() as session:
            finished = session.scalar(text("SELECT count(*) FROM calls WHERE status IN ('scored', 'failed')")) or 0
        looks += 1
    return looks


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--recordings", type=int, default=2 * len(_SAMPLES))
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tingjian-growth-") as folder,
        built(options.keep or Path(folder), options.calls) as database,
    ):
        sizes(database)
        additions(database)
        audited(database)
    whole_calls(options.recordings)


if __name__ == "__main__":
    main()
