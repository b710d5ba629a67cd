"""Where recordings are kept, as whole files under names: a folder on this machine or shared, or S3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app.errors import Unavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig

_CHUNK = 1024 * 1024


class Blobs(Protocol):
    """Whole files under names like `ab/abcd`. A name that exists stands for a whole file, whatever was killed when."""

    def put(self, file: Path, name: str) -> None:
        """Keep the file under `name`, replacing what was there; it may be moved. Returns when it is safely kept."""

    def size(self, name: str) -> int | None:
        """Its bytes; None when there is no such name."""

    def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive), a piece at a time."""

    def delete(self, name: str) -> None:
        """Remove it, if it is there."""

    def local(self, name: str) -> Path | None:
        """Its file, when it is one on this machine."""

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every name and when it was kept."""

    def check(self) -> None:
        """Whether it can be used.

        Raises:
            OSError, Unavailable: it cannot.
        """


def open_blobs(where: str) -> Blobs:
    """The place `where` stands for: `s3://bucket/prefix`, or a folder."""
    return S3Blobs(where) if where.startswith("s3://") else LocalBlobs(Path(where))


class LocalBlobs:
    """Plain files in a folder, not obstore's: killed while it wrote, it left parts behind under their own names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, file: Path, name: str) -> None:
        """Move the file, which must be on the same disk, under `name`."""
        kept = self.folder / name
        kept.parent.mkdir(exist_ok=True, mode=0o700)
        # Content first, then its name: whatever bears a name is whole, even after a power cut.
        _flush(file)
        file.replace(kept)
        _flush(kept.parent)
        _flush(self.folder)

    def size(self, name: str) -> int | None:
        """Its bytes; None when there is no such name."""
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive), a piece at a time."""
        with (self.folder / name).open("rb") as file:
            file.seek(start)
            for offset in range(start, end, _CHUNK):
                yield file.read(min(_CHUNK, end - offset))

    def delete(self, name: str) -> None:
        """Remove it, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def local(self, name: str) -> Path:
        """Its file."""
        return self.folder / name

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every name and when it was kept; what is on its way in lies deeper or elsewhere."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            if path.is_file():
                yield f"{path.parent.name}/{path.name}", datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def check(self) -> None:
        """Whether the folder can be written.

        Raises:
            OSError: it cannot.
        """
        if not os.access(self.folder, os.W_OK):
            raise PermissionError(f"录音目录 {self.folder} 不可写")


class S3Blobs:
    """Objects in a bucket. Endpoint, region and credentials are what AWS_… in the environment says, as everywhere."""

    def __init__(self, url: str, retries: int = 3) -> None:
        self.url = url
        # An endpoint without TLS is the institution's choice on its own network; AWS itself is reached by https.
        options: ClientConfig = {"allow_http": True, "timeout": "10 minutes", "connect_timeout": "5 seconds"}
        self._store = S3Store.from_url(url, client_options=options, retry_config={"max_retries": retries})

    def put(self, file: Path, name: str) -> None:
        """Upload the file; the object appears whole or not at all."""
        with _reached(self.url):
            obstore.put(self._store, name, file, max_concurrency=4)

    def size(self, name: str) -> int | None:
        """Its bytes; None when there is no such name."""
        try:
            with _reached(self.url):
                return obstore.head(self._store, name)["size"]
        except FileNotFoundError:
            return None

    def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive), a piece at a time."""
        if start >= end:
            return
        with _reached(self.url):
            answer = obstore.get(self._store, name, options={"range": (start, end)})
            yield from map(bytes, answer.stream(min_chunk_size=_CHUNK))

    def delete(self, name: str) -> None:
        """Remove it, if it is there."""
        with _reached(self.url):
            obstore.delete(self._store, name)

    def local(self, name: str) -> None:
        """Never a file here."""

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every name and when it was kept."""
        with _reached(self.url):
            for some in obstore.list(self._store):
                yield from ((one["path"], one["last_modified"]) for one in some)

    def check(self) -> None:
        """Whether the bucket answers.

        Raises:
            Unavailable: it does not.
        """
        try:
            with _reached(self.url):
                # Not a look at one object: S3 answers alike for one that is missing and for a missing bucket.
                obstore.list_with_delimiter(self._store, "check")
        except FileNotFoundError as error:
            raise Unavailable(f"录音存储 {self.url} 不存在", code="storage_unavailable") from error


@contextmanager
def _reached(url: str) -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        # Its message quotes the request; the first line names the cause and holds no credentials.
        cause = (str(error).splitlines() or [type(error).__name__])[0]
        raise Unavailable(f"录音存储 {url} 不可用，请稍后重试：{cause}", code="storage_unavailable") from error


def _flush(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
