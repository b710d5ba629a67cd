"""A recording in a watched folder and the files beside it: what is known of its call, and that it is complete."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from app.documents import parsed
from app.errors import Unprocessable
from app.tabular import facts_in, rows

#: Bytes of a file beside recordings, at most: it is read into memory.
_LARGEST = 32 * 1024 * 1024

#: Name, bytes and time of change of a file.
Stamp = tuple[str, int, int]
State = tuple[Stamp, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A recording in the folder and what lies beside it."""

    path: Path
    beside: tuple[Path, ...]  #: what belongs to it alone, and moves with it
    #: CSV files in its folder that belong to none, which tell of it where nothing tells of it alone
    tables: Mapping[Path, Stamp]

    @property
    def is_done(self) -> bool:
        """Whether its writer says that it is complete."""
        return any(path.suffix == ".done" for path in self.beside)

    def state(self) -> State:
        """What changes while any of it is being written."""
        return (*map(stamp, (self.path, *self.beside)), *self._shared().values())

    def facts(self) -> dict[str, Any]:
        """What the files beside it say.

        Raises:
            Unprocessable: one cannot be read.
        """
        for path in self.beside:
            if path.suffix == ".json":
                return _json(path)
            if path.suffix == ".csv":
                return next((facts_in(row) for _, row in rows(_read(path), path.name)), {})
        return next(filter(None, (_listed(self.path, table) for table in self._shared())), {})

    def _shared(self) -> Mapping[Path, Stamp]:
        return {} if any(path.suffix in (".json", ".csv") for path in self.beside) else self.tables


def stamp(path: Path) -> Stamp:
    """What changes while a file is being written."""
    seen = path.stat()
    return path.name, seen.st_size, seen.st_mtime_ns


def is_file(path: Path) -> bool:
    """Whether a file and no link is there; no disk has one whose name is too long."""
    return os.path.isfile(path) and not os.path.islink(path)  # noqa: PTH113, PTH114 - pathlib raises on such a name


def opened(path: Path) -> BufferedReader:
    """Open a file to read, and no link: one may have been put in its place since we looked."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unprocessable(f"{path.name} 不是文件", code="not_a_file")
    return os.fdopen(descriptor, "rb")


def _read(path: Path) -> bytes:
    with opened(path) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Unprocessable(f"{path.name} 超过 {_LARGEST // 2**20} MiB 的上限", code="too_large")
    return content


def _json(path: Path) -> dict[str, Any]:
    try:
        facts = parsed(_read(path))
    except ValueError as error:
        raise Unprocessable(f"{path.name} {error}", code="metadata_not_json") from error
    if not isinstance(facts, dict):
        raise Unprocessable(f"{path.name} 须为 JSON 对象", code="metadata_not_object")
    return facts


def _listed(path: Path, table: Path) -> dict[str, Any]:
    """What a CSV file says of the recording, in the row with its name as `file`."""
    for _, row in rows(_read(table), table.name):
        if row.get("file") == path.name:
            return facts_in({name: value for name, value in row.items() if name != "file"})
    return {}
