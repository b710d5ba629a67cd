"""Pictures of the pages for the README, of a service of its own that has the samples and a month of calls like them.

    uv run python -m tests.benchmarks.screenshots [FOLDER]

A few of them are posted as recordings, and transcribed as any others; the month is made of what is said in them all.
Each picture is 1440 by 900 points, as WebP, into docs/screenshots unless told otherwise; their sizes are printed.
"""

import argparse
import base64
import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Page, sync_playwright

from app import logs
from app.demo import SAMPLES
from app.engine import prepare_model
from app.schemas import CALL_ZONE
from app.security import Role
from app.service import Service
from app.serving import running
from app.settings import Settings
from app.store import keys, users

FOLDER = Path(__file__).parents[2] / "docs/screenshots"

#: Who works here, by role.
NAMES: dict[Role, str] = {"inspector": "王敏", "supervisor": "李主管", "admin": "admin"}

#: Name -> who looks at what.
PAGES: dict[str, tuple[Role, str]] = {
    "home": ("supervisor", "/"),
    "calls": ("supervisor", "/calls"),
    "call": ("inspector", "/calls/{call}"),
    "upload": ("inspector", "/upload"),
    "statistics": ("supervisor", "/statistics"),
    "rules": ("supervisor", "/rules"),
    "rule": ("supervisor", "/rules/collection-standard"),
    "try": ("supervisor", "/rules/try"),
    "edit": ("supervisor", "/rules/collection-standard/edit"),
    "users": ("admin", "/users"),
}
_TRIED = "坐席：您好，请问是张先生本人吗？\n客户：是我。\n坐席：您不用担心被拘留。\n坐席：再不还钱就让你坐牢！"
_RECORDED = ("complaint", "compliant", "threat", "hardship")
_SHOWN = "threat"
_QUALITY = 80

#: Samples of calls in which nothing is wrong; one call in twelve of the month is like the others.
_FINE = ("compliant", "hardship", "denials")
_A_DAY = 30
_TEAMS = ("华东一组", "华东二组", "华南一组")
_HOURS = (9, 10, 10, 11, 14, 15, 15, 16, 17, 19)


@dataclass(frozen=True, slots=True)
class Site:
    """A service with everything in it."""

    address: str
    passwords: dict[Role, str]
    call: int  #: the one to show


@contextmanager
def site() -> Iterator[Site]:
    """Everything up, and every call scored, while the block runs."""
    with tempfile.TemporaryDirectory(prefix="tingjian-screenshots-") as folder:
        settings = Settings(data=Path(folder), port=0, workers=2, log_level="warning", requests_per_minute=100_000)
        prepare_model(settings, lambda _: None)
        with running(settings) as (service, address):
            passwords, secret = _people(service)
            key = {"Authorization": f"Bearer {secret}"}
            with httpx2.Client(base_url=address, headers=key, timeout=60, trust_env=False) as client:
                call = _recordings(client)
                _month(client, random.Random(7))
                _await_all(client)
            yield Site(address, passwords, call)


def _people(service: Service) -> tuple[dict[Role, str], str]:
    with service.database.transaction() as session:
        made = {role: users.reset_password(session, users.add(session, name, role)) for role, name in NAMES.items()}
        return made, keys.add(session, "dialer-1", users.add(session, "dialer-1", "supervisor"))


def _sample(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SAMPLES / f"{name}.transcript.json").read_text("utf-8"))
    return read


def _recordings(client: httpx2.Client) -> int:
    """Post recordings of yesterday evening, at an hour when calling is allowed; returns the call to show."""
    posted, evening = {}, (datetime.now(CALL_ZONE) - timedelta(days=1)).replace(hour=20, minute=50)
    for number, name in enumerate(_RECORDED):
        moment = {"started_at": (evening - timedelta(minutes=11 * number)).isoformat(), "team": _TEAMS[number % 3]}
        form = {"metadata": json.dumps(_sample(name)["call"] | moment)}
        files = {"audio": (f"{name}.wav", (SAMPLES / f"{name}.wav").read_bytes())}
        posted[name] = client.post("/v1/calls", data=form, files=files).raise_for_status().json()["id"]
    call: int = posted[_SHOWN]
    return call


def _month(client: httpx2.Client, chance: random.Random) -> None:
    """Post what is said in the samples as calls of the last thirty days."""
    wrong = sorted({path.name.split(".")[0] for path in SAMPLES.glob("*.transcript.json")} - {*_FINE})
    today = datetime.now(CALL_ZONE)
    for number in range(len(_RECORDED), 30 * _A_DAY):  # no day has more calls than another
        said = _sample(chance.choice(wrong if chance.random() < 1 / 12 else _FINE))
        agent = chance.randrange(12)
        moment = (today - timedelta(days=1 + number // _A_DAY)).replace(
            hour=chance.choice(_HOURS), minute=chance.randrange(60)
        )
        said["call"] |= {
            "external_id": f"C{moment:%m%d}-{number:04}",
            "started_at": moment.isoformat(),
            "agent_id": str(8101 + agent),
            "team": _TEAMS[agent % 3],
            "debtor_id": f"D{chance.randrange(400):04}",
            "overdue_days": chance.choice((5, 20, 45, 80, 130, 200)),
        }
        client.post("/v1/texts", json=said).raise_for_status()


def _await_all(client: httpx2.Client) -> None:
    unfinished = ("queued", "transcribing", "judging")
    while any(client.get("/v1/calls", params={"status": status}).json()["calls"] for status in unfinished):
        time.sleep(1)


def sign_in(page: Page, made: Site, role: Role) -> None:
    """Sign in as the one who has this role."""
    page.goto(f"{made.address}/login")
    page.fill("[name=name]", NAMES[role])
    page.fill("[name=password]", made.passwords[role])
    page.press("[name=password]", "Enter")
    page.wait_for_selector("header.top")


def _use(page: Page, name: str) -> None:
    """Do what one comes to a page for, where it shows nothing before."""
    if name == "try":
        page.fill("[name=text]", _TRIED)
        page.click("form .main")
        page.wait_for_selector("#tried .finding")


def picture(page: Page) -> bytes:
    """What the page looks like, as WebP: PNG is three times the size."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(1500)  # the waveform, and what else comes after
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    return base64.b64decode(taken["data"])


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    logs.configure(level="warning")
    with site() as made, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (role, at) in PAGES.items():
            page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
            sign_in(page, made, role)
            page.goto(made.address + at.format(call=made.call))
            _use(page, name)
            (folder / f"{name}.webp").write_bytes(picture(page))
            print(f"{name:12}{(folder / f'{name}.webp').stat().st_size / 1000:8.1f} kB", flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
