"""The watched folder: every complete recording becomes one call, whatever happens in between."""

import errno
import json
import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import watch as watching
from app.beside import opened
from app.errors import Unavailable, Unprocessable
from app.filenames import FileName
from app.pipeline import Judge
from app.schemas import CallFacts
from app.service import Service
from app.settings import Settings
from app.watch import Watch
from tests.app.sounds import wav


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """File names say who called whom when, and dialer-2 records the agent on the right."""
    return settings.model_copy(
        update={
            "watch_settle_seconds": 0,
            "file_names": ("{agent_id}_{debtor_id}_{started_at:%Y%m%d%H%M%S}.wav",),
            "sources": {"dialer-2": CallFacts(agent_channel="right", team="早班")},
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The watched folder."""
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


@pytest.fixture
def watch(service: Service, folder: Path) -> Watch:
    """Looks at it."""
    return Watch(service, folder)


def drop(folder: Path, name: str, seed: int = 0, **beside: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav(seed=seed))
    for suffix, content in beside.items():
        written = content if isinstance(content, str) else json.dumps(content)
        path.with_suffix(f".{suffix}").write_text(written, "utf-8")


def calls(service: Service) -> list[dict[str, Any]]:
    with service.database.transaction() as session:
        return list(session.scalars(text("SELECT facts FROM calls ORDER BY id")))


def ended(folder: Path, where: str) -> list[str]:
    return sorted(path.name for path in (folder / where).rglob("*") if path.is_file())


def looks(watch: Watch, times: int = 2) -> list[int]:
    return [watch.look() for _ in range(times)]


def test_a_recording_is_taken_once_it_no_longer_changes(watch: Watch, folder: Path, service: Service) -> None:
    drop(folder, "a.wav", json={"agent_id": "8026", "overdue_days": 40})
    assert watch.look() == 0
    (folder / "a.wav").write_bytes(wav(2))  # it is still being written
    assert looks(watch, 3) == [0, 1, 0]
    assert [(facts["agent_id"], facts["overdue_days"]) for facts in calls(service)] == [("8026", 40)]
    assert ended(folder, "done") == ["a.json", "a.wav"]


def test_a_recording_that_is_said_to_be_done_is_taken_at_once(watch: Watch, folder: Path, service: Service) -> None:
    watch._settle = 1e9
    drop(folder, "a.wav")
    drop(folder, "b.wav", seed=1)
    (folder / "b.wav.done").touch()
    assert looks(watch) == [1, 0]
    assert ended(folder, "done") == ["b.wav", "b.wav.done"]


@pytest.mark.parametrize(
    ("beside", "taken"), [({}, [0, 0, 1]), ({"json": {"agent_id": "1"}}, [0, 1, 0])], ids=["listed", "told of apart"]
)
def test_a_table_that_is_still_being_written_is_waited_for(
    watch: Watch, folder: Path, service: Service, beside: dict[str, Any], taken: list[int]
) -> None:
    drop(folder, "a.wav", **beside)
    (folder / "today.csv").write_text("录音文件,坐席工号\nb.wav,2\n", "utf-8")
    first = watch.look()
    (folder / "today.csv").write_text("录音文件,坐席工号\nb.wav,2\na.wav,1\n", "utf-8")
    assert [first, *looks(watch)] == taken
    assert [facts["agent_id"] for facts in calls(service)] == ["1"]


@pytest.mark.parametrize(
    ("table", "taken"), [("b.csv", ["a.wav"]), ("today.csv", [])], ids=["the other one's own", "a list of all"]
)
def test_only_a_table_of_all_keeps_all_waiting(watch: Watch, folder: Path, table: str, taken: list[str]) -> None:
    drop(folder, "a.wav")
    drop(folder, "b.wav", seed=1)
    (folder / table).write_text("录音文件,坐席工号\n", "utf-8")
    watch.look()
    (folder / table).write_text("录音文件,坐席工号\nb.wav,2\n", "utf-8")
    watch.look()
    assert ended(folder, "done") == taken


def test_each_table_is_looked_at_once_and_one_that_vanishes_tells_of_nothing(
    watch: Watch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "a.wav")
    drop(folder, "b.wav", seed=1)
    drop(folder, "today.csv")
    looked = []

    def vanishing(path: Path) -> Any:
        looked.append(path.name)
        raise FileNotFoundError(path)

    monkeypatch.setattr(watching, "stamp", vanishing)
    assert looks(watch) == [0, 2]
    assert looked == ["today.csv"] * 2


@pytest.mark.parametrize(
    ("name", "beside", "facts"),
    [
        pytest.param("a.wav", {}, {}, id="nothing known"),
        pytest.param(
            "8026_D1_20261101093000.wav",
            {},
            {"agent_id": "8026", "debtor_id": "D1", "started_at": "2026-11-01T09:30:00+08:00"},
            id="by its name",
        ),
        pytest.param(
            "8026_D1_20261101093000.WAV", {"json": {"agent_id": "9"}}, {"agent_id": "9", "debtor_id": "D1"}, id="both"
        ),
        pytest.param("a.wav", {"csv": "工号,逾期天数\n8026,40\n"}, {"agent_id": "8026", "overdue_days": 40}, id="CSV"),
        pytest.param(
            "a.wav",
            {"csv": "开始时间,呼叫方向,坐席声道,接听人\n2026/11/1 9:30,呼出,右,本人\n"},
            {
                "started_at": "2026-11-01T09:30:00+08:00",
                "direction": "outbound",
                "agent_channel": "right",
                "callee_relation": "self",
            },
            id="CSV as spreadsheets have it",
        ),
        pytest.param("a.wav", {"json": {"external_id": "c-1"}}, {"external_id": "c-1"}, id="an id"),
        pytest.param("dialer-2/a.wav", {}, {"agent_channel": "right", "team": "早班"}, id="by its source"),
        pytest.param(
            "dialer-2/a.wav", {"json": {"agent_channel": "left"}}, {"agent_channel": "left"}, id="said beats known"
        ),
    ],
)
def test_facts(
    watch: Watch, folder: Path, service: Service, name: str, beside: dict[str, Any], facts: dict[str, object]
) -> None:
    drop(folder, name, **beside)
    assert looks(watch) == [0, 1]
    (stored,) = calls(service)
    assert stored == stored | facts
    assert stored["external_id"]


def test_facts_in_an_encoding_of_the_office(watch: Watch, folder: Path, service: Service) -> None:
    drop(folder, "a.wav")
    (folder / "a.json").write_bytes('{"team": "华东一组"}'.encode("gb18030"))
    looks(watch)
    assert [facts["team"] for facts in calls(service)] == ["华东一组"]


def test_what_is_through_is_not_read_again(watch: Watch, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(folder, "a.wav")
    drop(folder, "dialer-2/done/b.wav", seed=1)
    assert looks(watch) == [0, 2]
    read, scandir = list[str](), os.scandir

    def noted(path: str) -> Any:
        read.append(os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noted)
    assert watch.look() == 0
    assert sorted(read) == [str(folder), str(folder / "dialer-2"), str(folder / "dialer-2" / "done")]


def test_one_table_may_speak_of_many(watch: Watch, folder: Path, service: Service) -> None:
    for seed, name in enumerate(("a.wav", "b.wav", "c.wav")):
        drop(folder, name, seed=seed)
    (folder / "today.csv").write_bytes("录音文件,坐席工号\na.wav,1\nb.wav,2\n".encode("gb18030"))
    looks(watch)
    assert [facts.get("agent_id") for facts in calls(service)] == ["1", "2", None]
    assert (folder / "today.csv").is_file()


@pytest.mark.parametrize(
    ("content", "beside", "reason"),
    [
        pytest.param(b"this is text" * 99, {}, "not_audio", id="no audio"),
        pytest.param(wav()[:-5000], {}, "truncated", id="cut"),
        pytest.param(wav(), {"json": "{"}, "metadata_not_json: a.json 第 1 行第 2 列不是有效的 JSON", id="no JSON"),
        pytest.param(wav(), {"json": [1]}, "metadata_not_object", id="no object"),
        pytest.param(wav(), {"json": "{" + " " * 2**25}, "too_large", id="too much"),
        pytest.param(wav(), {"json": {"overdue_days": "long"}}, "invalid: overdue_days: 须为整数\n", id="wrong fact"),
        pytest.param(wav(), {"json": {"template": "nothing"}}, "unknown_template", id="unknown template"),
        pytest.param(wav(), {"csv": "工号\n1,2,3\n"}, "bad_csv", id="broken CSV"),
        pytest.param(wav(), {"csv": '"a"b,c\n1,2\n'}, "", id="broken heading"),
    ],
)
def test_what_cannot_be_taken_is_set_aside_with_the_reason(
    watch: Watch, folder: Path, service: Service, content: bytes, beside: dict[str, Any], reason: str
) -> None:
    drop(folder, "a.wav", **beside)
    (folder / "a.wav").write_bytes(content)
    drop(folder, "good.wav", seed=7)
    looks(watch)
    (told,) = (folder / "failed").rglob("*.reason.txt")
    assert reason in told.read_text("utf-8")
    assert (told.parent / "a.wav").read_bytes() == content
    assert ended(folder, "done") == ["good.wav"]
    assert len(calls(service)) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("x" * 250 + ".wav", id="long"),
        pytest.param(os.fsdecode("中国".encode("gbk") + b".wav"), id="GBK"),
    ],
)
def test_any_name_is_taken_or_set_aside(watch: Watch, folder: Path, service: Service, name: str) -> None:
    drop(folder, name)
    looks(watch)
    assert ended(folder, "done") == [name]
    (folder / name).write_bytes(b"this is text" * 99)
    looks(watch)
    (told,) = (folder / "failed").rglob("*.reason.txt")
    assert (told.parent / name).is_file()
    assert len(calls(service)) == 1


@pytest.mark.parametrize("path", [Path("/dev/zero"), Path("link")])
def test_only_files_are_opened(tmp_path: Path, path: Path) -> None:
    (tmp_path / "secret").write_bytes(wav())
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises((Unprocessable, OSError)):
        opened(tmp_path / path)


@pytest.mark.parametrize(("number", "taken"), [(errno.EIO, ["b.wav"]), (errno.EACCES, ["b.wav"])])
def test_one_that_cannot_be_read_holds_up_no_other(
    watch: Watch, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, taken: list[str]
) -> None:
    drop(folder, "a.wav")
    drop(folder, "b.wav", seed=1)

    def fails(path: Path) -> BufferedReader:
        if path.name == "a.wav":
            raise OSError(number, os.strerror(number))
        return opened(path)

    monkeypatch.setattr("app.watch.opened", fails)
    looks(watch)
    assert ended(folder, "done") == taken
    assert (folder / "a.wav").exists() == (number == errno.EIO)


def test_killed_before_it_was_moved_it_is_the_same_call(
    watch: Watch, folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "a.wav", json={"agent_id": "1"})

    def killed(*_: object) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Watch, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            looks(watch)
    assert looks(Watch(service, folder)) == [0, 1]
    assert len(calls(service)) == 1
    assert ended(folder, "done") == ["a.json", "a.wav"]


def test_the_same_name_with_another_content_is_another_call(watch: Watch, folder: Path, service: Service) -> None:
    for seed in (1, 2, 2):
        drop(folder, "a.wav", seed=seed)
        looks(watch)
    assert len(calls(service)) == 2
    assert ended(folder, "done") == ["a.wav"] * 3


def test_what_came_in_lies_under_its_day_on_the_wall_clock(
    watch: Watch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Night(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Night":
            return cls(2020, 12, 31, 16, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(watching, "datetime", Night)
    drop(folder, "a.wav")
    looks(watch)
    assert (folder / "done" / "2021-01-01" / "a.wav").exists()


def test_what_there_is_no_room_for_stays(watch: Watch, folder: Path, service: Service) -> None:
    drop(folder, "a.wav")
    watch.look()
    service.settings.max_disk_share = 1e-9
    with pytest.raises(Unavailable):
        watch.look()
    service.settings.max_disk_share = 1
    assert watch.look() == 1
    assert ended(folder, "done") == ["a.wav"]


OWN = """
id: own
version: 1
title: 自有
packs: [bad]
pass_mark: 60
grades: [{name: A, at_least: 0}]
items: [{category: threat, dimension: 合规性, points: 100}]
"""


def test_one_whose_rules_are_broken_waits_for_them_alone(service: Service, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN, "utf-8")
    (tmp_path / "bad.yaml").write_text("id: bad\n", "utf-8")
    broken = Watch(replace(service, judge=Judge(tmp_path, tmp_path)), folder)
    drop(folder, "a.wav", json={"template": "own"})
    drop(folder, "b.wav", seed=1)
    broken.look()
    with pytest.raises(Unavailable, match="评分模板 own 的规则包有误"):
        broken.look()
    assert ended(folder, "done") == ["b.wav"]
    assert ended(folder, "failed") == []
    assert (folder / "a.wav").exists()


def test_what_is_no_recording_is_left_alone(watch: Watch, folder: Path, service: Service, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    (tmp_path / "other" / "secret.wav").write_bytes(wav())
    (folder / "link.wav").symlink_to(tmp_path / "other" / "secret.wav")
    for name in ("a.wav.part", ".hidden.wav", "a.txt", "a.tmp"):
        (folder / name).write_bytes(wav())
    assert looks(watch) == [0, 0]
    assert calls(service) == []


def test_serve_watches(service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_PAUSE", 0.05)
    service.settings.watch = folder
    drop(folder, "a.wav")
    with watching.watching(service):
        deadline = time.monotonic() + 60
        while ended(folder, "done") != ["a.wav"] and time.monotonic() < deadline:
            time.sleep(0.05)
    assert ended(folder, "done") == ["a.wav"]


@pytest.mark.parametrize(
    ("pattern", "name", "facts"),
    [
        ("{agent_id}.wav", "8026.wav", {"agent_id": "8026"}),
        ("{agent_id}.wav", "8026.mp3", None),
        ("{_}-{external_id}.wav", "x-y-z.wav", {"external_id": "y-z"}),
        ("a+b({agent_id}).wav", "a+b(1).wav", {"agent_id": "1"}),
        ("{started_at:%Y%m%d%H}.wav", "2026139909.wav", None),
        ("{started_at:%Y%m%d%H}.wav", "202611009.wav", None),
    ],
)
def test_file_names(pattern: str, name: str, facts: dict[str, str] | None) -> None:
    assert FileName(pattern).read(name) == facts


@pytest.mark.parametrize("pattern", ["plain.wav", "{a}{a}", "{a:%H%Q}", "{a:%Y%m%d}", "{1}", "{_}"])
def test_bad_patterns(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"字段|格式|钟点"):
        FileName(pattern)
