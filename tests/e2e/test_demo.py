"""The first command of the README, as a newcomer runs it, and the service it leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from tests.conftest import SAMPLES, own_folder


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A machine that has never run this: no data, no joined model."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TINGJIAN_")}
    with own_folder() as folder:
        yield clean | {"TINGJIAN_DATA": str(folder / "data"), "TINGJIAN_PORT": "0", "COLUMNS": "160"}


def demo(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "app.cli", "demo", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_demo_twice_then_serve(environment: dict[str, str]) -> None:
    with demo(environment, "--once") as first:
        out, err = first.communicate(timeout=420)
    assert first.returncode == 0, out + err
    assert "Traceback" not in err
    recordings = sorted(path.name for path in SAMPLES.glob("*.wav"))
    assert len(recordings) >= 6
    for recording in recordings:
        assert f"{recording}  → 202" in out
        expected = json.loads((SAMPLES / recording).with_suffix(".expected.json").read_text("utf-8"))
        row = re.search(rf"^ *{re.escape(recording)} .*?(⚑|通过)", out, re.MULTILINE)
        assert row, out
        if expected["flagged"]:
            assert row[1] == "⚑", out

    with demo(environment) as second:
        try:
            assert second.stdout
            lines: list[str] = []
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and "Ctrl-C" not in "".join(lines[-1:]):
                lines.append(second.stdout.readline())
            shown = "".join(lines)
            assert all(f"{recording}  → 200" in shown for recording in recordings)
            address = re.search(r"'(http://\S+/v1/calls\?flagged=true)'", shown)
            secret = re.search(r"Bearer (tj_\S+)'", shown)
            assert address
            assert secret
            request = urllib.request.Request(address[1], headers={"Authorization": f"Bearer {secret[1]}"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                flagged = json.load(answer)["calls"]
            heard = {call["external_id"]: set(call["categories"]) for call in flagged}
            for recording in recordings:
                about = (SAMPLES / recording).with_suffix("")
                expected = json.loads(about.with_suffix(".expected.json").read_text("utf-8"))
                posted = json.loads(about.with_suffix(".transcript.json").read_text("utf-8"))["call"]["external_id"]
                if expected["flagged"]:
                    assert heard[posted] & {*expected["found"], *expected["missing"]}
        finally:
            second.send_signal(signal.SIGINT)
        _, err = second.communicate(timeout=90)
    assert second.returncode == 0, err
    assert "Traceback" not in err


def test_serve_starts_a_dead_worker_again_and_takes_its_workers_along(environment: dict[str, str]) -> None:
    serve = [sys.executable, "-m", "app.cli", "serve"]
    with subprocess.Popen(
        serve, env=environment | {"TINGJIAN_WORKERS": "1"}, stderr=subprocess.PIPE, text=True
    ) as service:
        first = _worker_of(service, but=None)
        first.kill()
        second = _worker_of(service, but=first)
        service.kill()  # not even asked to stop
        second.wait(60)
        service.communicate()


def _worker_of(service: subprocess.Popen[str], but: psutil.Process | None) -> psutil.Process:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        children = psutil.Process(service.pid).children()
        for child in children:
            with suppress(psutil.NoSuchProcess):  # it just ended
                if child != but and "worker" in child.cmdline():
                    return child
        time.sleep(0.2)
    raise AssertionError("no worker")


def test_a_second_service_on_the_same_data_is_told_so(environment: dict[str, str]) -> None:
    serve = [sys.executable, "-m", "app.cli", "serve"]
    quiet = environment | {"TINGJIAN_WORKERS": "0"}
    with subprocess.Popen(serve, env=quiet, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr
        while "听鉴已启动" not in first.stderr.readline():
            assert first.poll() is None
        second = subprocess.run(serve, env=quiet, capture_output=True, text=True, timeout=60)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)
    assert first.returncode == 0
    assert second.returncode == 1
    assert "已有服务在使用" in second.stderr
    assert "Traceback" not in second.stderr
