"""What `serve` starts beside itself fits the machine, unless somebody said otherwise."""

import errno
import gc
import socket
import subprocess
import tempfile
import threading
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from app import engine, serving
from app.serving import crew, worker_environment
from app.settings import Settings
from asr.machine import Card, Fit, Machine

GB = 1024**3
MODERN = frozenset({"float16", "float32", "int8_float16"})


def test_a_worker_that_cannot_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries, stopping = count(1), threading.Event()

    def fails(*_: object, **__: object) -> None:
        if next(tries) == 2:
            stopping.set()
        raise OSError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(subprocess, "Popen", fails)
    serving._keep(Settings(data=tmp_path, database_url="postgresql://nowhere/"), stopping)
    assert next(tries) == 3


def test_no_connection_is_left_behind_by_starting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)  # which the service changes
    with (
        serving.running(settings.model_copy(update={"workers": 0})) as (service, _),
        service.database.transaction() as ours,
    ):
        gc.collect()  # one that is merely forgotten is a ResourceWarning
        ours_only = "datname = current_database() AND backend_type = 'client backend'"
        assert ours.scalar(text(f"SELECT count(*) FROM pg_stat_activity WHERE {ours_only}")) == 1


def test_a_taken_port_is_told_before_the_database_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "connected", lambda _: pytest.fail("the database is started"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(data=tmp_path, port=taken.getsockname()[1])
        with pytest.raises(serving.ServingError, match="无法监听"), serving.running(settings):
            pass


def test_an_answer_in_two_packets_waits_for_no_acknowledgement(tmp_path: Path) -> None:
    with serving._listening(Settings(data=tmp_path, port=0)) as listener:
        with socket.create_connection(listener.getsockname()[:2]):
            taken, _ = listener.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("given", "fit", "expected"),
    [
        ({}, Fit("cpu", 2, 1, "int8"), [(1, 0), (1, 0)]),
        ({}, Fit("cpu", 15, 1, "int8"), [(1, 0)] * 15),
        ({}, Fit("cpu", 2, 7, "int8"), [(7, 0), (7, 0)]),
        ({"workers": 3}, Fit("cpu", 2, 7, "int8"), [(1, 0)] * 3),
        ({"workers": 1, "asr_threads": 4}, Fit("cpu", 2, 1, "int8"), [(4, 0)]),
        ({}, Fit("cuda", 3, 1, "float16"), [(1, 0), (1, 1), (1, 2)]),
        ({"workers": 4}, Fit("cuda", 2, 1, "float16"), [(1, 0), (1, 1), (1, 0), (1, 1)]),
        ({"workers": 2, "asr_card": 3}, Fit("cuda", 4, 1, "float16"), [(1, 3), (1, 0)]),
        ({"workers": 0}, Fit("cpu", 2, 1, "int8"), []),
    ],
)
def test_crew(given: dict[str, int], fit: Fit, expected: list[tuple[int, int]]) -> None:
    settings = Settings.model_validate({"database_url": "postgresql://x"} | given)
    team = crew(settings, fit)
    assert [(one.asr_threads, one.asr_card) for one in team] == expected
    for one in team:
        told = worker_environment(one)
        assert told["TINGJIAN_ASR_THREADS"] == told["OMP_NUM_THREADS"] == str(one.asr_threads)
        assert told["TINGJIAN_ASR_CARD"] == str(one.asr_card)


@pytest.mark.parametrize(
    ("given", "machine", "expected"),
    [
        ({}, Machine(2, 4 * GB), Fit("cpu", 2, 1, "int8")),
        ({}, Machine(16, 64 * GB), Fit("cpu", 15, 1, "int8")),
        ({}, Machine(16, 64 * GB, (Card(MODERN, 24 * GB),) * 2), Fit("cuda", 2, 1, "float16")),
        ({"asr_device": "cpu"}, Machine(16, 64 * GB, (Card(MODERN, 24 * GB),)), Fit("cpu", 15, 1, "int8")),
        # The model is elsewhere: our card is of no use, and memory is not what is short.
        (
            {"asr_backend": "openai", "asr_url": "http://x/v1"},
            Machine(4, 3 * GB, (Card(MODERN, 24 * GB),)),
            Fit("cpu", 3, 1, "int8"),
        ),
    ],
)
def test_what_fits(
    given: dict[str, str],
    machine: Machine,
    expected: Fit,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "models").symlink_to(models)
    monkeypatch.setattr(engine, "this_machine", lambda: machine)
    assert engine.fitted(Settings.model_validate({"data": tmp_path} | given)) == expected
