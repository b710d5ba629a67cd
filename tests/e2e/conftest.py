"""A whole service with scored calls, started once, and a browser that notices whatever is amiss."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.conftest import SAMPLES, own_folder
from tests.logged import LogLines

#: Milliseconds that a page may take to show something, on a machine that is busy with other things.
_PATIENCE = 15_000

#: What somebody may try to run in the browser of whoever looks at a call.
EVIL = '"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
#: The same as a file name, of which only what follows the last slash is kept.
EVIL_NAME = "<img src=x onerror=window.pwned=1>.wav"


@dataclass(frozen=True)
class Site:
    """A running service."""

    address: str
    passwords: dict[str, str]  #: by user; users are called as their roles are
    calls: dict[str, int]  #: by sample, and `evil`


@dataclass
class Visit:
    """A page in a browser of its own, and what went wrong in it."""

    page: Page
    site: Site
    faults: list[str] = field(default_factory=list)

    def sign_in(self, role: str, at: str = "/") -> Page:
        """Sign in on the way to a page."""
        self.page.goto(self.site.address + at)
        self.page.fill("[name=name]", role)
        self.page.fill("[name=password]", self.site.passwords[role])
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_selector("header.top")
        self.page.wait_for_load_state()  # a key pressed before the page's script is there is lost
        return self.page


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TINGJIAN_")}
    with own_folder() as folder:
        mine = {"TINGJIAN_DATA": str(folder / "data"), "TINGJIAN_PORT": "0", "TINGJIAN_WORKERS": "1"}
        serve = [sys.executable, "-m", "app.cli", "serve"]
        # A file and not a pipe: the service would wait for ever once nobody empties a full one.
        with (folder / "log").open("w") as log, subprocess.Popen(serve, env=clean | mine, stderr=log) as service:
            try:
                yield _filled(*_told(service, folder / "log"))
            finally:
                service.terminate()
                service.wait(90)
        _check((folder / "log").read_text("utf-8"))


def _check(log: str) -> None:
    """See that nothing of all that was sent in is in the log."""
    lines = LogLines()
    for said in SAMPLES.glob("*.transcript.json"):
        lines.hear(json.loads(said.read_text("utf-8")))
    lines.write(log)
    assert "step done" in log
    assert lines.leaks() == []


def _told(service: "subprocess.Popen[bytes]", log: Path) -> tuple[str, str]:
    """Address and first password, from what the service says as it starts."""
    while service.poll() is None:
        said = log.read_text("utf-8")
        address, password = re.search("听鉴已启动：(http://[^/]+)", said), re.search("admin 的密码是 (\\S+)", said)
        if address and password:
            return address[1], password[1]
        time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8"))


def _filled(address: str, password: str) -> Site:
    passwords = {"admin": password}
    with _client(address, "admin", password) as admin:
        for role in ("inspector", "supervisor", "agent"):
            made = admin.post("/v1/users", json={"name": role, "role": role, "agent_id": "nobody"})
            passwords[role] = made.raise_for_status().json()["password"]
    with _client(address, "supervisor", passwords["supervisor"]) as supervisor:
        called = {"threat": "threat.wav", "compliant": EVIL_NAME}
        calls = {name: _post_sample(supervisor, name, file) for name, file in called.items()} | {
            "evil": _post_evil(supervisor)
        }
        deadline = time.monotonic() + 300
        while any(supervisor.get(f"/v1/calls/{call}").json()["status"] != "scored" for call in calls.values()):
            assert time.monotonic() < deadline, "the samples are not scored"
            time.sleep(0.5)
    return Site(address, passwords, calls)


@contextmanager
def _client(address: str, name: str, password: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=address, timeout=60, trust_env=False) as client:
        session = client.post("/v1/session", json={"name": name, "password": password}).raise_for_status().json()
        client.headers["X-CSRF-Token"] = session["csrf"]
        yield client


def _post_sample(client: httpx2.Client, name: str, called: str) -> int:
    recording = SAMPLES / f"{name}.wav"
    facts = json.loads(recording.with_suffix(".transcript.json").read_text("utf-8"))["call"]
    files = {"audio": (called, recording.read_bytes())}
    posted = client.post("/v1/calls", data={"metadata": json.dumps(facts)}, files=files)
    call: int = posted.raise_for_status().json()["id"]
    return call


def _post_evil(client: httpx2.Client) -> int:
    facts: dict[str, Any] = {"external_id": EVIL, "agent_id": EVIL, "team": EVIL, "debtor_id": EVIL, EVIL: EVIL}
    said = [{"speaker": "agent", "text": f"再不还钱就让你坐牢{EVIL}"}, {"speaker": "customer", "text": EVIL}]
    posted = client.post("/v1/texts", json={"call": facts, "utterances": said})
    call: int = posted.raise_for_status().json()["id"]
    return call


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whichever there is."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        reason = "no Chromium here: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """A visit at the end of which nothing may have gone wrong, nor been asked of another host."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    made = Visit(context.new_page(), site)
    made.page.set_default_timeout(_PATIENCE)
    made.page.on("console", _noted(made.faults))
    made.page.on("pageerror", lambda error: made.faults.append(str(error)))
    made.page.on("request", lambda request: _followed(made, request))
    yield made
    context.close()
    assert made.faults == []


def _noted(faults: list[str]) -> Callable[[ConsoleMessage], None]:
    def note(message: ConsoleMessage) -> None:
        # What the content security policy stops is told here too.
        if message.type in ("error", "warning"):
            faults.append(message.text)

    return note


def _followed(visit: Visit, request: Request) -> None:
    if not request.url.startswith((visit.site.address, "data:")):
        visit.faults.append(f"asked another host: {request.url}")


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, as the build fetched it."""
    return (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def grave_faults(page: Page, axe: str) -> list[tuple[str, list[str]]]:
    """What axe-core finds on a page that keeps somebody from using it, and where."""
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    grave = [fault for fault in found["violations"] if fault["impact"] in ("serious", "critical")]
    return [(fault["id"], [node["html"] for node in fault["nodes"]][:3]) for fault in grave]
