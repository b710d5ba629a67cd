"""Folders to work in for a while, on the recordings' disk: they outlive no process for long, however it ended."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


class Workspaces:
    """Makes them in one folder, which many processes may share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def sweep(self) -> None:
        """Remove what was left behind when a process was killed; what another process works with stays."""
        with _locked(self.folder, fcntl.LOCK_EX):
            for left in self.folder.iterdir():
                if not left.is_dir():
                    left.unlink(missing_ok=True)
                elif _is_free(left):
                    shutil.rmtree(left, ignore_errors=True)

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """A folder for the time of the block, on the recordings' disk, that no sweep takes away."""
        with ExitStack() as stack:
            # No sweep may come between a folder and its lock.
            with _locked(self.folder, fcntl.LOCK_SH):
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self.folder)))
                stack.enter_context(_locked(folder, fcntl.LOCK_EX))
            yield folder


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems lock no folders: then only starting a second service at once is a risk.
        with suppress(OSError):
            fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _is_free(folder: Path) -> bool:
    """Whether the folder is there and no living process works in it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
