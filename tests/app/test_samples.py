"""The samples: each reference transcript gives exactly the scorecard beside it."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.pipeline import Judge, Judgement, to_json
from app.schemas import TextIn
from tests.conftest import SAMPLES


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.transcript.json")), ids=lambda path: path.name.split(".")[0])
def test_reference_transcripts(judge: Judge, path: Path) -> None:
    text = TextIn.model_validate_json(path.read_bytes())
    judgement = judge.judge(text.transcript(), text.call.known(), "collection-standard")
    name = path.name.removesuffix(".transcript.json")
    assert expectation(judgement) == json.loads((SAMPLES / f"{name}.expected.json").read_text("utf-8"))


def expectation(judgement: Judgement) -> dict[str, Any]:
    """What an `.expected.json` holds: the scorecard without its lines, and what was found."""
    card: dict[str, Any] = to_json(judgement.scorecard)
    del card["lines"]
    failed = [finding for finding in judgement.findings if finding.verdict == "failed"]
    return card | {
        "missing": sorted({finding.category for finding in failed if finding.expect == "present"}),
        "found": sorted({finding.category for finding in failed if finding.expect == "absent"}),
        "promises": [to_json(promise) for promise in judgement.promises],
    }


def test_every_recording_has_its_transcript_and_scorecard() -> None:
    recordings = sorted(SAMPLES.glob("*.wav"))
    assert len(recordings) >= 6
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 8_000_000
    for recording in recordings:
        for suffix in (".transcript.json", ".expected.json"):
            assert recording.with_suffix(suffix).is_file()
