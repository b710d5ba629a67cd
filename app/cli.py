"""The `tingjian` command."""

import json
import os
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Literal

import typer

import rules
from app import cli_accounts, cli_ingest, inspection, report
from app.engine import build_judge, load_transcriber
from app.pipeline import Inspection, to_json
from app.schemas import CallFacts
from app.settings import Settings
from app.terminal import output
from app.terminal import read_settings as _settings
from app.terminal import stop as _stop
from asr import Transcriber

app = typer.Typer(help="听鉴：催收通话智能质检", no_args_is_help=True, pretty_exceptions_enable=False)
db = typer.Typer(help="数据库结构", no_args_is_help=True)
packs = typer.Typer(help="规则包", no_args_is_help=True)
for name, commands in (
    ("db", db),
    ("user", cli_accounts.user),
    ("key", cli_accounts.key),
    ("audit", cli_accounts.audit),
    ("rules", packs),
    ("recordings", cli_ingest.recordings),
    ("cdr", cli_ingest.cdr),
):
    app.add_typer(commands, name=name)

_err = output(stderr=True)
_out = output()


@app.command()
def demo(once: Annotated[bool, typer.Option(help="打印结果后退出")] = False) -> None:
    """启动全部组件，像拨号系统一样提交示例录音，打印质检结果，然后继续提供服务。"""
    from app import operations

    raise typer.Exit(0 if operations.run_demo(_settings(), once=once) else 1)


@app.command()
def serve() -> None:
    """启动 HTTP 服务与转写进程；未设置 TINGJIAN_DATABASE_URL 时使用内置 PostgreSQL。"""
    from app import operations

    operations.serve(_settings())


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="逗号分隔")] = "fetch,transcribe,judge",
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """处理排队的通话，一次一通；用多个进程扩容。"""
    from app import operations

    operations.work(_settings(again=with_parent), queues.split(","), with_parent=with_parent)


@app.command()
def inspect(
    files: Annotated[list[Path], typer.Argument(help="录音，或 .json 文本", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="每个输入一行 JSON")] = False,
    agent_channel: Annotated[
        Literal["left", "right"] | None, typer.Option(help="坐席所在声道；不指定时为 left，内容明显相反则对调")
    ] = None,
    template: Annotated[str | None, typer.Option(help="评分模板")] = None,
    facts: Annotated[Path | None, typer.Option(help="通话信息 JSON 文件")] = None,
) -> None:
    """不需要服务与数据库：检查录音或文本，输出评分卡。"""
    settings = _settings()
    try:
        known = inspection.read_facts(facts) if facts else CallFacts()
    except inspection.InputError as error:
        _stop(error, code=2)
    given = {"template": template, "agent_channel": agent_channel}
    results = inspection.inspect_files(
        files,
        build_judge(settings),
        cache(partial(_load, settings)),
        facts=known.model_copy(update={name: value for name, value in given.items() if value}),
        default_template=settings.template,
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
    with _err.status(f"检查 1/{total}") as status:
        for done, result in enumerate(results, start=1):
            yield result
            status.update(f"检查 {min(done + 1, total)}/{total}")


@app.command()
def rescore(
    template: Annotated[str | None, typer.Option(help="评分模板；默认各用原来的模板")] = None,
    since: Annotated[str | None, typer.Option("--from", help="通话时间不早于")] = None,
    until: Annotated[str | None, typer.Option("--to", help="通话时间早于")] = None,
    agent_id: Annotated[str | None, typer.Option(help="坐席工号")] = None,
    team: Annotated[str | None, typer.Option(help="团队")] = None,
    channel: Annotated[str | None, typer.Option(help="call、sms 或 visit")] = None,
    category: Annotated[str | None, typer.Option(help="有这一类问题的")] = None,
    rule: Annotated[str | None, typer.Option(help="未通过这条规则的")] = None,
    flagged: Annotated[bool | None, typer.Option(help="需关注的")] = None,
    passed: Annotated[bool | None, typer.Option(help="合格的")] = None,
    reviewed: Annotated[bool | None, typer.Option(help="已复核的")] = None,
    score_lt: Annotated[float | None, typer.Option(help="得分低于")] = None,
    score_gte: Annotated[float | None, typer.Option(help="得分不低于")] = None,
    q: Annotated[str | None, typer.Option(help="说到这些词的")] = None,
    workers: Annotated[int, typer.Option(min=1, help="进程数")] = os.cpu_count() or 1,
) -> None:
    """用现在的规则重新评分；已经按同样的模板与规则评过的跳过，中断后可再次运行。"""
    from app import archive

    filters = {
        "from": since, "to": until, "agent_id": agent_id, "team": team, "channel": channel, "category": category,
        "rule": rule, "flagged": flagged, "passed": passed, "reviewed": reviewed, "score_lt": score_lt,
        "score_gte": score_gte, "q": q,
    }  # fmt: skip
    raise typer.Exit(0 if archive.rescore(_settings(), filters, template, workers) else 1)


@app.command()
def verify(
    delete_orphans: Annotated[bool, typer.Option(help="删除一天以上没有通话用到的录音")] = False,
) -> None:
    """核对每一份录音的 SHA-256 与数据库各表之间的引用；有问题则退出码为 1。"""
    from app import archive

    raise typer.Exit(0 if archive.verify(_settings(), delete_orphans=delete_orphans) else 1)


@db.command()
def upgrade(revision: str = "head") -> None:
    """升级到最新（或指定）版本。"""
    from app import operations

    operations.upgrade(_settings(), revision)


@db.command()
def downgrade(
    revision: str,
    delete_data: Annotated[bool, typer.Option(help="旧版本存不下的数据一并删除，无法恢复；请先备份")] = False,
) -> None:
    """退回到指定版本（base 为空库）；会丢失数据时列出是什么，不作改动。"""
    from app import operations

    operations.downgrade(_settings(), revision, losing=delete_data)


@db.command("check")
def check_schema() -> None:
    """数据库结构是否与程序一致。"""
    from app import operations

    operations.check(_settings())


@app.command()
def purge(
    debtor: Annotated[str | None, typer.Option(help="删除这个债务人（debtor_id）的全部通话，不论时间")] = None,
    dry_run: Annotated[bool, typer.Option(help="只列出将删除什么")] = False,
    yes: Annotated[bool, typer.Option(help="不再询问")] = False,
) -> None:
    """删除超过保存期限（TINGJIAN_RETENTION_DAYS）的通话及其录音；依法保留的除外，逐通记入审计日志。"""
    from app import archive

    archive.purge(_settings(), debtor, dry_run=dry_run, sure=yes)


@packs.command("check")
def check_packs(paths: Annotated[list[Path] | None, typer.Argument(help="规则包；默认为内置的全部")] = None) -> None:
    """校验规则包并运行其中的例句，列出全部错误。"""
    chosen = paths or rules.built_in_packs()
    faults = [fault for path in chosen for fault in _faults(path)]
    for fault in faults:
        _err.print(fault, style="red", markup=False, highlight=False)
    if faults:
        raise typer.Exit(1)
    _out.print(f"{len(chosen)} 个规则包有效，例句全部通过")


def _faults(path: Path | str) -> list[str]:
    try:
        return list(map(str, rules.faults(path)))
    except rules.RuleError as error:
        return str(error).splitlines()


app.command()(cli_ingest.watch)


def main() -> None:
    """The entry point."""
    app()


if __name__ == "__main__":
    main()
