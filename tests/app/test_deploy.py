"""What is handed to operators fits the program: compose file and dashboard name only what exists."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from app import worker
from app.cli import app
from app.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def compose() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return made


def test_compose_parts_fit_together(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"api", "worker", "worker-gpu", "postgres", "s3"} <= services.keys()
    targets = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    for service in services.values():
        assert set(service.get("depends_on", [])) <= services.keys()
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= compose["volumes"].keys()
        assert {config["source"] for config in service.get("configs", [])} <= compose["configs"].keys()
        assert service.get("build", {}).get("target", "cpu") in targets


def test_images_tell_voices_apart() -> None:
    installs = re.findall(r"^RUN uv sync (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert installs
    assert all("--extra speakers" in options for options in installs)


def test_compose_sets_what_the_program_reads(compose: dict[str, Any]) -> None:
    ours = [service for service in compose["services"].values() if "build" in service]
    assert len(ours) == 3
    for service in ours:
        names = {name.removeprefix("TINGJIAN_").lower() for name in service["environment"] if "TINGJIAN" in name}
        assert names <= Settings.model_fields.keys()
        patience = float(service["environment"]["TINGJIAN_PATIENCE"])
        assert float(service["stop_grace_period"].removesuffix("s")) > patience + 5
        command = service.get("command", ["serve"])
        assert command[0] in {
            known.name or known.callback.__name__ for known in app.registered_commands if known.callback
        }
        if "--queues" in command:
            assert command[command.index("--queues") + 1] in worker.QUEUES


def test_compose_believes_its_own_gateway_only(compose: dict[str, Any]) -> None:
    (network,) = compose["networks"]["default"]["ipam"]["config"]
    assert compose["services"]["api"]["environment"]["TINGJIAN_TRUSTED_PROXIES"] == network["gateway"]


def test_dashboard_asks_only_for_what_is_told(client: TestClient) -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text("utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"tingjian_\w+", target["expr"])
    }
    client.get("/healthz")
    page = client.get("/metrics").text
    told = set(re.findall(r"^# TYPE (\S+) (?:gauge|counter|histogram)", page, re.MULTILINE))
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} <= told
    assert len(asked) > 8
