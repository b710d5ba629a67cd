"""The command line, as a user runs it: real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.app.sounds import wav
from tests.conftest import SAMPLES


@pytest.fixture
def run(tmp_path: Path, models: Path) -> Any:
    """Run `tingjian` with a data folder of its own; stdout and stderr apart."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").symlink_to(models)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TINGJIAN_")}

    def tingjian(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *map(str, arguments)],
            env=clean | {"TINGJIAN_DATA": str(data), "COLUMNS": "160"} | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return tingjian


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


def test_inspect_prints_one_json_object_a_line_and_goes_on_after_bad_input(run: Any, tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("this is no recording " * 99)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(wav()[:-9000])
    empty = tmp_path / "empty.wav"
    empty.touch()
    sms = write(tmp_path / "sms.json", {"utterances": [{"speaker": "agent", "text": "再不还钱就让你坐牢"}]})
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    wrong = write(tmp_path / "wrong.json", {"utterances": [{"text": 1}]})
    office = tmp_path / "office.json"
    office.write_bytes('{"utterances": [{"speaker": "agent", "text": "再不还钱就让你坐牢"}]}'.encode("gb18030"))
    inputs = [text, SAMPLES / "threat.wav", cut, sms, empty, broken, wrong, tmp_path / "nothing.wav", office]
    ended = run("inspect", "--json", *inputs)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert [line["source"] for line in lines] == [str(path) for path in inputs]
    assert [line["status"] for line in lines] == ["failed", "scored", "failed", "scored", *["failed"] * 4, "scored"]
    assert all(line["error"] and line["scorecard"] is None for line in lines if line["status"] == "failed")
    assert all(Path(line["source"]).name in line["error"] for line in lines if line["status"] == "failed")
    assert lines[5]["error"] == f"{broken}: 第 1 行第 2 列不是有效的 JSON"
    assert lines[6]["error"] == f"{wrong}: utterances.0.text: 须为文字"
    assert "threat" in {f["category"] for f in lines[1]["findings"] if f["verdict"] == "failed"}
    assert "false_legal" in {f["category"] for f in lines[3]["findings"] if f["verdict"] == "failed"}


def test_the_contract(run: Any, tmp_path: Path) -> None:
    call = {"utterances": [{"speaker": "customer", "text": "我明天还五百", "start": 0, "end": 2}]}
    ended = run("inspect", "--json", write(tmp_path / "call.json", call))
    assert ended.returncode == 0, ended.stderr
    line = json.loads(ended.stdout)
    assert {"source", "status", "error", "transcript", "findings", "promises", "scorecard"} <= line.keys()
    assert {"engine", "language", "duration", "speakers", "utterances"} <= line["transcript"].keys()
    assert line["transcript"]["speakers"] == "given"
    assert {"speaker", "start", "end", "text"} <= line["transcript"]["utterances"][0].keys()
    card = {"template", "version", "score", "grade", "passed", "flagged", "attention", "veto", "lines"}
    assert card <= line["scorecard"].keys()
    assert all({"rule", "points", "possible", "message"} <= entry.keys() for entry in line["scorecard"]["lines"])
    finding = {"rule", "category", "title", "severity", "expect", "verdict", "message", "evidence"}
    assert all(finding <= entry.keys() for entry in line["findings"])
    evidence = {"utterance", "start", "end", "quote", "confidence", "note"}
    assert all(evidence <= item.keys() for entry in line["findings"] for item in entry["evidence"])
    assert [promise["amount"] for promise in line["promises"]] in (["500"], [500], [500.0])


def test_an_empty_transcript_never_passes(run: Any, tmp_path: Path) -> None:
    ended = run("inspect", "--json", write(tmp_path / "empty.json", {"utterances": []}))
    card = json.loads(ended.stdout)["scorecard"]
    assert (card["score"], card["passed"], card["flagged"]) == (None, False, True)


def test_a_table_for_people(run: Any, tmp_path: Path) -> None:
    call = {"utterances": [{"speaker": "agent", "text": "再不还钱就让你坐牢", "start": 61, "end": 64}]}
    ended = run("inspect", write(tmp_path / "call.json", call))
    assert ended.returncode == 0, ended.stderr
    assert "待复核" in ended.stdout
    assert "1:03" in ended.stdout


def test_facts_from_a_file(run: Any, tmp_path: Path) -> None:
    call = write(tmp_path / "c.json", {"utterances": [{"speaker": "agent", "text": "您好"}]})
    night = write(tmp_path / "night.json", {"started_at": "2026-03-02T23:30:00+08:00"})
    day = write(tmp_path / "day.json", {"started_at": "2026-03-02T10:30:00"})
    for facts, verdict in ((night, "failed"), (day, "passed")):
        line = json.loads(run("inspect", "--json", "--facts", facts, call).stdout)
        assert {f["verdict"] for f in line["findings"] if f["category"] == "quiet_hours"} == {verdict}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["inspect"], 2, "files"),
        (["inspect", "--agent-channel", "middle", "a.wav"], 2, "middle"),
        (["inspect", "--facts", "nothing.json", "a.wav"], 2, "nothing.json"),
        (["inspect", "--template", "nothing", str(SAMPLES / "threat.transcript.json")], 1, "nothing"),
        (["worker", "--queues", "dance"], 2, "dance"),
        (["key", "add", "x", "--role", "king"], 2, "king"),
        (["rules", "check", "nothing.yaml"], 1, "nothing.yaml"),
        (["dance"], 2, "dance"),
    ],
)
def test_usage_errors(run: Any, arguments: list[str], code: int, message: str) -> None:
    ended = run(*arguments)
    assert ended.returncode == code, ended.stderr
    assert message in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("name", "value"), [("PORT", "many"), ("ASR_DEVICE", "abacus"), ("WORKERS", "-1")])
def test_bad_settings(run: Any, name: str, value: str) -> None:
    ended = run("db", "check", **{f"TINGJIAN_{name}": value, "TINGJIAN_PROT": "8300", "TINGJIAN_QWXZ": ""})
    assert ended.returncode == 2
    assert f"TINGJIAN_{name}: " in ended.stderr
    assert "没有名为 TINGJIAN_PROT 的设置，未采用，是否指 TINGJIAN_PORT？\n" in ended.stderr
    assert "没有名为 TINGJIAN_QWXZ 的设置，未采用\n" in ended.stderr


def test_keys(run: Any, database_url: str) -> None:
    def key(*arguments: str) -> Any:
        return run("key", *arguments, TINGJIAN_DATABASE_URL=database_url)

    secret = key("add", "dialer-1", "--role", "dialer").stdout.strip()
    assert secret.startswith("tj_")
    assert key("add", "dialer-1", "--role", "dialer").returncode == 1
    listed = key("list").stdout
    assert "dialer-1" in listed
    assert secret not in listed
    long = f"dialer-{'x' * 150}"
    key("add", long, "--role", "dialer")
    assert f" {long} " in key("list").stdout  # nothing is cut in a pipe
    assert key("revoke", "dialer-1").returncode == 0
    assert "已停用" in key("list").stdout
    assert key("revoke", "dialer-1").returncode == 1


def test_built_in_packs_are_sound(run: Any) -> None:
    ended = run("rules", "check")
    assert ended.returncode == 0, ended.stderr


def test_a_broken_pack_is_reported(run: Any, tmp_path: Path) -> None:
    broken = tmp_path / f"{'broken' * 40}.yaml"
    broken.write_text("id: broken\nrules: [", "utf-8")
    ended = run("rules", "check", broken)
    assert ended.returncode == 1
    assert [broken.name in line and "YAML" in line for line in ended.stderr.splitlines()] == [True]  # not wrapped
