"""What the `tingjian` command does with a server or a database.

Apart from app.cli, because FastAPI, SQLAlchemy and Alembic take seconds to import that inspecting a file or checking a
rule pack should not wait for.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer
from alembic.util import CommandError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from app import demo, jobs, report, serving
from app.database import Database
from app.embedded import EmbeddedError
from app.engine import prepare_model
from app.errors import AppError
from app.security import Role
from app.service import build_bench
from app.settings import Settings
from app.store import keys
from asr import AsrError
from rules import RuleError
from scoring import TemplateError

_err = Console(stderr=True)
_out = Console()

_EXPECTED = (AppError, AsrError, EmbeddedError, serving.ServingError, CommandError, RuleError, TemplateError)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a user can cause or mend is one clear line, not a traceback."""
    try:
        yield
    except OperationalError as error:
        _stop(f"无法使用数据库：{error.orig}", error)
    except _EXPECTED as error:
        _stop(str(error), error)


def _stop(message: str, cause: Exception) -> NoReturn:
    _err.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(1) from cause


@contextmanager
def _database(settings: Settings, *, upgraded: bool = True) -> Iterator[Database]:
    with _plain_errors(), serving.connected(settings) as settings:
        assert settings.database_url
        database = Database(settings.database_url)
        if upgraded:
            database.upgrade()
        yield database
        database.close()


def run_demo(settings: Settings, *, once: bool) -> bool:
    """See app.demo."""
    with _plain_errors():
        return demo.run_demo(settings, _out, once=once)


def serve(settings: Settings) -> None:
    """HTTP and workers until told to stop."""
    _log()
    with _plain_errors():
        with report.model_bar(_err) as progress:
            prepare_model(settings, progress)
        with serving.running(settings) as (_, address):
            _err.print(f"听鉴已启动：{address}/docs")
            serving.wait_until_stopped()


def work(settings: Settings, queues: Sequence[str], *, with_parent: bool) -> None:
    """One worker until told to stop; `with_parent`: also when the process that started it is gone."""
    if unknown := set(queues) - set(jobs.QUEUES):
        _err.print(f"没有队列 {', '.join(sorted(unknown))}；可选 {', '.join(jobs.QUEUES)}", style="red")
        raise typer.Exit(2)
    _log()
    if with_parent:
        os.nice(5)  # whoever waits for an HTTP answer goes first
        _end_with_parent()
    with _database(settings) as database:
        bench = build_bench(settings.model_copy(update={"database_url": database.url}))
        # Before the first call is taken: a worker that cannot hear must not fail one call after the other.
        if "transcribe" in queues:
            with report.model_bar(_err) as progress:
                prepare_model(settings, progress)
            bench.transcriber()
        asyncio.run(jobs.work(bench, queues))


def _end_with_parent() -> None:
    """Stop when the starting process is gone, however it went: its end of our standard input closes then."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read: its lock would still be held when Python shuts down
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)


def upgrade(settings: Settings, revision: str) -> None:
    """Bring the schema up to `revision`."""
    with _database(settings, upgraded=False) as database:
        database.upgrade(revision)


def downgrade(settings: Settings, revision: str) -> None:
    """Take the schema back to `revision`."""
    with _database(settings, upgraded=False) as database:
        database.downgrade(revision)


def check(settings: Settings) -> None:
    """Fail when tables and models differ."""
    with _database(settings, upgraded=False) as database:
        database.check()


def add_key(settings: Settings, name: str, role: Role) -> str:
    """Make a key; returns its secret."""
    with _database(settings) as database, database.transaction() as session:
        return keys.add(session, name, role)


def renew_key(settings: Settings, name: str) -> str:
    """Give a key a new secret; returns it."""
    with _database(settings) as database, database.transaction() as session:
        return keys.renew(session, name)


def list_keys(settings: Settings) -> None:
    """Print all keys as a table."""
    table = Table("名称", "角色", "开头", "创建", "最近使用", "状态")
    with _database(settings) as database, database.transaction() as session:
        for row in keys.everyone(session):
            used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "–"
            state = "已停用" if row.revoked_at else "有效"
            table.add_row(row.name, row.role, row.prefix, f"{row.created_at:%Y-%m-%d %H:%M}", used, state)
    _out.print(table)


def revoke_key(settings: Settings, name: str) -> None:
    """End a key."""
    with _database(settings) as database, database.transaction() as session:
        keys.revoke(session, name)
