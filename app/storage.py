"""Recordings as received: immutable files named by their SHA-256, in a local folder."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

import obstore
from obstore.store import LocalStore

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload on disk, not kept yet."""

    path: Path
    name: str  #: as the sender called it
    sha256: str
    size: int  #: bytes


class Recordings:
    """The recordings kept under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = LocalStore(folder)

    @contextmanager
    def arriving(self, file: BinaryIO, name: str) -> Iterator[Arrival]:
        """`file` as a file on disk under its own name, hashed; gone after the block unless `keep` took it."""
        with tempfile.TemporaryDirectory(dir=self._incoming) as folder:
            path = Path(folder) / _file_name(name)
            digest = hashlib.sha256()
            file.seek(0)
            with path.open("wb") as copy:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    copy.write(chunk)
            yield Arrival(path, name, digest.hexdigest(), path.stat().st_size)

    def keep(self, arrival: Arrival) -> None:
        """Keep an arrival; the same content is kept once. Returns only when it is safely on disk."""
        kept = self.path(arrival.sha256)
        if not kept.is_file():
            # Written beside its name and renamed, so that nobody ever reads half of it.
            obstore.put(self._store, _key(arrival.sha256), arrival.path, chunk_size=_CHUNK)
            for place in (kept, kept.parent):
                _flush(place)

    def path(self, sha256: str) -> Path:
        """The recording's file, for decoders that read files."""
        return self.folder / _key(sha256)

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive) of a recording, a chunk at a time."""
        for offset in range(start, end, _CHUNK):
            yield bytes(obstore.get_range(self._store, _key(sha256), start=offset, end=min(offset + _CHUNK, end)))

    def sweep(self) -> None:
        """Remove what uploads left behind when the process was killed. Only while nobody is uploading."""
        for folder in self._incoming.iterdir():
            shutil.rmtree(folder, ignore_errors=True)


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _file_name(name: str) -> str:
    """What a sender calls a file, made harmless: the last part of it, printable, of a length every disk takes."""
    printable = "".join(character for character in PurePath(name.replace("\\", "/")).name if character.isprintable())
    return printable.encode()[-120:].decode(errors="ignore") or "audio"


def _flush(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
