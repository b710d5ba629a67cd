"""Small packs and calls, written the way a test reads."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from asr.transcript import Speaker, Transcript, Utterance
from rules import Finding, Pack, check, load_pack

_SPEAKERS: dict[str, Speaker] = {"坐席": "agent", "客户": "customer", "未知": "unknown"}


def call(script: str, *, seconds_each: float | None = None, duration: float | None = None) -> Transcript:
    """A transcript from lines such as `坐席：您好`; with `seconds_each`, one after the other."""
    said = []
    for at, line in enumerate(line for line in script.strip().splitlines() if line.strip()):
        name, text = line.strip().split("：", 1)
        start = None if seconds_each is None else at * seconds_each
        said.append(Utterance(_SPEAKERS[name], text, start, None if start is None else start + (seconds_each or 0)))
    if duration is None and seconds_each is not None:
        duration = len(said) * seconds_each
    unknown = any(one.speaker == "unknown" for one in said)
    return Transcript("given", "zh", duration, "unknown" if unknown else "given", tuple(said))


@cache
def built_in(name: str) -> Pack:
    """A pack that comes with the product, loaded once."""
    return load_pack(name)


def rule(find: str, **fields: str) -> dict[str, object]:
    """A rule as written in a pack, with what a test does not care about filled in."""
    written: dict[str, object] = {
        "id": "the-rule",
        "category": "threat",
        "title": "某条规则",
        "severity": "major",
        "basis": [{"document": "某规定", "label": "M"}],
        "expect": "absent",
        "examples": {"hit": ["甲"], "miss": ["乙"]},
        "find": yaml.safe_load(find),
    }
    return written | {name: yaml.safe_load(text) for name, text in fields.items()}


def pack(folder: Path, *rules: dict[str, object], **parts: object) -> Pack:
    """Load a pack of these rules."""
    written = {"id": "test-pack", "version": "1", "title": "测试", "uses": ["shared"], "rules": list(rules), **parts}
    path = folder / "test-pack.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    return load_pack(path)


def judge(
    folder: Path, find: str, transcript: Transcript, facts: Mapping[str, object] | None = None, **fields: str
) -> Finding:
    """The one finding of a pack of one rule."""
    findings = check(pack(folder, rule(find, **fields)), transcript, facts)
    assert len(findings) == 1
    return findings[0]
