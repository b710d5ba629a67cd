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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import typer
from alembic.util import CommandError
from procrastinate.exceptions import ConnectorException
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import demo, logs, report, rescoring, serving, verifying, worker
from app.database import Database, DataLoss
from app.embedded import EmbeddedError
from app.engine import prepare_model
from app.errors import AppError
from app.masking import masked
from app.retention import delete_unused, forget_dials, purged, wanted
from app.schemas import faults_of
from app.security import Role
from app.service import Service, build_bench, build_service
from app.settings import Settings
from app.store import audit, keys, lists, retention, users
from asr import AsrError
from rules import RuleError
from scoring import TemplateError

_err = Console(stderr=True)
_out = Console()

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
def _connected_service(settings: Settings) -> Iterator[Service]:
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
            bench.recordings.sweep()
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


def add_key(settings: Settings, name: str, role: Role | None, user: str | None, days: int | None) -> str:
    """Make a key of an existing user, or of a new one of that role; returns its secret."""
    if bool(role) == bool(user):
        _err.print("请给出 --role（新的程序）或 --user（已有用户）之一", style="red")
        raise typer.Exit(2)
    with connected_database(settings) as database, database.transaction() as session:
        until = datetime.now(UTC) + timedelta(days=days) if days else None
        owner = users.named(session, user) if user else users.add(session, name, role or "dialer")
        secret = keys.add(session, name, owner, expires_at=until)
        record(session, "add_key", name=name, user=owner.name, role=owner.role)
        return secret


def renew_key(settings: Settings, name: str) -> str:
    """Give a key a new secret; returns it."""
    with connected_database(settings) as database, database.transaction() as session:
        secret = keys.renew(session, name)
        record(session, "renew_key", name=name)
        return secret


def list_keys(settings: Settings) -> None:
    """Print all keys as a table."""
    table = Table("名称", "用户", "角色", "开头", "创建", "最近使用", "到期", "状态")
    with connected_database(settings) as database, database.transaction() as session:
        for key, user in keys.everyone(session):
            moments = (_moment(moment) for moment in (key.created_at, key.last_used_at, key.expires_at))
            state = "已停用" if key.revoked_at or user.disabled_at else "有效"
            table.add_row(key.name, user.name, user.role, key.prefix, *moments, state)
    _out.print(table)


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else "–"


def revoke_key(settings: Settings, name: str) -> None:
    """End a key."""
    with connected_database(settings) as database, database.transaction() as session:
        keys.revoke(session, name)
        record(session, "revoke_key", name=name)


def add_user(settings: Settings, name: str, role: Role, team: str | None, agent_id: str | None) -> str:
    """Make a user; returns the first password."""
    with connected_database(settings) as database, database.transaction() as session:
        password = users.reset_password(session, users.add(session, name, role, team=team, agent_id=agent_id))
        record(session, "add_user", name=name, role=role, team=team, agent_id=agent_id)
        return password


def reset_password(settings: Settings, name: str) -> str:
    """Give a user a new password; returns it."""
    with connected_database(settings) as database, database.transaction() as session:
        password = users.reset_password(session, users.named(session, name))
        record(session, "reset_password", name=name)
        return password


def list_users(settings: Settings) -> None:
    """Print all users as a table."""
    table = Table("用户", "角色", "团队", "坐席工号", "创建", "最近登录", "状态")
    with connected_database(settings) as database, database.transaction() as session:
        for user in users.everyone(session):
            state = "已停用" if user.disabled_at else "有效"
            moments = (_moment(moment) for moment in (user.created_at, user.signed_in_at))
            table.add_row(user.name, user.role, user.team or "–", user.agent_id or "–", *moments, state)
    _out.print(table)


def revoke_user(settings: Settings, name: str) -> None:
    """Shut a user out."""
    with connected_database(settings) as database, database.transaction() as session:
        users.change(session, users.named(session, name), {"disabled": True})
        record(session, "revoke_user", name=name)


def purge(settings: Settings, debtor: str | None, *, dry_run: bool, sure: bool) -> None:
    """Delete what is due, after showing it."""
    with _connected_service(settings) as service:
        with service.database.transaction() as session:
            first = retention.due(session, what := wanted(settings, debtor), 20)
            due, held = retention.count_due(session, what), retention.held(session, what)
        _out.print(f"将删除 {due} 通，{held} 通依法保留", highlight=False)
        for call in first:
            _out.print(f"  {call.id}  {call.external_id or '–'}  {_moment(call.happened_at)}")
        if dry_run or not (sure or typer.confirm("删除后无法恢复，继续？")):
            return
        for _ in track(purged(service, _me(), what), "删除", due, console=_err):
            pass
        forget_dials(service, _me(), debtor)


def _me() -> str:
    # Whoever has the machine has the database: the account on it is all that can be known.
    return f"cli:{getpass.getuser()}"


def record(session: Session, action: str, **detail: object) -> None:
    """Put on record what somebody does by command; last in its transaction, so that others wait for no more than it."""
    audit.record(session, _me(), action, detail={name: masked(value) for name, value in detail.items() if value})


def verify_audit(settings: Settings, expected: str | None) -> bool:
    """Check the whole chain of the audit log and print its head; whether it is whole and holds `expected`."""
    with connected_database(settings) as database, database.transaction() as session:
        total, broken, found = 0, 0, expected in (None, audit.GENESIS)
        for entry, fine in audit.verify(session):
            total, broken, found = total + 1, broken + (not fine), found or entry.hash == expected
            if not fine:
                _err.print(f"第 {entry.id} 条与记录时不符，或其前有缺失", style="red")
        if not found:
            _err.print("链中没有给出的哈希：记录被截断或整体替换", style="red")
        _out.print(f"共 {total} 条，{broken} 条有问题；链尾 {audit.head(session)}", highlight=False, soft_wrap=True)
    return not broken and found


def rescore(settings: Settings, filters: Mapping[str, object], template: str | None, workers: int) -> bool:
    """Judge history again; whether every call could be judged."""
    try:
        query = lists.Query.model_validate({name: value for name, value in filters.items() if value is not None})
    except ValidationError as error:
        _err.print(faults_of(error), style="red")
        raise typer.Exit(2) from error
    with connected_database(settings) as database, Progress(console=_err) as bar:
        task = bar.add_task("重新评分")
        found = settings.model_copy(update={"database_url": database.url})
        with database.transaction() as session:
            record(session, "rescore", template=template, **query.model_dump(mode="json", exclude_defaults=True))
        outcome = rescoring.rescore(
            found, query, template, workers, lambda done, total: bar.update(task, completed=done, total=total)
        )
    for call_id, reason in outcome.failed.items():
        _err.print(f"通话 {call_id} 未能评分：{reason}", style="red", markup=False)
    _out.print(f"重新评分 {outcome.done} 通，失败 {len(outcome.failed)} 通", highlight=False)
    return not outcome.failed


def _delete_orphan(service: Service, recording: str) -> bool:
    gone = delete_unused(service, recording)
    if gone:
        with service.database.transaction() as session:
            # Not `record`: a digest may have digits enough to look like a card's number.
            audit.record(session, _me(), "delete_orphan", detail={"recording": recording})
    return gone


def verify(settings: Settings, *, delete_orphans: bool) -> bool:
    """Check every recording and every row, and print what is wrong; whether nothing is, orphans aside if deleted."""
    left = 0
    with _connected_service(settings) as service, Progress(console=_err) as bar:
        task = bar.add_task("核对录音")
        for fault in verifying.verify(service, lambda done, total: bar.update(task, completed=done, total=total)):
            gone = delete_orphans and fault.orphan and _delete_orphan(service, fault.orphan)
            left += not gone
            _out.print(f"{fault.where}：{fault.what}{'，已删除' if gone else ''}", highlight=False, soft_wrap=True)
    _out.print(f"{left} 处有问题" if left else "全部完好", highlight=False)
    return not left
