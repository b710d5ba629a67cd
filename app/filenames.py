"""What a recording's file name says of its call, by a pattern such as `{agent_id}_{started_at:%Y%m%d%H%M%S}.wav`."""

import re
from datetime import datetime
from typing import Any

#: How many characters each part of a moment has in a name.
_DIGITS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "y": 2, "j": 3, "f": 6}
_FIELD = re.compile(r"\{([A-Za-z_]\w*)(?::([^{}]+))?\}")


class FileName:
    """A pattern of file names: `{fact}`, `{fact:%Y…}` for a moment, `{_}` for anything, all else as it stands.

    Raises:
        ValueError: it names a fact twice or no fact at all, a part of a moment that is not in `_DIGITS`, or a moment
            without its hour, which would be midnight, when nobody may call.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._moments: dict[str, str] = {}
        names = [name for name, _ in _FIELD.findall(pattern) if name != "_"]
        if not names or len(names) != len(set(names)):
            raise ValueError(f"{pattern}: 每个字段须出现一次，且至少有一个")
        self._regex = re.compile(self._expression(), re.IGNORECASE)

    def read(self, name: str) -> dict[str, Any] | None:
        """The facts in a file's name; None when it is not like the pattern."""
        found = self._regex.match(name)
        if found is None:
            return None
        facts: dict[str, Any] = found.groupdict()
        try:
            moments = {field: datetime.strptime(facts[field], form) for field, form in self._moments.items()}  # noqa: DTZ007 - CallFacts adds the zone
        except ValueError:  # 20261399: digits where a moment was due, but none
            return None
        return facts | moments

    def _expression(self) -> str:
        """The pattern as a regular expression, noting which facts are moments.

        Between fields of any length all is of fixed length, so the first place where that fits is as good as any later
        one: each is one atomic group, and no name makes the search try every split.
        """
        parts, end = [""], 0
        for field in _FIELD.finditer(self.pattern):
            name, form = field.groups()
            parts[-1] += re.escape(self.pattern[end : field.start()])
            if name == "_" or form is None:
                parts.append("")
            parts[-1] += self._group(name, form)
            end = field.end()
        *firsts, last = parts
        return "".join(f"(?>{part})" for part in firsts) + last + re.escape(self.pattern[end:]) + r"\Z"

    def _group(self, name: str, form: str | None) -> str:
        if name == "_":
            return ".+?"
        if form is None:
            return f"(?P<{name}>.+?)"
        if "%H" not in form:
            raise ValueError(f"{self.pattern}: {name} 须有钟点（%H）")
        self._moments[name] = form
        return f"(?P<{name}>{re.sub(r'%(.)|(.)', self._moment, form)})"

    def _moment(self, part: re.Match[str]) -> str:
        directive, literal = part.groups()
        if directive is None:
            return re.escape(literal)
        if directive not in _DIGITS:
            raise ValueError(f"{self.pattern}: 时间格式不支持 %{directive}")
        return rf"\d{{{_DIGITS[directive]}}}"
