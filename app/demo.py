"""The main job, shown on the sample recordings: everything up, posted as a dialer does, judged, and looked at."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app import report
from app.engine import prepare_model
from app.errors import NotFound
from app.security import Role
from app.service import Service
from app.serving import running, wait_until_stopped
from app.settings import Settings
from app.store import keys, users

SAMPLES = Path(__file__).parent.parent / "samples"


def run_demo(settings: Settings, console: Console, *, once: bool) -> bool:
    """Run the demo; returns whether every sample was scored. Serves until interrupted unless `once`."""
    with report.model_bar(console) as progress:
        prepare_model(settings, progress)
    console.print("启动 PostgreSQL、HTTP 服务与转写进程 …")
    with running(settings) as (service, address):
        dialer, supervisor = (_key(service, name) for name in ("dialer", "supervisor"))
        posted = _post_samples(address, dialer, console)
        details = _watch(address, supervisor, posted, console)
        console.print(report.results(details, title="质检结果"))
        console.print(f"语音引擎    {details[0]['transcript']['engine']}" if details[0]["transcript"] else "")
        if not once:
            _say_where(address, supervisor, _password(service, "demo-supervisor"), console)
            console.print("服务运行中，按 Ctrl-C 结束。")
            wait_until_stopped()
    return all(detail["status"] == "scored" for detail in details)


def _key(service: Service, role: Role) -> str:
    name = f"demo-{role}"
    with service.database.transaction() as session:
        try:
            return keys.renew(session, name)
        except NotFound:
            return keys.add(session, name, users.add(session, name, role))


def _password(service: Service, name: str) -> str:
    with service.database.transaction() as session:
        return users.reset_password(session, users.named(session, name))


def _client(address: str, key: str) -> httpx2.Client:
    # The environment's proxies are for the world outside.
    return httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)


def _post_samples(address: str, key: str, console: Console) -> list[int]:
    posted = []
    with _client(address, key) as dialer:
        for recording in sorted(SAMPLES.glob("*.wav")):
            facts = json.loads(recording.with_suffix(".transcript.json").read_text("utf-8"))["call"]
            with recording.open("rb") as audio:
                form = {"metadata": json.dumps(facts)}
                answer = dialer.post("/v1/calls", data=form, files={"audio": (recording.name, audio)})
            answer.raise_for_status()
            known = "（已有，未重复保存）" if answer.status_code == 200 else ""
            console.print(f"POST /v1/calls  {recording.name}  → {answer.status_code}{known}", style="dim")
            posted.append(answer.json()["id"])
    return posted


def _watch(address: str, key: str, posted: list[int], console: Console) -> list[dict[str, Any]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _client(address, key) as supervisor, Progress(*columns, console=console) as progress:
        task = progress.add_task("转写与质检", total=len(posted))
        while True:
            details = [supervisor.get(f"/v1/calls/{call_id}").raise_for_status().json() for call_id in posted]
            states = [detail["status"] for detail in details]
            done = sum(state in ("scored", "failed") for state in states)
            progress.update(task, completed=done, description=f"转写与质检（{_count(states)}）")
            if done == len(posted):
                return [detail | {"source": detail["recording_name"]} for detail in details]
            time.sleep(0.5)


def _count(states: list[str]) -> str:
    names: Mapping[str, str] = {
        "queued": "排队",
        "transcribing": "转写中",
        "judging": "评判中",
        "scored": "完成",
        "failed": "失败",
    }
    return " ".join(f"{word} {states.count(state)}" for state, word in names.items() if state in states)


def _say_where(address: str, key: str, password: str, console: Console) -> None:
    console.print(f"网页        {address}")
    console.print(f"登录        demo-supervisor  {password}", highlight=False)
    console.print(f"接口与文档  {address}/docs")
    console.print(f"主管密钥    {key}")
    console.print(
        f"查看被标记  curl -H 'Authorization: Bearer {key}' '{address}/v1/calls?flagged=true'", soft_wrap=True
    )
