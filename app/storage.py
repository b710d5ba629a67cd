"""Recordings as received: immutable files named by their SHA-256, in a local folder."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.store import LocalStore

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A recording that is safely kept."""

    sha256: str
    size: int  #: bytes


class Recordings:
    """The recordings kept under one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._store = LocalStore(folder)

    def save(self, file: BinaryIO) -> Stored:
        """Keep a copy of `file`; the same content is kept once. Returns only when it is on disk."""
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        if not self.has(sha256):
            file.seek(0)
            # Written beside its name and renamed, so a reader never sees half of it.
            obstore.put(self._store, _key(sha256), file, chunk_size=_CHUNK)
            self._flush(sha256)
        return Stored(sha256, size)

    def has(self, sha256: str) -> bool:
        """Whether the recording is kept here."""
        return self.path(sha256).is_file()

    def path(self, sha256: str) -> Path:
        """The recording's file, for decoders that read files."""
        return self.folder / _key(sha256)

    def read(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """`length` bytes of a recording from byte `start`, a chunk at a time."""
        end = start + length
        for offset in range(start, end, _CHUNK):
            yield bytes(obstore.get_range(self._store, _key(sha256), start=offset, end=min(offset + _CHUNK, end)))

    def _flush(self, sha256: str) -> None:
        path = self.path(sha256)
        for place in (path, path.parent):
            with _descriptor(place) as descriptor:
                os.fsync(descriptor)


@contextmanager
def _descriptor(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
