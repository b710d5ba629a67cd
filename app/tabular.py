"""CSV as offices have it: from any spreadsheet, headed in Chinese or English."""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from app.errors import Unprocessable

#: What columns are called, and the call fact each stands for.
_HEADINGS = {
    "通话编号": "external_id",
    "录音文件": "file",
    "文件名": "file",
    "坐席工号": "agent_id",
    "工号": "agent_id",
    "团队": "team",
    "债务人编号": "debtor_id",
    "被叫号码": "debtor_id",
    "开始时间": "started_at",
    "通话时长": "seconds",
    "是否接通": "answered",
    "呼叫方向": "direction",
    "逾期天数": "overdue_days",
    "金额": "amount",
    "接听人": "callee_relation",
    "坐席声道": "agent_channel",
}

#: What a direction is called in a cell.
DIRECTIONS = {"呼出": "outbound", "外呼": "outbound", "呼入": "inbound"}

#: What other facts are called in a cell.
_NAMED = {
    "direction": DIRECTIONS,
    "agent_channel": {"左": "left", "右": "right"},
    "callee_relation": {
        "本人": "self",
        "担保人": "guarantor",
        "家人": "family",
        "朋友": "friend",
        "同事": "colleague",
        "其他人": "other",
        "不明": "unknown",
    },
}

#: Moments as spreadsheets write them.
_MOMENTS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S")


def rows(content: bytes, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with the line each ends on; empty cells are left out.

    Args:
        content: UTF-8, or GB 18030, which spreadsheets in China save.
        name: the file's, for messages.

    Raises:
        Unprocessable: it is no such file, or a line has more cells than the heading.
    """
    reader = csv.DictReader(io.StringIO(_text(content, name), newline=""), strict=True)
    try:
        headings = {heading: _HEADINGS.get(heading.strip(), heading.strip()) for heading in reader.fieldnames or ()}
        for row in reader:
            if None in row:
                raise Unprocessable(f"{name} 第 {reader.line_num} 行的列数多于表头", code="bad_csv")
            yield reader.line_num, {headings[key]: value.strip() for key, value in row.items() if (value or "").strip()}
    except csv.Error as error:
        raise Unprocessable(f"{name} 第 {reader.line_num} 行不是有效的 CSV：{error}", code="bad_csv") from error


def facts_in(row: Mapping[str, str]) -> dict[str, object]:
    """A row as call facts want it: people write 本人 and 左, and spreadsheets 2026/11/1 9:30."""
    named = {field: _NAMED.get(field, {}).get(cell, cell) for field, cell in row.items()}
    return {field: moment(value) if field == "started_at" else value for field, value in named.items()}


def moment(value: object) -> object:
    """A cell that a spreadsheet wrote a moment into, as one; anything else as it is."""
    for form in _MOMENTS:
        try:
            return datetime.strptime(str(value), form)  # noqa: DTZ007 - whoever validates it adds the zone
        except ValueError:
            continue
    return value


def decoded(content: bytes) -> str:
    """Text in UTF-8, or in GB 18030.

    Raises:
        ValueError: it is in neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise ValueError("不是 UTF-8 或 GB 18030 编码的文本")


def _text(content: bytes, name: str) -> str:
    try:
        return decoded(content)
    except ValueError as error:
        raise Unprocessable(f"{name} {error}", code="bad_csv") from error
