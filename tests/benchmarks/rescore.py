"""How many calls a second `tingjian rescore` judges again, by one process and by several.

    python -m tests.benchmarks.rescore [--calls 3000] [--workers 1 2]

The samples' own conversations, again and again in a fresh database, each judged once by a template that nobody has any
more. Every round judges all of them. Beside wall time stands what it took in CPU: of the processes that judge, and of
PostgreSQL; on a busy machine only these compare. Exit status 1 when a core judges fewer calls a second than the budget.

Measured on 2026-11-23 on two shared cores, 1100 calls, taking turns: 16.0 and 17.2 ms of CPU a call before batches were
read in one pass and rules stopped at what settles them, 11.8 and 10.0 after; two thirds of it is judging. Later that
day, on a quiet machine, 1500 calls: 8.2 ms, 123 calls a second of one core.
"""

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil
from sqlalchemy import text

from app.database import Database
from app.embedded import embedded_postgres
from app.intake import take_text
from app.rescoring import rescore
from app.schemas import TextIn
from app.settings import Settings
from app.store import lists
from tests.benchmarks.posting import posting

_BUDGET = 200  #: calls a second and core

#: As if all had been judged by what nobody has any more.
_LONG_AGO = """
    INSERT INTO templates (digest, body) VALUES ('old', '{}') ON CONFLICT DO NOTHING;
    TRUNCATE scorecards;
    UPDATE calls SET status = 'scored';
    INSERT INTO scorecards (call_id, transcript_id, template, version, packs, template_digest, body, promises, findings)
    SELECT call_id, id, 'collection-standard', 0, '{}', 'old', '{}', '[]', '[]' FROM transcripts;
"""


def fill(settings: Settings, calls: int) -> int:
    """Post conversations; how many characters they have on average."""
    given = [json.loads(path.read_text("utf-8")) for path in sorted(Path("samples").glob("*.transcript.json"))]
    texts = [TextIn.model_validate(one) for one in given]
    with posting(settings) as (service, who):
        for one in itertools.islice(itertools.cycle(texts), calls):
            facts = one.call.model_copy(update={"external_id": None})
            take_text(service, who, one.model_copy(update={"call": facts}))
    return sum(len(said.text) for one in texts for said in one.utterances) // len(texts)


def seconds(postmaster: psutil.Process) -> tuple[float, float]:
    """CPU seconds so far of this process with its children, and of PostgreSQL with all that ever served."""
    alive = sum(_cpu(child) for child in postmaster.children())
    return sum(os.times()[:4]), _cpu(postmaster) + alive


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system + used.children_user + used.children_system)


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tingjian-rescore-", ignore_cleanup_errors=True) as name,
        embedded_postgres(Path(name)) as url,
    ):
        settings = Settings(data=Path(name), database_url=url)
        print(f"{given.calls} calls of {fill(settings, given.calls)} characters on average", flush=True)
        rounds = [judged_again(settings, given.calls, workers) for workers in given.workers]
    sys.exit(0 if all(rounds) else 1)


def judged_again(settings: Settings, calls: int, workers: int) -> bool:
    """One round; whether a core was fast enough."""
    database = Database(settings.database_url or "")
    with database.engine.begin() as connection:
        connection.execute(text(_LONG_AGO))
    database.close()
    postmaster = psutil.Process(int((settings.data / "postgres" / "postmaster.pid").read_text().split()[0]))
    (judging, serving), began = seconds(postmaster), time.monotonic()
    outcome = rescore(settings, lists.Query(), None, workers, lambda *_: None)
    wall = time.monotonic() - began
    judging, serving = (after - before for after, before in zip(seconds(postmaster), (judging, serving), strict=True))
    per_core = calls / judging
    print(
        f"{workers} process(es): {calls / wall:6.0f} calls/s; of one core {per_core:5.0f} calls/s, "
        f"{1000 * judging / calls:.1f} ms each, and {1000 * serving / calls:.1f} ms of PostgreSQL's"
    )
    if outcome.done != calls:
        print(f"done: {outcome.done}, failed: {list(outcome.failed.items())[:3]}")
    return outcome.done == calls and per_core >= _BUDGET


if __name__ == "__main__":
    main()
