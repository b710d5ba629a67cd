"""JSON as offices have it: in UTF-8, or in GB 18030, which editors in China save as CSV is saved by spreadsheets."""

import json
from typing import Any

from app.tabular import decoded


def parsed(content: bytes | str) -> Any:
    """What JSON says.

    Raises:
        ValueError: it is none, with where it goes wrong, in Chinese.
    """
    text = decoded(content) if isinstance(content, bytes) else content
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"第 {error.lineno} 行第 {error.colno} 列不是有效的 JSON") from error
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        raise ValueError("JSON 中的数字过长，或嵌套太深") from error
