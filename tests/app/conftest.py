"""A client for the HTTP side, keys of every role, and a worker that works off the queue."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvicorn
from starlette.testclient import TestClient

import asr
from app.jobs import QUEUES, Bench, worker_app
from app.main import create_app
from app.security import ROLES
from app.service import Service
from app.store import keys

Headers = Mapping[str, str]


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """The HTTP side of the service; errors come back as answers, as they do to a real client."""
    with TestClient(create_app(service), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def served(service: Service) -> Iterator[str]:
    """The HTTP side on a real socket; its host:port."""
    server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def auth(service: Service) -> dict[str, dict[str, str]]:
    """An Authorization header for each role."""
    with service.database.transaction() as session:
        secrets = {role: keys.add(session, role, role) for role in ROLES}
    return {role: {"Authorization": f"Bearer {secret}"} for role, secret in secrets.items()}


@pytest.fixture
def bench(service: Service, transcriber: asr.Transcriber) -> Bench:
    """A worker's parts, with the model that is loaded already."""
    return Bench(service.database, service.recordings, service.judge, lambda: transcriber)


@pytest.fixture
def work_off(bench: Bench) -> Callable[[], None]:
    """Run a worker until nothing is due."""

    async def run() -> None:
        app = worker_app(bench)
        async with app.open_async():
            await app.run_worker_async(queues=list(QUEUES), wait=False, install_signal_handlers=False)

    return lambda: asyncio.run(run())
