"""What tests across the tree share: the sample recordings and the real Whisper model."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import asr

SAMPLES = Path(__file__).parent.parent / "samples"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A temporary folder for a PostgreSQL to live in.

    Not pytest's: under root PostgreSQL runs as another user, and every pytest that starts on the machine closes
    the folder that all of them share to others.
    """
    with tempfile.TemporaryDirectory(prefix="tingjian-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps the joined model for the whole run."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def transcriber(models: Path) -> asr.Transcriber:
    """The packaged Whisper model, loaded once."""
    return asr.load_transcriber(models=models)
