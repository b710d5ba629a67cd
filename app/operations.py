"""What the `tingjian` command does with a server or a database.

Apart from app.cli, because FastAPI, SQLAlchemy and Alembic take seconds to import that inspecting a file or checking a
rule pack should not wait for.
"""

import asyncio
import getpass
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer
from alembic.util import CommandError
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import demo, logs, report, serving, worker
from app.database import Database, DataLoss
from app.embedded import EmbeddedError
from app.engine import prepare_model
from app.errors import AppError
from app.masking import masked
from app.service import Service, build_bench, build_service
from app.settings import Settings
from app.store import audit, users
from app.terminal import output
from asr import AsrError
from rules import RuleError
from scoring import TemplateError

_err = output(stderr=True)
_out = output()

_EXPECTED = (
    AppError, AsrError, CommandError, DataLoss, EmbeddedError, RuleError, serving.ServingError, TemplateError,
)  # fmt: skip


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a user can cause or mend is one clear line, not a traceback."""
    try:
        yield
    except OperationalError as error:
        _stop(f"无法使用数据库：{error.orig}", error)
    except ConnectorException as error:  # of a worker; whoever started it starts it again
        _stop(f"无法使用数据库：{error.__cause__ or error}", error)
    except _EXPECTED as error:
        _stop(str(error), error)


def _stop(message: str, cause: Exception) -> NoReturn:
    _err.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(1) from cause


@contextmanager
def connected_database(settings: Settings, *, upgraded: bool = True) -> Iterator[Database]:
    """The database of these settings, at the newest schema if `upgraded`; faults end the command with their reason."""
    with _plain_errors(), serving.connected(settings) as settings:
        assert settings.database_url
        database = Database(settings.database_url)
        if upgraded:
            database.upgrade()
        try:
            yield database
        finally:
            database.close()


@contextmanager
def connected_service(settings: Settings) -> Iterator[Service]:
    """The parts of the service on the database of these settings."""
    with connected_database(settings) as database:
        service = build_service(settings.model_copy(update={"database_url": database.url}))
        try:
            yield service
        finally:
            service.database.close()


def run_demo(settings: Settings, *, once: bool) -> bool:
    """See app.demo."""
    settings = settings.model_copy(update={"log_level": "warning"})  # what it shows, it shows itself
    logs.configure(level=settings.log_level)
    with _plain_errors():
        return demo.run_demo(settings, _out, once=once)


def serve(settings: Settings) -> None:
    """HTTP and workers until told to stop."""
    logs.configure(level=settings.log_level)
    with _plain_errors():
        with report.model_bar(_err) as progress:
            prepare_model(settings, progress)
        with serving.running(settings) as (service, address):
            with service.database.transaction() as session:
                password = users.first_admin(session)
            if password:
                _err.print(f"首次启动：管理员 admin 的密码是 {password} ，只显示这一次", highlight=False)
            _err.print(f"听鉴已启动：{address}/")
            serving.wait_until_stopped()


def work(settings: Settings, queues: Sequence[str], *, with_parent: bool) -> None:
    """One worker until told to stop; `with_parent`: also when the process that started it is gone."""
    if unknown := set(queues) - set(worker.QUEUES):
        _err.print(f"没有队列 {', '.join(sorted(unknown))}；可选 {', '.join(worker.QUEUES)}", style="red")
        raise typer.Exit(2)
    logs.configure(level=settings.log_level)
    if with_parent:
        os.nice(5)  # whoever waits for an HTTP answer goes first
        _end_with_parent()
    with connected_database(settings) as database:
        bench = build_bench(settings.model_copy(update={"database_url": database.url}))
        if not with_parent:  # otherwise that has done it
            bench.recordings.workspaces.sweep()
        # Before the first call is taken: a worker that cannot hear must not fail one call after the other.
        if "transcribe" in queues:
            with report.model_bar(_err) as progress:
                prepare_model(settings, progress)
            bench.transcriber()
        asyncio.run(worker.work(bench, queues, settings.patience))


def _end_with_parent() -> None:
    """Stop when the starting process is gone, however it went: its end of our standard input closes then."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read: its lock would still be held when Python shuts down
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def upgrade(settings: Settings, revision: str) -> None:
    """Bring the schema up to `revision`."""
    with connected_database(settings, upgraded=False) as database:
        database.upgrade(revision)


def downgrade(settings: Settings, revision: str, *, losing: bool) -> None:
    """Take the schema back to `revision`; what it has no place for is deleted only when `losing`."""
    with connected_database(settings, upgraded=False) as database:
        database.downgrade(revision, losing=losing)


def check(settings: Settings) -> None:
    """Fail when tables and models differ."""
    with connected_database(settings, upgraded=False) as database:
        database.check()


def me() -> str:
    """Whoever gives the command, as the audit log names them."""
    # Whoever has the machine has the database: the account on it is all that can be known.
    return f"cli:{getpass.getuser()}"


def record(session: Session, action: str, **detail: object) -> None:
    """Put on record what somebody does by command; last in its transaction, so that others wait for no more than it."""
    audit.record(session, me(), action, detail={name: masked(value) for name, value in detail.items() if value})
