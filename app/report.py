"""Results as a table for people: score, grade, whether flagged, why, and at which second."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from scoring import UNJUDGED

_MARKS = {True: ("⚑ 待复核", "bold red"), False: ("通过", "green")}


@contextmanager
def model_bar(console: Console) -> Iterator[Callable[[float], None]]:
    """A progress bar for getting the speech model, which appears only when there is something to do."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("准备语音模型：合并（或下载）并校验", total=1.0, visible=False)
        yield lambda share: progress.update(task, completed=share, visible=True)


def results(inspections: Iterable[Mapping[str, Any]], title: str = "") -> Table:
    """A table of inspections in the shape `inspect --json` prints."""
    table = Table(title=title, box=box.SIMPLE_HEAD, show_lines=True, pad_edge=False)
    for heading, justify in (("通话", "left"), ("得分", "right"), ("等级", "center"), ("结论", "left")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("原因（时间 · 问题 · 原话）", overflow="fold")
    for inspection in inspections:
        table.add_row(PurePath(inspection["source"]).name, *_verdict(inspection))
    return table


def _verdict(inspection: Mapping[str, Any]) -> tuple[str, str, Text, Text]:
    card = inspection.get("scorecard")
    if card is None:
        return "–", "–", Text("失败", "bold red"), Text(inspection.get("error") or "")
    score = "–" if card["score"] is None else f"{card['score']:g}"
    return score, card["grade"] or "–", Text(*_MARKS[card["flagged"]]), Text("\n").join(_reasons(inspection))


def _reasons(inspection: Mapping[str, Any]) -> list[Text]:
    card, findings = inspection["scorecard"], inspection["findings"]
    failed = [finding for finding in findings if finding["verdict"] == "failed" and _matters(finding, card)]
    ordered = sorted(failed, key=lambda finding: finding["rule"] not in card["veto"])
    reasons = [_reason(finding, veto=finding["rule"] in card["veto"]) for finding in ordered]
    if UNJUDGED in card["attention"]:
        skipped = [finding for finding in findings if finding["verdict"] == "skipped"]
        reasons.append(Text(min(skipped, key=lambda finding: finding["expect"] != "absent")["message"], "yellow"))
    return reasons


def _matters(finding: Mapping[str, Any], card: Mapping[str, Any]) -> bool:
    return finding["severity"] != "info" or finding["category"] in card["attention"]


def _reason(finding: Mapping[str, Any], *, veto: bool) -> Text:
    style = "bold red" if veto else "yellow" if finding["severity"] == "major" else ""
    title = f"缺少：{finding['title']}" if finding["expect"] == "present" else finding["title"]
    heard = ((_clock(item["start"]), item["quote"]) for item in finding["evidence"][:2])
    quotes = "　".join(f"{clock} “{quote}”".strip() for clock, quote in heard)
    return Text.assemble((title, style), f"  {quotes}" if quotes else "")


def _clock(seconds: float | None) -> str:
    return "" if seconds is None else f"{int(seconds // 60)}:{seconds % 60:04.1f}"
