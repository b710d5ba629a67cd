"""What tests across the tree share: the sample recordings and the real Whisper model."""

from pathlib import Path

import pytest

import asr

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps the joined model for the whole run."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def transcriber(models: Path) -> asr.Transcriber:
    """The packaged Whisper model, loaded once."""
    return asr.load_transcriber(models=models)
