"""Recordings in a folder and on S3, plain and sealed: whole, readable in part, and gone when deleted."""

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.testclient import TestClient

import asr
from app import jobs
from app.blobs import LocalBlobs, S3Blobs, open_blobs
from app.errors import NotFound, Unavailable
from app.jobs import Bench
from app.main import create_app
from app.sealing import Read, Seal, SealError, new_key, plain_size, read_keys
from app.service import build_service
from app.settings import Settings
from app.storage import Recordings
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]

OLD, NEW = read_keys(f"{new_key()},{new_key()}")
CHUNK = 64 * 1024
SIZES = [1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 20 * CHUNK + 7]


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where to keep recordings."""
    return str(tmp_path / "kept") if request.param == "folder" else request.getfixturevalue("bucket")


def recordings(place: str, tmp_path: Path, *keys: bytes) -> Recordings:
    return Recordings(open_blobs(place), tmp_path / "incoming", Seal(keys) if keys else None)


def sound(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + b"x" * (size % 251)


def keep(into: Recordings, content: bytes, name: str = "a.wav") -> str:
    with into.arriving(io.BytesIO(content), name) as arrival:
        into.keep(arrival)
    assert arrival.sha256 == hashlib.sha256(content).hexdigest()
    return arrival.sha256


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "incoming").iterdir())


@pytest.mark.parametrize("keys", [(), (OLD,)], ids=["plain", "sealed"])
def test_a_recording_comes_back_whole_and_in_part(place: str, tmp_path: Path, keys: tuple[bytes, ...]) -> None:
    here = recordings(place, tmp_path, *keys)
    for size in SIZES:
        content = sound(size)
        sha256 = keep(here, content)
        assert here.has(sha256, size)
        assert not here.has(sha256, size + 1)
        for start, end in [(0, size), (0, 1), (size - 1, size), (size // 3, size // 2), (size // 2, size)]:
            assert b"".join(here.read(sha256, start, end)) == content[start:end], (size, start, end)
        with here.opened(sha256) as path:
            assert path.read_bytes() == content
    assert not left(tmp_path)


@pytest.mark.parametrize("keys", [(), (OLD,)], ids=["plain", "sealed"])
def test_what_is_deleted_is_gone(place: str, tmp_path: Path, keys: tuple[bytes, ...]) -> None:
    here = recordings(place, tmp_path, *keys)
    sha256 = keep(here, sound(1000))
    here.delete(sha256)
    here.delete(sha256)
    assert not here.has(sha256, 1000)
    for use in (lambda: here.read(sha256, 0, 1), here.opened(sha256).__enter__):
        with pytest.raises(NotFound):
            use()


@pytest.mark.parametrize("name", ["sealed", "a.wav.sealed", "x" * 300, "../sealed"])
def test_a_senders_name_cannot_get_in_the_way(tmp_path: Path, name: str) -> None:
    here = recordings(str(tmp_path / "kept"), tmp_path, OLD)
    sha256 = keep(here, sound(1000), name)
    assert b"".join(here.read(sha256, 0, 1000)) == sound(1000)


def test_nothing_sealed_is_readable_without_its_key(tmp_path: Path) -> None:
    content = sound(CHUNK)
    sha256 = keep(recordings(str(tmp_path / "kept"), tmp_path, OLD), content)
    (file,) = (path for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert content[:16] not in file.read_bytes()
    for keys in ((), (NEW,)):
        here = recordings(str(tmp_path / "kept"), tmp_path, *keys)
        assert here.has(sha256, len(content))
        with pytest.raises(SealError):
            list(here.read(sha256, 0, 1))


@pytest.mark.parametrize(("before", "after"), [((), (NEW,)), ((OLD,), (NEW, OLD)), ((OLD,), ())])
def test_keys_rotate(place: str, tmp_path: Path, before: tuple[bytes, ...], after: tuple[bytes, ...]) -> None:
    content = sound(3 * CHUNK)
    sha256 = keep(recordings(place, tmp_path, *before), content)
    here = recordings(place, tmp_path, *after)
    if not after:  # without the key it cannot be opened, so nothing is lost either
        with pytest.raises(SealError):
            here.reseal(sha256)
        assert b"".join(recordings(place, tmp_path, OLD).read(sha256, 0, len(content))) == content
        return
    assert b"".join(here.read(sha256, 0, len(content))) == content
    assert here.reseal(sha256)
    assert not here.reseal(sha256)
    only_new = recordings(place, tmp_path, NEW)
    assert b"".join(only_new.read(sha256, 0, len(content))) == content
    only_new.delete(sha256)
    assert not recordings(place, tmp_path).has(sha256, len(content))  # no second form is left
    assert not left(tmp_path)


def test_posting_again_keeps_what_is_kept_already(tmp_path: Path) -> None:
    plain = recordings(str(tmp_path / "kept"), tmp_path)
    keep(plain, sound(1000))
    keep(recordings(str(tmp_path / "kept"), tmp_path, OLD), sound(1000))
    assert len([path for path in (tmp_path / "kept").rglob("*") if path.is_file()]) == 1


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: _flip(data, 0), id="magic"),
        pytest.param(lambda data: _flip(data, 9), id="key id"),
        pytest.param(lambda data: _flip(data, 20), id="salt"),
        pytest.param(lambda data: _flip(data, 100), id="content"),
        pytest.param(lambda data: _flip(data, len(data) - 1), id="tag"),
        pytest.param(lambda data: data[: 48 + CHUNK + 16], id="cut after a chunk"),
        pytest.param(lambda data: data + data[48 : 48 + CHUNK + 16], id="a chunk more"),
        pytest.param(
            lambda data: data[:48] + data[48 + CHUNK + 16 : 48 + 2 * (CHUNK + 16)] + data[48 : 48 + CHUNK + 16],
            id="chunks swapped",
        ),
    ],
)
def test_a_changed_file_is_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    plain, sealed, seal = tmp_path / "plain", tmp_path / "sealed", Seal([OLD])
    plain.write_bytes(sound(2 * CHUNK))
    seal.seal(plain, sealed, "name")
    changed = change(sealed.read_bytes())
    sealed.write_bytes(changed)
    with pytest.raises(SealError):
        list(seal.open(_reader(sealed), len(changed), "name", 0, 2 * CHUNK))


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    plain, sealed, seal = tmp_path / "plain", tmp_path / "sealed", Seal([OLD])
    plain.write_bytes(sound(100))
    seal.seal(plain, sealed, "name")
    with pytest.raises(SealError):
        list(seal.open(_reader(sealed), sealed.stat().st_size, "other", 0, 100))


def _reader(path: Path) -> Read:
    return partial(LocalBlobs(path.parent).read, path.name)


@given(st.integers(0, 1 << 34))
def test_sizes_are_told_from_each_other(size: int) -> None:
    chunks = -(-size // CHUNK)
    assert plain_size(48 + size + 16 * chunks) == size


@pytest.mark.parametrize("text", ["", "short", "####", "QUJD", new_key()[:-4]])
def test_what_is_no_key_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(SealError) as refused:
        read_keys(text)
    assert not text or text not in str(refused.value)


def test_a_dead_bucket_is_said_to_be_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hush"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable) as refused:
        S3Blobs("s3://nowhere/x", retries=0).check()
    assert refused.value.code == "storage_unavailable"
    assert "hush" not in str(refused.value)


def test_a_bucket_that_does_not_exist_is_unavailable(bucket: str) -> None:
    with pytest.raises(Unavailable):
        open_blobs("s3://not-this-one/x").check()


_WORKS = """
import sys, time
from pathlib import Path
from pydantic import SecretStr
from starlette.testclient import TestClient

import asr
from app import jobs
from app.blobs import LocalBlobs
from app.service import build_service
from app.settings import Settings
from app.storage import Recordings
from tests.app.sounds import wav

Auth = dict[str, dict[str, str]]
with Recordings(LocalBlobs(Path(sys.argv[1])), Path(sys.argv[1]) / "incoming").workspaces.fresh() as folder:
    (folder / "half").write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_sweep_takes_what_the_killed_left_and_nothing_else(tmp_path: Path) -> None:
    here = Recordings(LocalBlobs(tmp_path), tmp_path / "incoming")
    with subprocess.Popen([sys.executable, "-c", _WORKS, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        here.workspaces.sweep()
        assert [path.name for path in tmp_path.rglob("half")] == ["half"]
        process.kill()
    here.workspaces.sweep()
    assert not left(tmp_path)


@pytest.mark.parametrize("keys", [None, SecretStr(new_key())], ids=["plain", "sealed"])
def test_a_service_keeps_its_recordings_on_s3(
    settings: Settings, auth: Auth, bucket: str, transcriber: asr.Transcriber, keys: SecretStr | None
) -> None:
    service = build_service(settings.model_copy(update={"recordings": bucket, "recording_keys": keys}))
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        files = {"audio": ("a.wav", wav(5))}
        call_id = client.post("/v1/calls", headers=auth["dialer"], files=files).raise_for_status().json()["id"]
        assert client.get("/readyz").json()["checks"]["recordings"] == "ok"
        bench = Bench(
            service.database, service.recordings, service.judge, lambda: transcriber, 3600, service.references
        )
        jobs.run_step(jobs.transcribe, bench, call_id, 1)
        jobs.run_step(jobs.judge, bench, call_id, 1)
        assert client.get(f"/v1/calls/{call_id}", headers=auth["supervisor"]).json()["status"] == "scored"
        ranged = auth["supervisor"] | {"Range": "bytes=70000-79999"}
        answer = client.get(f"/v1/calls/{call_id}/audio", headers=ranged)
        assert (answer.status_code, answer.content) == (206, wav(5)[70000:80000])
    service.database.close()
    assert not list(service.recordings.workspaces.folder.iterdir())


def test_posting_while_the_bucket_is_away_is_a_503(
    settings: Settings, auth: Auth, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    service = build_service(settings.model_copy(update={"recordings": bucket}))
    service.recordings.blobs = S3Blobs(bucket, retries=0)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        answer = client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a.wav", wav())})
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert client.get("/readyz").json()["checks"]["recordings"] == "storage_unavailable"
    service.database.close()
    assert not list(service.recordings.workspaces.folder.iterdir())
