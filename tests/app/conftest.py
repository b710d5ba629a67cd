"""A real PostgreSQL, a service on it, a client with keys of every role, and a worker that works off the queue."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
import uvicorn
from moto.server import ThreadedMotoServer
from sqlalchemy import create_engine, event, make_url, text
from starlette.testclient import TestClient

import asr
from app import logs
from app.database import Database
from app.embedded import embedded_postgres
from app.jobs import Bench
from app.main import create_app
from app.security import ROLES
from app.service import Service, build_service
from app.settings import Settings
from app.store import keys, users
from app.tables import Transcript
from app.worker import QUEUES, worker_app
from tests.conftest import own_folder
from tests.logged import LogLines


@pytest.fixture(scope="session")
def log_lines() -> Iterator[LogLines]:
    """Every line that is logged in this run, and every word that is said in it; at the end they must not have met."""
    lines = LogLines()

    def hear(_: object, __: object, transcript: Transcript) -> None:
        lines.hear(transcript.body)

    event.listen(Transcript, "before_insert", hear)
    yield lines
    event.remove(Transcript, "before_insert", hear)
    assert lines.leaks() == []


@pytest.fixture(autouse=True)
def _logged(log_lines: LogLines) -> None:
    # Before each test: one of them may have had its log sent elsewhere.
    logs.configure(log_lines)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server with a migrated database to copy, called `pristine`."""
    with own_folder() as folder, embedded_postgres(folder) as url:
        _execute(url, "CREATE DATABASE pristine")
        pristine = Database(_named(url, "pristine"))
        pristine.upgrade()
        pristine.close()
        yield url


@pytest.fixture
def database_url(postgres: str, _serial: Iterator[int]) -> Iterator[str]:
    """A fresh migrated database."""
    name = f"test_{next(_serial)}"
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE pristine")
    yield _named(postgres, name)
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _serial() -> Iterator[int]:
    return count(1)


@pytest.fixture
def settings(tmp_path: Path, database_url: str, models: Path) -> Settings:
    """Settings of a service of its own; uploads are limited to 2 MiB."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").symlink_to(models)
    return Settings(data=data, database_url=database_url, max_upload_mib=2, workers=1, port=0)


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """A service that nobody has used yet."""
    service = build_service(settings)
    yield service
    service.database.close()


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
        secrets = {role: keys.add(session, role, users.add(session, role, role)) for role in ROLES}
    return {role: {"Authorization": f"Bearer {secret}"} for role, secret in secrets.items()}


@pytest.fixture
def bench(service: Service, transcriber: asr.Transcriber) -> Bench:
    """A worker's parts, with the model that is loaded already."""
    return Bench(service.database, service.recordings, service.judge, lambda: transcriber, 4 * 3600, service.references)


@pytest.fixture
def work_off(bench: Bench) -> Callable[[], None]:
    """Run a worker until nothing is due."""

    async def run() -> None:
        app = worker_app(bench)
        async with app.open_async():
            await app.run_worker_async(queues=list(QUEUES), wait=False, install_signal_handlers=False)

    return lambda: asyncio.run(run())


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """An S3 server of our own."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, _serial: Iterator[int]) -> str:
    """The URL of an empty bucket with a prefix."""
    given = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in (given | {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}).items():
        monkeypatch.setenv(name, value)
    name = f"recordings-{next(_serial)}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    return f"s3://{name}/tingjian"


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
