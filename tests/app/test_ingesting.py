"""The commands about recordings and call detail records."""

import threading
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import ingesting
from app.cli import app
from app.main import create_app
from app.retention import delete_unused
from app.sealing import new_key, read_keys
from app.service import Service, build_service
from app.settings import Settings
from app.storage import Recordings
from app.tables import Call
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]
SOUND = wav(20)


def with_keys(settings: Settings, *keys: str) -> Settings:
    return settings.model_copy(update={"recording_keys": SecretStr(" ".join(keys)) if keys else None})


def heard(settings: Settings, auth: Auth, call_id: int, part: str) -> tuple[int, bytes]:
    """The answer of a service with these settings."""
    service = build_service(settings)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        answer = client.get(f"/v1/calls/{call_id}/audio", headers=auth["supervisor"] | {"Range": part})
    service.database.close()
    return answer.status_code, answer.content


def kept(settings: Settings) -> list[str]:
    return [path.suffix for path in (settings.data / "recordings").rglob("*") if path.is_file()]


def test_recordings_are_sealed_and_their_keys_rotate(client: TestClient, auth: Auth, settings: Settings) -> None:
    files = {"audio": ("a.wav", SOUND)}
    call_id = client.post("/v1/calls", headers=auth["dialer"], files=files).json()["id"]
    old, new = new_key(), new_key()
    assert kept(settings) == [""]
    for keys in [(old,), (new, old), (new,)]:
        assert ingesting.reseal(with_keys(settings, *keys))
        assert kept(settings) == [".sealed"]
        assert heard(with_keys(settings, *keys), auth, call_id, "bytes=70000-200000") == (206, SOUND[70000:200001])
    for wrong in ((), (old,)):
        assert heard(with_keys(settings, *wrong), auth, call_id, "bytes=0-9")[0] == 500
        assert not ingesting.reseal(with_keys(settings, *wrong))
    assert heard(with_keys(settings, new), auth, call_id, "bytes=-9") == (206, SOUND[-9:])


def test_what_is_deleted_meanwhile_does_not_come_back(
    client: TestClient, auth: Auth, service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (1, 2, 3):
        client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a.wav", wav(seed=seed))})
    purges: list[threading.Thread] = []

    def gone(call_id: int) -> None:
        with service.database.transaction() as session:
            recording = session.get_one(Call, call_id).recording
            session.execute(text("DELETE FROM calls WHERE id = :id"), {"id": call_id})
        assert recording
        assert delete_unused(service, recording)

    def while_it_is_written(here: Recordings, sha256: str) -> bool:
        if not purges:
            gone(next(number for number in (1, 2, 3) if number != call_of(sha256)))
            purges.append(threading.Thread(target=gone, args=[call_of(sha256)]))
            purges[0].start()
            time.sleep(0.5)
        return reseal(here, sha256)

    def call_of(sha256: str) -> int:
        with service.database.transaction() as session:
            return session.scalars(select(Call.id).where(Call.recording == sha256)).one()

    reseal = Recordings.reseal
    monkeypatch.setattr(Recordings, "reseal", while_it_is_written)
    assert ingesting.reseal(with_keys(settings, new_key()))
    purges[0].join()
    assert kept(settings) == [".sealed"]


def test_a_lost_recording_is_told(
    client: TestClient, auth: Auth, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a.wav", SOUND)})
    (path,) = (path for path in (settings.data / "recordings").rglob("*") if path.is_file())
    path.unlink()
    assert not ingesting.reseal(with_keys(settings, new_key()))
    assert path.name in capsys.readouterr().err


def test_call_detail_records_are_imported(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.database_url
    monkeypatch.setenv("TINGJIAN_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TINGJIAN_DATA", str(settings.data))
    (tmp_path / "cdr.csv").write_text("external_id,started_at,seconds\nc-1,2026-11-02 09:00,9\n", "utf-8")
    for told in ("新增 1 条，更新 0 条", "新增 0 条，更新 1 条"):
        result = CliRunner().invoke(app, ["cdr", "import", str(tmp_path / "cdr.csv")])
        assert (result.exit_code, result.stdout.strip()) == (0, told)
    (tmp_path / "cdr.csv").write_text("external_id,started_at,seconds\nc-1,soon,9\n", "utf-8")
    assert CliRunner().invoke(app, ["cdr", "import", str(tmp_path / "cdr.csv")]).exit_code == 1
    assert CliRunner().invoke(app, ["cdr", "import", str(tmp_path / "none.csv")]).exit_code == 2


def test_a_fresh_key_is_one() -> None:
    assert len(read_keys(CliRunner().invoke(app, ["recordings", "key"]).stdout)) == 1


@pytest.mark.parametrize("name", ["TINGJIAN_RECORDING_KEYS", "TINGJIAN_RECORDING_KEYS_FILE"])
def test_a_bad_key_is_told_but_not_shown(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys").write_text("c2VjcmV0\n")
    monkeypatch.setenv(name, "c2VjcmV0" if name.endswith("KEYS") else str(tmp_path / "keys"))
    result = CliRunner().invoke(app, ["recordings", "seal"])
    assert result.exit_code == 2
    assert name in result.stderr
    assert "c2VjcmV0" not in result.output
