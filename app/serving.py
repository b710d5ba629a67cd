"""Everything up on one machine: database, HTTP server and worker processes that are started again when they end."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import structlog
import uvicorn
from fastapi import FastAPI
from filelock import FileLock, Timeout

from app.database import Database
from app.embedded import embedded_postgres
from app.engine import fitted
from app.main import create_app
from app.service import Service, build_service
from app.settings import Settings
from app.store import packs
from app.watch import watching
from asr.machine import Fit

log = structlog.stdlib.get_logger(__name__)

#: Seconds past its patience after which a worker that does not even hand its call back is killed.
_TO_END = 15

#: This very program. -P: without it, a folder called app where the command was given would be run instead.
_TINGJIAN = (sys.executable, "-P", "-m", "app.cli")


class ServingError(Exception):
    """The service cannot start here; the message says why and what to do."""


@contextmanager
def connected(settings: Settings) -> Iterator[Settings]:
    """The settings with a database address: the configured one, or the embedded PostgreSQL while the block runs."""
    if settings.database_url:
        yield settings
        return
    with embedded_postgres(settings.data) as url:
        yield settings.model_copy(update={"database_url": url})


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the data folder, so that two services never share one.

    Raises:
        ServingError: another service holds it.
    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(settings.data / "serve.lock", timeout=0):
            yield
    except Timeout as error:
        raise ServingError(
            f"数据目录 {settings.data} 已有服务在使用；请先停止它，或用 TINGJIAN_DATA 另选目录"
        ) from error


@contextmanager
def running(settings: Settings) -> Iterator[tuple[Service, str]]:
    """Database migrated, HTTP server answering, workers working; yields the service and its address.

    Raises:
        ServingError: the data folder or the port is taken.
        app.embedded.EmbeddedError: the embedded PostgreSQL cannot be used.
        rules.RuleError, scoring.TemplateError: the default template or its packs cannot be used.
    """
    # The port first: whether it is taken shows at once, while a database takes its time to start.
    with only_one(settings), _listening(settings) as listener, connected(settings) as settings:
        assert settings.database_url
        with closing(Database(settings.database_url)) as database:
            database.upgrade()
        service = build_service(settings, settings.statement_seconds)
        service.judge.load(settings.template)
        take_up(service)
        service.recordings.workspaces.sweep()
        # What is written on the way lies where recordings are kept: the system's temporary folder may be small.
        tempfile.tempdir = str(service.recordings.workspaces.folder)
        app = create_app(service)
        server = uvicorn.Server(http_config(app, settings))
        http = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http")
        http.start()
        try:
            with _workers(settings), watching(service):
                host = f"[{settings.host}]" if ":" in settings.host else settings.host
                yield service, f"http://{host}:{listener.getsockname()[1]}"
        finally:
            app.state.feed.close()
            server.should_exit = True
            http.join()
            service.database.close()


def http_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
    )


def take_up(service: Service) -> None:
    """Judge by what was published, and say what of it cannot be used: we start all the same, to have it mended here."""
    with service.database.transaction() as session:
        book = packs.follow(session, service.judge).book
    for name, why in book.unusable.items():
        log.error("published pack cannot be used", pack=name, reason=why)


#: Signals to stop that came. A list and not an Event: setting one takes a lock, and a second signal right then
#: would wait for ever.
_told: list[int] = []


def wait_until_stopped() -> None:
    """Block until SIGINT or SIGTERM. A second one afterwards makes the workers hand back what they have in hand."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: _told.append(number))
    while not _told:
        time.sleep(0.2)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise ServingError(
            f"无法监听 {settings.host}:{settings.port}（{error.strerror}）；请用 TINGJIAN_PORT 另选端口"
        ) from error
    # Head and body of an answer are two packets: without this, the second waits for the first to be acknowledged, which
    # takes 40 ms on a line that is used again. asyncio sees to it only for sockets made with IPPROTO_TCP by name.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener


@contextmanager
def _workers(settings: Settings) -> Iterator[None]:
    """Keep the worker processes running; one that ends, for whatever reason, is started again."""
    stopping = threading.Event()
    team = crew(settings, fitted(settings)) if settings.workers != 0 else []
    slots = [threading.Thread(target=_keep, args=(one, stopping), name=f"worker-{n}") for n, one in enumerate(team)]
    log.info("workers start", workers=len(team), threads=[one.asr_threads for one in team])
    for slot in slots:
        slot.start()
    try:
        yield
    finally:
        stopping.set()
        for slot in slots:
            slot.join()


def crew(settings: Settings, fit: Fit) -> list[Settings]:
    """The settings of each worker. Their number, if it is left open, and then their threads are for the machine to
    say; GPUs are dealt out in turn."""
    count, threads = settings.workers, settings.asr_threads
    if count is None:
        count, threads = fit.workers, fit.threads
    cards = fit.workers if fit.device == "cuda" else 1
    own = ({"asr_threads": threads, "asr_card": (settings.asr_card + number) % cards} for number in range(count))
    return [settings.model_copy(update=update) for update in own]


def _keep(settings: Settings, stopping: threading.Event) -> None:
    while not stopping.is_set():
        started = time.monotonic()
        try:
            _run_worker(settings, stopping)
        except OSError as error:  # neither process nor memory to be had: others may end
            log.warning("worker does not start", reason=error.strerror)
        # A worker that cannot even start must not be started a thousand times a second.
        stopping.wait(max(0.0, 1 - (time.monotonic() - started)))


def _run_worker(settings: Settings, stopping: threading.Event) -> None:
    with subprocess.Popen(  # noqa: S603 - our own program
        [*_TINGJIAN, "worker", "--with-parent"],
        env=worker_environment(settings),
        stdin=subprocess.PIPE,
        # Ctrl-C is for us: told twice to stop, a worker hands the call in hand back instead of finishing it.
        start_new_session=True,
    ) as process:
        while process.poll() is None and not stopping.wait(0.5):
            pass
        _stop(process, settings.patience)


def _stop(process: subprocess.Popen[bytes], patience: float) -> None:
    """Have a worker finish, or hand back once we are told to stop twice; kill one that does neither."""
    end, urged = time.monotonic() + patience + _TO_END, False
    process.terminate()
    while process.poll() is None and time.monotonic() < end:
        if len(_told) > 1 and not urged:
            urged = True
            process.terminate()
        time.sleep(0.1)
    process.kill()


def worker_environment(settings: Settings) -> dict[str, str]:
    """The environment of a worker process: ours, with the database, folder, threads and card it is to use."""
    assert settings.database_url
    shared = {
        "TINGJIAN_DATABASE_URL": settings.database_url,
        "TINGJIAN_DATA": str(settings.data),
        "TINGJIAN_LOG_LEVEL": settings.log_level,
        "TINGJIAN_ASR_THREADS": str(settings.asr_threads),
        "TINGJIAN_ASR_CARD": str(settings.asr_card),
    }
    return os.environ | {"OMP_NUM_THREADS": str(settings.asr_threads)} | shared
