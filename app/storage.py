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

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload on disk, not kept yet."""

    path: Path  #: named as the sender calls it, made harmless
    sha256: str
    size: int  #: bytes


class Recordings:
    """The recordings kept under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Uploads on their way; on the same disk, so that keeping one is a rename.
        self.incoming = folder / "incoming"
        self.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def arriving(self, file: BinaryIO, name: str) -> Iterator[Arrival]:
        """`file` as a file on disk under its own name, hashed; gone after the block unless `keep` took it."""
        with tempfile.TemporaryDirectory(dir=self.incoming) as folder:
            path = Path(folder) / _file_name(name)
            digest = hashlib.sha256()
            file.seek(0)
            with path.open("wb") as copy:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    copy.write(chunk)
            yield Arrival(path, digest.hexdigest(), path.stat().st_size)

    def keep(self, arrival: Arrival) -> None:
        """Keep an arrival; the same content is kept once. Returns only when it is safely on disk."""
        kept = self.path(arrival.sha256)
        if self.has(arrival.sha256, arrival.size):
            return
        kept.parent.mkdir(exist_ok=True, mode=0o700)
        # Content first, then its name: whatever bears a name is whole, even after a power cut.
        _flush(arrival.path)
        arrival.path.replace(kept)
        _flush(kept.parent)
        _flush(self.folder)

    def has(self, sha256: str, size: int) -> bool:
        """Whether the recording is here, whole."""
        path = self.path(sha256)
        return path.is_file() and path.stat().st_size == size

    def path(self, sha256: str) -> Path:
        """The recording's file, for decoders that read files."""
        return self.folder / sha256[:2] / sha256

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive) of a recording, a chunk at a time."""
        with self.path(sha256).open("rb") as file:
            file.seek(start)
            for offset in range(start, end, _CHUNK):
                yield file.read(min(_CHUNK, end - offset))

    def sweep(self) -> None:
        """Remove what uploads left behind when the process was killed. Only while nobody is uploading."""
        for left in self.incoming.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _file_name(name: str) -> str:
    """What a sender calls a file, made harmless: the last part of it, printable, of a length every disk takes."""
    printable = "".join(character for character in PurePath(name.replace("\\", "/")).name if character.isprintable())
    return printable.encode(errors="ignore")[-120:].decode(errors="ignore").strip(". ") or "audio"


def _flush(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
