"""A transcript as a dialogue, with the words that findings rest on marked in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from app.api.schemas import FindingOut
from app.kinds import Kind, kind
from asr.transcript import DOUBTFUL


@dataclass(frozen=True, slots=True)
class Remark:
    """One piece of evidence, as it is shown beside the words."""

    finding: FindingOut
    kind: Kind
    start: float | None  #: seconds
    end: float | None
    confidence: float
    note: str  #: why one may doubt it, such as what was heard and what it was taken for
    span: tuple[int, int]  #: characters of the utterance


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters that the same evidence rests on."""

    text: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance."""

    number: int  #: of the utterance in the transcript
    speaker: str
    start: float | None
    end: float | None
    doubtful: bool
    pieces: tuple[Piece, ...]
    remarks: tuple[Remark, ...]


def dialogue(transcript: Mapping[str, Any], findings: Sequence[FindingOut]) -> list[Line]:
    """Every utterance with the evidence in it.

    Shown is what speaks for a verdict: words for a step that was done, and words for a fault.
    """
    remarks: dict[int, list[Remark]] = {}
    for finding in findings:
        if finding.verdict != "skipped" and kind(finding.category) != "promise":
            for shown in finding.evidence:
                remarks.setdefault(shown["utterance"], []).append(_remark(finding, shown))
    return [_line(number, said, remarks.get(number, [])) for number, said in enumerate(transcript["utterances"])]


def _remark(finding: FindingOut, shown: Mapping[str, Any]) -> Remark:
    first, last = shown["span"]
    times = shown["start"], shown["end"]
    return Remark(finding, kind(finding.category), *times, shown["confidence"], shown["note"], (first, last))


def _line(number: int, said: Mapping[str, Any], remarks: Sequence[Remark]) -> Line:
    sure = said.get("confidence")
    return Line(
        number,
        said["speaker"],
        said["start"],
        said["end"],
        sure is not None and sure < DOUBTFUL,
        _pieces(said["text"], remarks),
        _told(sorted(remarks, key=lambda remark: remark.span)),
    )


def _told(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """What is said beside the line: once for each finding, however often it is found in it."""
    told: dict[tuple[int, str], Remark] = {}
    for one in remarks:
        which = one.finding.id, one.finding.rule
        known = told.setdefault(which, one)
        surest = max(known.confidence, one.confidence)
        told[which] = replace(known, end=one.end, confidence=surest, note=known.note or one.note)
    return tuple(told.values())


def _pieces(text: str, remarks: Sequence[Remark]) -> tuple[Piece, ...]:
    """The text cut wherever some evidence begins or ends: evidence may overlap."""
    inside = (min(edge, len(text)) for remark in remarks for edge in remark.span)
    edges = sorted({0, len(text), *inside})
    return tuple(
        Piece(text[start:end], tuple(remark for remark in remarks if remark.span[0] <= start and end <= remark.span[1]))
        for start, end in pairwise(edges)
    )
