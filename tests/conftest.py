"""What tests across the tree share: a real PostgreSQL, the real Whisper model, a service on both."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

import asr
from app.database import Database
from app.embedded import embedded_postgres
from app.service import Service, build_service
from app.settings import Settings

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL server with a migrated database to copy, called `pristine`."""
    with embedded_postgres(tmp_path_factory.mktemp("pg")) as url:
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


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps the joined model for the whole run."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def transcriber(models: Path) -> asr.Transcriber:
    """The packaged Whisper model, loaded once."""
    return asr.load_transcriber(models=models)


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
