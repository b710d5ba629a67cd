"""The `tingjian` command."""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from alembic.util import CommandError
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

import rules
from app import inspection, jobs, report, serving
from app.database import Database
from app.demo import run_demo
from app.embedded import EmbeddedError
from app.errors import AppError
from app.pipeline import Inspection, to_json
from app.schemas import CallFacts
from app.security import Role
from app.service import build_bench, build_judge, load_transcriber, prepare_model
from app.settings import Settings
from app.store import keys
from asr import AsrError, Transcriber

app = typer.Typer(help="听鉴：催收通话智能质检", no_args_is_help=True, pretty_exceptions_enable=False)
db = typer.Typer(help="数据库结构", no_args_is_help=True)
key = typer.Typer(help="API 密钥", no_args_is_help=True)
rules_commands = typer.Typer(help="规则包", no_args_is_help=True)
for name, commands in (("db", db), ("key", key), ("rules", rules_commands)):
    app.add_typer(commands, name=name)

_err = Console(stderr=True)
_out = Console()


def _stop(message: object, code: int = 1) -> NoReturn:
    _err.print(str(message), style="red", markup=False, highlight=False)
    raise typer.Exit(code)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a user can cause or mend is one clear line, not a traceback."""
    try:
        yield
    except (AppError, AsrError, EmbeddedError, serving.ServingError, CommandError) as error:
        _stop(error)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        faults = (f"TINGJIAN_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        _stop("\n".join(faults), code=2)


@contextmanager
def _database() -> Iterator[Database]:
    with _plain_errors(), serving.connected(_settings()) as settings:
        assert settings.database_url
        database = Database(settings.database_url)
        yield database
        database.close()


@app.command()
def demo(once: Annotated[bool, typer.Option(help="打印结果后退出")] = False) -> None:
    """启动全部组件，像拨号系统一样提交示例录音，打印质检结果，然后继续提供服务。"""
    with _plain_errors():
        scored = run_demo(_settings(), _out, once=once)
    raise typer.Exit(0 if scored else 1)


@app.command()
def serve() -> None:
    """启动 HTTP 服务与转写进程；未设置 TINGJIAN_DATABASE_URL 时使用内置 PostgreSQL。"""
    _log()
    settings = _settings()
    with _plain_errors(), report.model_bar(_err) as progress:
        prepare_model(settings, progress)
    with _plain_errors(), serving.running(settings) as (_, address):
        _err.print(f"听鉴已启动：{address}/docs")
        serving.wait_until_stopped()


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="逗号分隔：transcribe,judge")] = ",".join(jobs.QUEUES),
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """处理排队的通话，一次一通；用多个进程扩容。"""
    chosen = queues.split(",")
    if unknown := set(chosen) - set(jobs.QUEUES):
        _stop(f"没有队列 {', '.join(sorted(unknown))}；可选 {', '.join(jobs.QUEUES)}", code=2)
    _log()
    if with_parent:
        os.nice(5)  # whoever waits for an HTTP answer goes first
        _end_with_parent()
    with _plain_errors(), serving.connected(_settings()) as settings:
        asyncio.run(jobs.work(build_bench(settings), chosen))


def _end_with_parent() -> None:
    """Stop when the starting process is gone, however it went: its end of our standard input closes then."""

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read: its lock would still be held when Python shuts down
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)


@app.command()
def inspect(
    files: Annotated[list[Path], typer.Argument(help="录音，或 .json 文本", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="每个输入一行 JSON")] = False,
    agent_channel: Annotated[Literal["left", "right"], typer.Option(help="坐席所在声道")] = "left",
    template: Annotated[str | None, typer.Option(help="评分模板")] = None,
    facts: Annotated[Path | None, typer.Option(help="通话信息 JSON 文件")] = None,
) -> None:
    """不需要服务与数据库：检查录音或文本，输出评分卡。"""
    settings = _settings()
    try:
        known = inspection.read_facts(facts) if facts else CallFacts()
    except inspection.InputError as error:
        _stop(error, code=2)
    results = inspection.inspect_files(
        files,
        build_judge(settings),
        cache(partial(_load, settings)),
        facts=known,
        template=template or settings.template,
        agent_channel=agent_channel,
    )
    printed = [_print(result, as_json=as_json) for result in _with_progress(results, len(files))]
    if not as_json:
        _out.print(report.results(printed))
    raise typer.Exit(1 if any(result["status"] == "failed" for result in printed) else 0)


def _load(settings: Settings) -> Transcriber:
    with report.model_bar(_err) as progress:
        return load_transcriber(settings, progress)


def _print(result: Inspection, *, as_json: bool) -> dict[str, object]:
    plain: dict[str, object] = to_json(result)
    if as_json:
        print(json.dumps(plain, ensure_ascii=False), flush=True)
    return plain


def _with_progress(results: Iterator[Inspection], total: int) -> Iterator[Inspection]:
    with _err.status("") as status:
        status.update(f"检查 1/{total}")
        for done, result in enumerate(results, start=1):
            yield result
            status.update(f"检查 {min(done + 1, total)}/{total}")


@db.command()
def upgrade(revision: str = "head") -> None:
    """升级到最新（或指定）版本。"""
    with _database() as database:
        database.upgrade(revision)


@db.command()
def downgrade(revision: str) -> None:
    """退回到指定版本（base 为空库）。"""
    with _database() as database:
        database.downgrade(revision)


@db.command()
def check() -> None:
    """数据库结构是否与程序一致。"""
    with _database() as database:
        database.check()


@key.command()
def add(name: str, role: Annotated[Role, typer.Option(help="能做什么")]) -> None:
    """新建密钥；只显示这一次。"""
    with _database() as database:
        database.upgrade()
        with database.transaction() as session:
            secret = keys.add(session, name, role)
    print(secret)


@key.command("list")
def list_keys() -> None:
    """列出密钥。"""
    table = Table("名称", "角色", "开头", "创建", "最近使用", "状态")
    with _database() as database, database.transaction() as session:
        for row in keys.everyone(session):
            used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "–"
            state = "已停用" if row.revoked_at else "有效"
            table.add_row(row.name, row.role, row.prefix, f"{row.created_at:%Y-%m-%d %H:%M}", used, state)
    _out.print(table)


@key.command()
def revoke(name: str) -> None:
    """停用密钥，立即生效。"""
    with _database() as database, database.transaction() as session:
        keys.revoke(session, name)


@rules_commands.command("check")
def check_rules(paths: Annotated[list[Path] | None, typer.Argument(help="规则包；默认为内置的全部")] = None) -> None:
    """校验规则包并运行其中的例句，列出全部错误。"""
    faults = [fault for path in paths or rules.built_in_packs() for fault in _faults(path)]
    for fault in faults:
        _err.print(fault, style="red", markup=False, highlight=False)
    raise typer.Exit(1 if faults else 0)


def _faults(path: Path) -> list[str]:
    try:
        pack = rules.load_pack(path)
    except rules.RuleError as error:
        return str(error).splitlines()
    return [str(fault) for fault in rules.verify(pack)]


def main() -> None:
    """The entry point."""
    app()


if __name__ == "__main__":
    main()
