"""Reading pack files: YAML in, rules and vocabulary out, every fault kept with its file, rule and field."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import yaml
from pydantic import Field, ValidationError, model_validator

from rules.conditions import Model
from rules.errors import Fault
from rules.guards import PARTS, Guard
from rules.lexicon import Family, Lexicon, parse_families, written_out
from rules.library import Library
from rules.rule import Id, Rule
from rules.yamlfile import load, texts

T = TypeVar("T")

#: Words that the named lists of one file come to: ten times the most of any that comes with the product. Four lists of
#: 300 words in a row are eight thousand million.
_MOST_WORDS = 200_000

#: Pydantic's reasons in the language of those who write rules. Others keep pydantic's own words.
_REASONS: dict[str, str] = {
    "missing": "缺少这个字段",
    "extra_forbidden": "没有这个字段",
    "string_type": "应是文字",
    "string_too_short": "不能为空",
    "string_too_long": "太长，最多 {max_length} 个字符",
    "string_pattern_mismatch": "应由小写字母、数字和 . _ - 组成，以字母开头",
    "too_short": "至少要有 {min_length} 项",
    "literal_error": "只能是 {expected} 之一",
    "model_type": "应是一组“字段: 值”",
    "model_attributes_type": "应是一组“字段: 值”",
    "dict_type": "应是一组“字段: 值”",
    "list_type": "应是一个列表",
    "tuple_type": "应是一个列表",
    "int_type": "应是整数",
    "int_parsing": "应是整数",
    "int_from_float": "应是整数",
    "int_parsing_size": "应是整数",
    "float_type": "应是数字",
    "float_parsing": "应是数字",
    "bool_type": "应是 true 或 false",
    "bool_parsing": "应是 true 或 false",
    "greater_than": "必须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "finite_number": "应是数字",
    "date_type": "应是日期，如 2026-01-30",
    "date_parsing": "应是日期，如 2026-01-30",
    "date_from_datetime_inexact": "应是日期，如 2026-01-30",
    "date_from_datetime_parsing": "应是日期，如 2026-01-30",
    "time_type": "应是时刻，写作带引号的 '22:00'",
    "time_parsing": "应是时刻，写作带引号的 '22:00'",
    "value_error": "{error}",
}


class LexiconEntry(Model):
    """A lexicon as written."""

    title: str
    families: list[str] = Field(min_length=1)
    unless_inside: list[str] = Field(default_factory=list)
    guards: tuple[str, ...] = ()


class GuardEntry(Model):
    """A guard as written."""

    title: str
    before: list[str] = Field(default_factory=list)
    after: list[str] = Field(default_factory=list)
    inside: list[str] = Field(default_factory=list)
    unless_inside: list[str] = Field(default_factory=list)
    breakers: list[str] = Field(default_factory=list)
    across_clauses: bool = False
    suspicion_below: float = Field(0.0, ge=0, le=1)
    innocent_below: float = Field(0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _doubted_first(self) -> "GuardEntry":
        if self.innocent_below > self.suspicion_below:
            raise ValueError("innocent_below 不能大于 suspicion_below")
        return self


class PackFile(Model):
    """A pack file as written; entries are checked one by one, so that a fault in one hides none in another."""

    id: Id
    version: str
    title: str
    uses: list[str] = Field(default_factory=list)  #: ids of files whose words, guards and lexicons this one uses
    words: dict[str, str] = Field(default_factory=dict)
    guards: dict[str, Any] = Field(default_factory=dict)
    lexicons: dict[str, Any] = Field(default_factory=dict)
    rules: list[Any] = Field(default_factory=list)


@lru_cache(maxsize=64)  # every pack reads the same lexicons
def _loaded(content: bytes) -> Any:
    """What a file says; only to be read."""
    return load(content.decode("utf-8"))


#: What used files define, by the names they are used by: kept while a pack that uses it is.
_SHARED: WeakValueDictionary[tuple[str, ...], Library] = WeakValueDictionary()


class Reader:
    """Reads a pack file and the files it uses, keeping what they define and what is wrong with them."""

    def __init__(self, path: Path, folders: tuple[Path, ...], written: Mapping[Path, bytes]) -> None:
        self._path, self._folders = path, folders  # the pack file, and where files that it uses are looked for
        self._written = written  # contents to read instead of what a file holds
        self.faults: list[Fault] = []
        self.used = Library()  # what the used files define
        self.library = self.used  # and what the pack file adds
        self._in_circles = False

    def read(self) -> PackFile | None:
        """Read the pack file, and before it the files it uses; None where it cannot be read at all."""
        content, raw = self._raw(self._path)
        head = self._model(PackFile, raw, self._path.name, "", "")
        if head is None:
            return None
        self._use(tuple(head.uses))
        self.library = self.used.copy()
        self.library.contents[self._path.name] = content
        self._define(head, self._path.name)
        return head

    def _use(self, names: tuple[str, ...]) -> None:
        """Read the files of these names, unless another pack has them and they are still the same."""
        known = _SHARED.get(names)
        if known and self._path.name not in known.contents and self._holds(known):
            self.used = known
            return
        for name in names:
            self._read_used(name, self._path)
        if not self.faults and not self._in_circles:
            _SHARED[names] = self.used

    def _holds(self, library: Library) -> bool:
        """Whether the files of a library are still those that would be read, and say the same."""
        try:
            return all(
                self._find(name) == path and self._content(path) == library.contents[path.name]
                for name, path in library.paths.items()
            )
        except OSError:
            return False

    def _read_used(self, name: str, path: Path) -> None:
        found = self._find(name)
        if found is None:
            self.faults.append(Fault(path.name, "", "uses", f"找不到“{name}.yaml”"))
        elif found.name == self._path.name:
            self._in_circles = True
        elif found.name not in self.used.contents:
            self.used.paths[name] = found
            self.used.contents[found.name], raw = self._raw(found)
            if head := self._model(PackFile, raw, found.name, "", ""):
                for other in head.uses:
                    self._read_used(other, found)
                self._define(head, found.name)

    def _find(self, name: str) -> Path | None:
        try:
            places = (folder / f"{name}.yaml" for folder in self._folders)
            return next((place for place in places if place.is_file()), None)
        except OSError:  # a name that no file can have
            return None

    def _content(self, path: Path) -> bytes:
        return self._written[path] if path in self._written else path.read_bytes()

    def _raw(self, path: Path) -> tuple[bytes, Any]:
        """What a file holds, and what that says."""
        content = b""
        try:
            content = self._content(path)
            return content, _loaded(content)
        except yaml.YAMLError as error:
            self.faults.append(Fault(path.name, "", "", _yaml_reason(error)))
        except UnicodeDecodeError:
            self.faults.append(Fault(path.name, "", "", "不是 UTF-8 编码的文本"))
        except OSError as error:
            self.faults.append(Fault(path.name, "", "", f"读不了这个文件：{error.strerror}"))
        except (RecursionError, ValueError, TypeError) as error:
            self.faults.append(Fault(path.name, "", "", f"YAML 里有无法处理的值：{error}"))
        return content, _UNREADABLE

    def _define(self, head: PackFile, file: str) -> None:
        self.library.words.update(head.words)
        if written_out(texts([head.guards, head.lexicons, head.rules]), self.library.words) > _MOST_WORDS:
            fault = f"词组（words）展开后共超过 {_MOST_WORDS} 个词，或套得太深"
            self.faults.append(Fault(file, "", "words", fault))
            return
        for name, written in head.guards.items():
            self._guard(name, written, file)
        for name, written in head.lexicons.items():
            self._lexicon(name, written, file)
        names = {rule.id for _, rule in self.library.rules}
        for at, written in enumerate(head.rules):
            rule_id = written.get("id") if isinstance(written, dict) else None
            name = str(rule_id) if rule_id else f"第{at + 1}条规则"
            if name in names:
                self.faults.append(Fault(file, name, "id", "这个规则编号用了两次"))
            names.add(name)
            if (rule := self._model(Rule, written, file, name, "")) is not None:
                self.library.rules.append((file, rule))

    def _guard(self, name: str, written: Any, file: str) -> None:
        if (entry := self._model(GuardEntry, written, file, f"guards.{name}", "")) is None:
            return
        parts = {part: self._families(getattr(entry, part), file, f"guards.{name}", part) for part in PARTS}
        self.library.origins[f"guards.{name}"] = file
        self.library.guards[name] = Guard(
            name,
            entry.title,
            across_clauses=entry.across_clauses,
            suspicion_below=entry.suspicion_below,
            innocent_below=entry.innocent_below,
            **parts,
        )

    def _lexicon(self, name: str, written: Any, file: str) -> None:
        place = f"lexicons.{name}"
        if (entry := self._model(LexiconEntry, written, file, place, "")) is None:
            return
        for guard in entry.guards:
            if guard not in self.library.guards:
                self.faults.append(Fault(file, place, "guards", f"没有名为“{guard}”的免责语境（guards）"))
        families = self._families(entry.families, file, place, "families")
        innocent = self._families(entry.unless_inside, file, place, "unless_inside")
        self.library.origins[place] = file
        self.library.lexicons[name] = Lexicon(name, entry.title, families, innocent, entry.guards)

    def _families(self, written: list[str], file: str, place: str, field: str) -> tuple[Family, ...]:
        read = parse_families(tuple(written), tuple(self.library.words.items()))
        self.faults += [Fault(file, place, f"{field}.{at}", one) for at, one in enumerate(read) if isinstance(one, str)]
        return tuple(one for one in read if isinstance(one, Family))

    def _model(self, kind: type[T], written: Any, file: str, place: str, field: str) -> T | None:
        if written is _UNREADABLE:
            return None
        try:
            return kind.model_validate(written, context=self.library.vocabulary)  # type: ignore[attr-defined, no-any-return]
        except ValidationError as error:
            self.faults += [_fault(one, file, place) for one in _own_errors(error)]
        except RecursionError:
            self.faults.append(Fault(file, place, field, "嵌套太深"))
        return None


_UNREADABLE = object()


def _own_errors(error: ValidationError) -> list[Any]:
    """The errors without pydantic's echo of one: a list whose only entry is bad is also called too short."""
    errors = error.errors()
    deeper = [one["loc"] for one in errors]
    return [
        one
        for one in errors
        if one["type"] != "too_short" or not any(loc[: len(one["loc"])] == one["loc"] != loc for loc in deeper)
    ]


def _fault(error: Mapping[str, Any], file: str, place: str) -> Fault:
    reason = _REASONS.get(error["type"], error["msg"])
    details = dict(error.get("ctx") or {})
    field = ".".join(str(part) for part in error["loc"])
    return Fault(file, place, field, reason.format(**details) if details else reason)


def _yaml_reason(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"第 {mark.line + 1} 行第 {mark.column + 1} 列：" if mark else ""
    return f"YAML 语法有误，{where}{getattr(error, 'problem', None) or error}"
