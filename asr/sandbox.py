"""Reading recordings in a child process: one that crashes, hangs or swells FFmpeg costs only itself.

Recordings come from outside and FFmpeg is a large program in C. `probe` and `decode` do what their namesakes in
`asr.audio` do, in a child with limits on memory and time. A child is kept and serves file after file, because starting
one takes half a second; one that dies is replaced. Safe to use from many threads. Linux and macOS.
"""

import atexit
import contextlib
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from asr import audio
from asr.audio import MAX_SECONDS, Audio, AudioInfo
from asr.errors import AsrError

#: Bytes of address space a child may have. A four-hour FLAC or AMR took 180 MB, a hostile one asks for all there is.
_MEMORY = 1024**3

#: Seconds from which a recording's sound is kept on disk: an hour of two channels is 230 MB.
LONG = 3600.0

#: Seconds a child may take to look at a recording; and to decode one, on top of a tenth of its length: a busy core
#: decodes an hour in a few seconds.
_LOOK = 20
_DECODE, _PACE = 30, 0.1

#: How many recordings are read at a time, and how many children are kept when nothing is to be done.
_MOST = threading.BoundedSemaphore(4)
_KEPT = 2

_idle: deque["_Child"] = deque()


def probe(path: str | Path, max_seconds: float = MAX_SECONDS) -> AudioInfo:
    """`asr.audio.probe` in a child.

    Raises AsrError as that does, and `decoder_crashed` or `decoder_timeout` when the recording ended the child.
    """
    return AudioInfo(**_ask("probe", Path(path), max_seconds, _LOOK))


def decode(path: str | Path, max_seconds: float = MAX_SECONDS) -> Audio:
    """`asr.audio.decode` in a child; the samples are shared, not copied. Raises as `probe` does.

    In memory, or for a recording that may be longer than LONG in a file on disk that has no name.
    """
    path = Path(path)
    declared = probe(path, max_seconds).duration
    length = max_seconds if declared is None else declared
    limit, on_disk = _DECODE + _PACE * length, length > LONG
    with _shared_file(on_disk) as sound:
        info = AudioInfo(**_ask("decode_into", path, max_seconds, int(limit), sound.fileno()))
        shared = mmap.mmap(sound.fileno(), 0, access=mmap.ACCESS_READ)
    return Audio(path.name, np.frombuffer(shared, np.int16).reshape(-1, info.channels).T, shared if on_disk else None)


def _ask(what: str, path: Path, max_seconds: float, seconds: int, *files: int) -> dict[str, Any]:
    """Have a child do `what` within `seconds`. One that dies may have been worn out by others: a fresh one tries."""
    with _MOST:
        for last in (False, True):
            child = _Child() if last else _take()
            try:
                answer = child.ask([what, str(path), max_seconds, seconds], files)
            except _Died as death:
                child.end()
                if last or death.timed_out:
                    raise AsrError(death.code, f"{path.name}：{death.reason}，录音无法解码") from death
                continue
            _keep(child)
            if "error" in answer:
                raise AsrError(*answer["error"])
            return answer
    raise AssertionError("unreachable")


def _take() -> "_Child":
    try:
        return _idle.pop()
    except IndexError:  # another thread was faster
        return _Child()


def _keep(child: "_Child") -> None:
    _idle.append(child)
    while len(_idle) > _KEPT:
        with contextlib.suppress(IndexError):
            _idle.popleft().end()


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


class _Died(Exception):
    """A child ended instead of answering."""

    def __init__(self, status: int) -> None:
        self.timed_out = status == -signal.SIGALRM
        self.code = "decoder_timeout" if self.timed_out else "decoder_crashed"
        self.reason = "解码超时" if self.timed_out else f"解码程序崩溃（{status}）"
        super().__init__(self.reason)


class _Child:
    """A process that reads recordings, one at a time."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        # A fresh interpreter and not a fork: forking a process with threads may leave a lock held for ever.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "asr.sandbox", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # FFmpeg's remarks may name the file, and people name files by phone numbers
            # Neither Ctrl-C nor a stop of the service is for the child: it ends when its line does.
            start_new_session=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        theirs.close()

    def ask(self, question: list[Any], files: tuple[int, ...]) -> dict[str, Any]:
        """The child's answer. JSON: whoever takes a child over by a hole in FFmpeg gets no further. Raises _Died."""
        try:
            socket.send_fds(self._line, [json.dumps(question).encode() + b"\n"], files)
            line, _ = _read_line(self._line)
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as error:
            self._process.kill()  # unless it is dead already, it talks nonsense
            raise _Died(self._process.wait()) from error
        return answer

    def end(self) -> None:
        """Let the child go."""
        self._line.close()
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def _shared_file(on_disk: bool) -> Iterator[Any]:
    """A file in memory (Linux) or without a name, that parent and child both have open."""
    if hasattr(os, "memfd_create") and not on_disk:
        with os.fdopen(os.memfd_create("sound"), "w+b") as file:
            yield file
    else:
        with tempfile.TemporaryFile() as file:
            yield file


def _read_line(line: socket.socket) -> tuple[bytes, list[int]]:
    """A line and the files that came with it; an empty one when the other side is gone."""
    text, files = b"", list[int]()
    while not text.endswith(b"\n"):
        part, more, _, _ = socket.recv_fds(line, 65_536, 1)
        files += more
        if not part:
            return b"", files
        text += part
    return text, files


def _serve(line: socket.socket) -> None:
    """The child: answer questions until the line closes."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        question, files = _read_line(line)
        if not question:
            return
        what, path, max_seconds, seconds = json.loads(question)
        # The kernel's alarm ends the process whatever native code is doing, also when the parent is gone.
        signal.alarm(max(seconds, 1))
        answer = _answer(what, path, max_seconds, files)
        signal.alarm(0)
        for file in files:
            os.close(file)
        line.sendall(json.dumps(answer).encode() + b"\n")


def _answer(what: str, path: str, max_seconds: float, files: list[int]) -> dict[str, Any]:
    try:
        if what == "probe":
            return asdict(audio.probe(path, max_seconds))
        with os.fdopen(files[0], "wb", closefd=False) as sound:
            # A child before this one may have died half way, and the place in the file is the same for all.
            sound.seek(0)
            sound.truncate()
            return asdict(audio.decode_into(sound.write, path, max_seconds))
    except AsrError as error:
        return {"error": [error.code, str(error)]}


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
