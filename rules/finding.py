"""What one rule found in one call, and the words and seconds behind it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["veto", "major", "minor", "info"]
Expect = Literal["absent", "present"]
Verdict = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words a verdict rests on."""

    utterance: int  #: index into the transcript's utterances
    span: tuple[int, int]  #: characters of that utterance's text, end exclusive
    quote: str  #: those characters
    start: float | None  #: seconds from the start of the recording
    end: float | None
    confidence: float  #: 0 to 1: how sure that this was said and meant
    note: str = ""  #: why a reviewer may doubt it, or what was measured; empty when there is nothing to say


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict on one call."""

    rule: str
    category: str
    title: str
    severity: Severity
    expect: Expect
    verdict: Verdict  #: skipped: the call cannot tell, and a person has to look
    message: str  #: one sentence for the reviewer, in Simplified Chinese
    evidence: tuple[Evidence, ...] = ()
