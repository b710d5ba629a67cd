"""What the `tingjian` command does with calls that are there already; imported late, as app.operations is."""

from collections.abc import Mapping

import typer
from pydantic import ValidationError
from rich.progress import Progress, track
from sqlalchemy import make_url

from app import rescoring, verifying
from app.masking import masked_id
from app.operations import connected_database, connected_service, me, record
from app.retention import delete_unused, forget_dials, purged, wanted
from app.service import Service
from app.settings import Settings
from app.store import audit, lists, retention
from app.terminal import moment, output
from app.wording import faults_of

_err = output(stderr=True)
_out = output()


def purge(settings: Settings, debtor: str | None, *, dry_run: bool, sure: bool) -> None:
    """Delete what is due, after showing it."""
    with connected_service(settings) as service:
        with service.database.transaction() as session:
            first = retention.due(session, what := wanted(settings, debtor), 20)
            due, held = retention.count_due(session, what), retention.held(session, what)
        _out.print(f"将删除 {due} 通，{held} 通依法保留", highlight=False)
        for call in first:
            name = masked_id(call.external_id or "–")
            _out.print(f"  {call.id}  {name}  {moment(call.happened_at)}", markup=False, highlight=False)
        if dry_run or not (sure or typer.confirm("删除后无法恢复，继续？")):
            return
        for _ in track(purged(service, me(), what), "删除", due, console=_err):
            pass
        forget_dials(service, me(), debtor)


def rescore(settings: Settings, filters: Mapping[str, object], template: str | None, workers: int) -> bool:
    """Judge history again; whether every call could be judged."""
    try:
        query = lists.Query.model_validate({name: value for name, value in filters.items() if value is not None})
    except ValidationError as error:
        _err.print(faults_of(error.errors()), style="red")
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
    left = f"，{outcome.left} 通同时另有评判，未动" if outcome.left else ""
    _out.print(f"重新评分 {outcome.done} 通，失败 {len(outcome.failed)} 通{left}", highlight=False)
    return not outcome.failed


def _delete_orphan(service: Service, recording: str) -> bool:
    gone = delete_unused(service, recording)
    if gone:
        with service.database.transaction() as session:
            # Not `record`: a digest may have digits enough to look like a card's number.
            audit.record(session, me(), "delete_orphan", detail={"recording": recording})
    return gone


def _looked_at(settings: Settings) -> str:
    # Without what follows the name: a password may stand there too.
    given = settings.database_url and make_url(settings.database_url).set(query={}).render_as_string()
    return f"录音：{settings.recordings_place}；数据库：{given or f'{settings.data} 中内置的 PostgreSQL'}"


def verify(settings: Settings, *, delete_orphans: bool) -> bool:
    """Check every recording and every row, and print what is wrong; whether nothing is, orphans aside if deleted."""
    left = 0
    with connected_service(settings) as service, Progress(console=_err) as bar:
        _err.print(_looked_at(settings), soft_wrap=True, highlight=False, markup=False)
        task = bar.add_task("核对录音")
        for fault in verifying.verify(service, lambda done, total: bar.update(task, completed=done, total=total)):
            gone = delete_orphans and fault.orphan and _delete_orphan(service, fault.orphan)
            left += not gone
            _out.print(f"{fault.where}：{fault.what}{'，已删除' if gone else ''}", highlight=False, soft_wrap=True)
    _out.print(f"{left} 处有问题" if left else "全部完好", highlight=False)
    return not left
