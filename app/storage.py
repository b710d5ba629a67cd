"""Recordings as received: immutable, named by the SHA-256 of what was received, sealed when there is a key."""

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO

from app.blobs import Blobs
from app.errors import NotFound
from app.sealing import NoKey, Seal, SealError, plain_size
from app.workspaces import Workspaces

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload on disk, not kept yet."""

    path: Path  #: named as the sender calls it, made harmless
    sha256: str
    size: int  #: bytes


class Landing(io.BufferedWriter):
    """A recording on its way in: hashed as it is written to disk, so that nobody needs to read it for that."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "wb"))
        self._path = path
        self._digest = hashlib.sha256()

    def write(self, piece: "ReadableBuffer", /) -> int:
        """Append a piece."""
        self._digest.update(piece)
        return super().write(piece)

    def arrival(self) -> Arrival:
        """What has come in; nothing more may come."""
        self.close()
        return Arrival(self._path, self._digest.hexdigest(), self._path.stat().st_size)


@dataclass(frozen=True, slots=True)
class _Kept:
    name: str  #: among the blobs
    size: int  #: of the blob
    sealed: bool


class Recordings:
    """The recordings kept in one place.

    A plain one is called `ab/abcd…`, a sealed one `ab/abcd….sealed`: told apart by name and not by content, which is
    the sender's to choose.
    """

    def __init__(self, blobs: Blobs, incoming: Path, seal: Seal | None = None) -> None:
        self.blobs = blobs
        #: For what is on its way in or being decoded, in the clear; on the blobs' disk if they are on one.
        self.workspaces = Workspaces(incoming)
        self._seal = seal

    @contextmanager
    def landing(self) -> Iterator[Callable[[str], Landing]]:
        """What opens a file for a recording of some name; the file is gone after the block unless `keep` took it."""
        with self.workspaces.fresh() as folder, ExitStack() as opened:
            yield lambda name: opened.enter_context(Landing(folder / file_name(name)))

    @contextmanager
    def arriving(self, file: BinaryIO, name: str) -> Iterator[Arrival]:
        """A copy of `file`; gone after the block unless `keep` took it."""
        with self.landing() as land:
            landing = land(name)
            file.seek(0)
            shutil.copyfileobj(file, landing, _CHUNK)
            yield landing.arrival()

    def keep(self, arrival: Arrival) -> None:
        """Keep an arrival; the same content is kept once. Returns only when it is safely kept."""
        if not self.has(arrival.sha256, arrival.size):
            self._put(arrival.path, arrival.sha256)

    def has(self, sha256: str, size: int) -> bool:
        """Whether the recording is here, whole."""
        kept = self._find(sha256)
        return kept is not None and (plain_size(kept.size) if kept.sealed else kept.size) == size

    def read(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive) of a recording, a piece at a time.

        Raises:
            NotFound: it is not here.
            SealError: it cannot be opened.
        """
        kept = self._found(sha256)
        if not kept.sealed:
            return self.blobs.read(kept.name, start, end)
        if self._seal is None:
            raise NoKey(f"录音 {sha256} 已加密，请设置 TINGJIAN_RECORDING_KEYS")
        return self._seal.open(lambda *part: self.blobs.read(kept.name, *part), kept.size, sha256, start, end)

    @contextmanager
    def opened(self, sha256: str) -> Iterator[Path]:
        """The recording as a file, for decoders that read files; not to be changed, and gone after the block.

        Raises:
            NotFound: it is not here.
            SealError: it cannot be opened.
        """
        kept = self._found(sha256)
        if not kept.sealed and (path := self.blobs.local(kept.name)):
            yield path
            return
        with self.workspaces.fresh() as folder:
            path = folder / sha256
            self._fetch(sha256, kept, path)
            yield path

    def delete(self, sha256: str) -> None:
        """Remove the recording, if it is here."""
        for name in _names(sha256):
            self.blobs.delete(name)

    def kept(self) -> Iterator[tuple[str, datetime]]:
        """The SHA-256 of every recording here, and when it was kept."""
        for name, when in self.blobs.names():
            yield name.rpartition("/")[2].removesuffix(".sealed"), when

    def whole(self, sha256: str) -> bool:
        """Whether the recording reads as what its name says.

        Raises:
            NotFound: it is not here.
            SealError: it cannot be opened.
        """
        kept, digest = self._found(sha256), hashlib.sha256()
        for piece in self.read(sha256, 0, plain_size(kept.size) if kept.sealed else kept.size):
            digest.update(piece)
        return digest.hexdigest() == sha256

    def reseal(self, sha256: str) -> bool:
        """Keep the recording as keys now say, sealed with the first one or plain; whether there was anything to do.

        Raises:
            NotFound: it is not here.
            SealError: it cannot be opened.
        """
        kept = self._found(sha256)
        if self._is_current(kept):
            return False
        with self.workspaces.fresh() as folder:
            path = folder / sha256
            self._fetch(sha256, kept, path)
            self._put(path, sha256)
        plain, sealed = _names(sha256)
        self.blobs.delete(plain if self._seal else sealed)
        return True

    def _put(self, path: Path, sha256: str) -> None:
        plain, sealed = _names(sha256)
        if self._seal is None:
            self.blobs.put(path, plain)
            return
        target = path.with_name(f"{path.name}.sealed")
        self._seal.seal(path, target, sha256)
        self.blobs.put(target, sealed)

    def _fetch(self, sha256: str, kept: _Kept, path: Path) -> None:
        """Write the recording to `path`, making sure that it is what its name says."""
        size, digest = plain_size(kept.size) if kept.sealed else kept.size, hashlib.sha256()
        with path.open("wb") as file:
            for piece in self.read(sha256, 0, size):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != sha256:
            raise SealError(f"录音 {sha256} 的内容与其 SHA-256 不符")

    def _is_current(self, kept: _Kept) -> bool:
        if self._seal is None or not kept.sealed:
            return kept.sealed == (self._seal is not None)
        return self._seal.is_current(lambda *part: self.blobs.read(kept.name, *part))

    def _found(self, sha256: str) -> _Kept:
        kept = self._find(sha256)
        if kept is None:
            raise NotFound(f"录音 {sha256} 不在", code="recording_missing")
        return kept

    def _find(self, sha256: str) -> _Kept | None:
        plain, sealed = _names(sha256)
        # The form that is made now first: on S3 every look is a request.
        for name in (sealed, plain) if self._seal else (plain, sealed):
            size = self.blobs.size(name)
            if size is not None:
                return _Kept(name, size, sealed=name == sealed)
        return None


def file_name(name: str) -> str:
    """What a sender calls a file, made harmless: the last part of it, printable, of a length every disk takes."""
    printable = "".join(character for character in PurePath(name.replace("\\", "/")).name if character.isprintable())
    return printable.encode(errors="ignore")[-120:].decode(errors="ignore").strip(". ") or "audio"


def _names(sha256: str) -> tuple[str, str]:
    plain = f"{sha256[:2]}/{sha256}"
    return plain, f"{plain}.sealed"
