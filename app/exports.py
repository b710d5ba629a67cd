"""Lists of calls as files for spreadsheets: a row at a time, whatever their length, and harmless to open."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from app.api.schemas import CallOut
from app.schemas import CALL_ZONE
from rules import CATEGORIES

#: A worksheet holds no more, the heading included.
MOST_XLSX_ROWS = 1_048_575

_CHUNK = 64 * 1024

_STATUS = {"queued": "排队", "transcribing": "转写中", "judging": "评判中", "scored": "已质检", "failed": "失败"}
_CHANNEL = {"call": "通话", "sms": "短信", "visit": "外访"}
_NAMES: dict[str, str] = {**dict(CATEGORIES.items()), "unjudged": "有未能判断的项目"}

_Cell = str | float | int | datetime | None


def _yes(value: bool | None) -> str | None:
    return None if value is None else "是" if value else "否"


def _names(values: Iterable[str] | None) -> str:
    return "、".join(_NAMES.get(value, value) for value in values or ())


#: Heading -> what stands under it.
COLUMNS: dict[str, Callable[[CallOut], _Cell]] = {
    "编号": lambda call: call.id,
    "外部编号": lambda call: call.external_id,
    "类型": lambda call: _CHANNEL[call.channel],
    "通话时间": lambda call: call.started_at or call.received_at,
    "接收时间": lambda call: call.received_at,
    "坐席": lambda call: call.agent_id,
    "团队": lambda call: call.team,
    "时长（秒）": lambda call: call.duration,
    "状态": lambda call: _STATUS[call.status],
    "评分模板": lambda call: call.template,
    "得分": lambda call: call.score,
    "等级": lambda call: call.grade,
    "合格": lambda call: _yes(call.passed),
    "需关注": lambda call: _yes(call.flagged),
    "关注原因": lambda call: _names(call.attention),
    "问题类别": lambda call: _names(call.categories),
    "未通过规则": lambda call: "、".join(call.rules or ()),
    "已复核": lambda call: _yes(call.reviewed_at is not None),
    "错误": lambda call: call.error,
}


def as_csv(calls: Iterable[CallOut]) -> Iterator[bytes]:
    """The calls as CSV, a piece at a time; with a byte order mark, without which Excel reads no Chinese."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(COLUMNS)
    for call in calls:
        writer.writerow([_plain(column(call)) for column in COLUMNS.values()])
        if buffer.tell() >= _CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece


def _plain(value: _Cell) -> _Cell:
    """A cell that a spreadsheet shows and never calculates: what a sender named a call must not run on a desk."""
    if isinstance(value, datetime):
        return f"{value.astimezone(CALL_ZONE):%Y-%m-%d %H:%M:%S}"
    return "'" + value if isinstance(value, str) and _first(value) in set("=+-@") else value


def _first(text: str) -> str:
    """The first character that is seen, as spreadsheets in China read it: ＝ is =."""
    seen = (char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char)[0] not in "CZM")
    return next(seen, "")


def as_xlsx(calls: Iterable[CallOut], folder: Path) -> Iterator[bytes]:
    """The calls as an Excel workbook, a piece at a time; it grows in `folder`, and memory holds one row."""
    path = folder / "calls.xlsx"
    _write(path, calls)
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece


def _write(path: Path, calls: Iterable[CallOut]) -> None:
    # Nothing that is written is taken for a formula, a number or an address because of how it looks.
    literal = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent), **literal}) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet("通话")
        sheet.write_row(0, 0, COLUMNS)
        for row, call in enumerate(calls, start=1):
            for place, column in enumerate(COLUMNS.values()):
                _put(sheet, row, place, column(call), moment)


def _put(sheet: Any, row: int, place: int, value: _Cell, moment: Any) -> None:
    match value:
        case None:
            pass
        case datetime():
            sheet.write_datetime(row, place, value.astimezone(CALL_ZONE).replace(tzinfo=None), moment)
        case str():
            sheet.write_string(row, place, str(_plain(value)))
        case _:
            sheet.write_number(row, place, value)
