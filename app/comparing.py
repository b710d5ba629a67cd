"""What a draft would change: calls that took place, judged by what is in force and by the draft."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import rules
from app.database import Database
from app.pipeline import Judge, read_transcript
from app.schemas import CallFacts
from app.security import Principal
from app.store import dials, history
from app.tables import Call
from asr.transcript import Transcript
from rules import Finding, RuleError
from scoring import Scorecard, TemplateError

_BATCH = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the machine makes of a call, masked. Without a scorecard where its template does not judge by the pack."""

    failed: Mapping[str, Finding]  #: by rule, of this pack
    scorecard: Scorecard | None


@dataclass(frozen=True, slots=True)
class Change:
    """A call of which the draft makes something else."""

    call: Call
    before: Outcome
    after: Outcome

    @property
    def gained(self) -> list[Finding]:
        """What the draft finds and what is in force does not."""
        return [finding for rule, finding in self.after.failed.items() if rule not in self.before.failed]

    @property
    def lost(self) -> list[Finding]:
        """The other way round."""
        return [finding for rule, finding in self.before.failed.items() if rule not in self.after.failed]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a draft would change in some calls."""

    calls: int  #: that were judged both ways
    skipped: int  #: whose template cannot be used any more, whatever the draft says
    changes: Sequence[Change]

    def by_rule(self) -> Mapping[str, tuple[int, int]]:
        """How many calls gain and lose a finding of each rule that any does."""
        gained = Counter(finding.rule for change in self.changes for finding in change.gained)
        lost = Counter(finding.rule for change in self.changes for finding in change.lost)
        return {rule: (gained[rule], lost[rule]) for rule in sorted(gained | lost)}


def compare(database: Database, judge: Judge, pack: str, text: str, who: Principal, last: int) -> Comparison:
    """Judge the newest calls within reach of `who` by what is in force and with `text` as that pack.

    Raises:
        rules.RuleError, scoring.TemplateError: the text cannot be used.
    """
    candidate = judge.trying(pack, text)
    candidate.book.pack(pack)
    with database.transaction() as session:
        newest = history.latest(session, who, last)
    usable = _usable(judge, {call.template for call in newest})
    calls, pairs = [call for call in newest if call.template in usable], list[Change | None]()
    for at in range(0, len(calls), _BATCH):
        pairs += _judged(database, (judge, candidate), pack, calls[at : at + _BATCH])
    return Comparison(len(pairs), len(newest) - len(calls), [change for change in pairs if change])


def _usable(judge: Judge, templates: Iterable[str]) -> set[str]:
    """Those of the templates that calls can be judged by today."""
    usable = set[str]()
    for name in templates:
        with suppress(TemplateError, RuleError):
            judge.load(name)
            usable.add(name)
    return usable


def _judged(
    database: Database, judges: tuple[Judge, Judge], pack: str, calls: Sequence[Call]
) -> Iterator[Change | None]:
    """For each call that was heard what changes, None: nothing."""
    by_id = {call.id: call for call in calls}
    with database.transaction() as session:
        heard, counted = history.heard(session, list(by_id)), dials.contacts_of(session, list(by_id))
    for one in sorted(heard, key=lambda one: list(by_id).index(one.call_id)):
        facts = counted.get(one.call_id, {}) | CallFacts.model_validate(one.facts).known()
        call, transcript = by_id[one.call_id], read_transcript(one.body)
        before, after = (_outcome(judge, pack, transcript, facts, call.template) for judge in judges)
        if _differ(before, after):
            masked = rules.mask_transcript(transcript)
            yield Change(call, _shown(before, masked), _shown(after, masked))
        else:
            yield None


def _shown(outcome: Outcome, masked: Transcript) -> Outcome:
    failed = {rule: rules.mask_finding(finding, masked) for rule, finding in outcome.failed.items()}
    return replace(outcome, failed=failed)


def _outcome(judge: Judge, pack: str, transcript: Transcript, facts: Mapping[str, Any], template: str) -> Outcome:
    known = judge.book.pack(pack)
    if pack in judge.load(template)[0].packs:
        judgement = judge.judge(transcript, facts, template)
        findings, scorecard = judgement.findings, judgement.scorecard
    else:
        findings, scorecard = tuple(rules.check(known, transcript, facts)), None
    own = {rule.id for rule in known.rules}
    failed = {finding.rule: finding for finding in findings if finding.verdict == "failed" and finding.rule in own}
    return Outcome(failed, scorecard)


def _differ(before: Outcome, after: Outcome) -> bool:
    shown = [(card.score, card.passed, card.flagged) if card else None for card in (before.scorecard, after.scorecard)]
    return before.failed.keys() != after.failed.keys() or shown[0] != shown[1]
