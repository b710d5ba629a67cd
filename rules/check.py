"""Judging: every applicable rule's verdict on one call, with the words behind it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from asr.transcript import Transcript
from rules.call import Call, Conversation, Hit, Part
from rules.categories import CATEGORIES
from rules.conditions import call_date
from rules.finding import Evidence, Finding, Verdict
from rules.operators import NOTHING, Outcome
from rules.pack import Pack, asked_by
from rules.rule import Rule, Scope

#: A step is not called missing where more than this share of the speech was doubtful. In 10 development calls with
#: noise 3 dB below the speech 28 of 46 "missing" steps had been done, in calls at least 44 % of which was doubtful. In
#: the 24 calls without the noise at most 7 % was, and all 54 steps really left out were still found missing.
MOST_DOUBT = 1 / 3

_WHO = {"agent": "坐席", "customer": "客户", "unknown": "说话人不明"}


def check(
    packs: Pack | Iterable[Pack],
    transcript: Transcript,
    facts: Mapping[str, object] | None = None,
    *,
    echoes: bool = False,
) -> list[Finding]:
    """Judge one call by every rule of `packs`: one finding for each rule that applies, passed ones too.

    `facts` are what is known about the call besides its words, all optional. `started_at` is a datetime with its zone
    or ISO text; days and hours are those of Asia/Shanghai. What is convicted is not suspected of the same in the same
    sentence, unless `echoes` asks for every rule's own view.
    """
    known = facts or {}
    chosen = (packs,) if isinstance(packs, Pack) else tuple(packs)
    conversation = Conversation(transcript, asked_by(chosen))
    return [finding for pack in chosen for finding in _Judge(pack, conversation, known).findings(echoes)]


def _convicted(rule: Rule, finding: Finding) -> tuple[Evidence, ...]:
    """The words a rule convicts by. A course of events between both sides goes wrong where it ends.

    What is only minor may cost too little for anybody to look at the call.
    """
    if finding.verdict != "failed" or finding.severity not in ("veto", "major"):
        return ()
    return finding.evidence if rule.scope.speaker else finding.evidence[-1:]


def _overlap(one: Evidence, other: Evidence) -> bool:
    return one.utterance == other.utterance and one.span[0] < other.span[1] and other.span[0] < one.span[1]


@dataclass(slots=True)
class _Judge:
    """One pack's view of one call. Remembers outcomes, because rules may be anchored on each other."""

    pack: Pack
    conversation: Conversation
    facts: Mapping[str, object]
    call: Call = field(init=False)
    _outcomes: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scan = self.conversation.scan(self.pack.matchers)
        self.call = Call(self.conversation, self.facts, scan, self.pack.guards)

    def findings(self, echoes: bool) -> list[Finding]:
        day = call_date(self.facts)
        rules = [rule for rule in self.pack.rules if rule.applies(self.facts, day)]
        certain = {rule.id: self._finding(rule, self._outcome(rule)) for rule in rules if echoes or not rule.suspects}
        convicted: dict[str, list[Evidence]] = defaultdict(list)
        for rule in rules:
            if rule.id in certain:
                convicted[rule.category] += _convicted(rule, certain[rule.id])
        return [
            certain.get(rule.id) or self._finding(rule, self._suspected(rule, convicted[rule.category]))
            for rule in rules
        ]

    def _suspected(self, rule: Rule, convicted: Sequence[Evidence]) -> Outcome:
        """What a rule suspects of that no other has convicted in the same sentence: a person need not look twice."""
        outcome = self._outcome(rule)
        if not outcome.hits:
            return outcome
        fresh = tuple(
            hit for hit in outcome.hits if not any(_overlap(self.call.evidence(hit), known) for known in convicted)
        )
        return replace(outcome, hits=fresh) if fresh else Outcome(False, (), "已由其他规则认定")

    def _finding(self, rule: Rule, outcome: Outcome) -> Finding:
        if rule.expect == "absent" and not rule.stages and outcome == NOTHING:
            return rule.unfound
        verdict = self._verdict(rule, outcome)
        if verdict == "failed" and rule.due and not self._due(rule):
            verdict, outcome = "skipped", Outcome(None, (), "通话未进行到该步骤")
        if verdict == "failed" and rule.expect == "present" and (doubt := self._doubt(rule)) > MOST_DOUBT:
            verdict, outcome = "skipped", Outcome(None, (), f"该听的话有 {doubt:.0%} 没听清，可能说过，请人工复听")
        evidence = tuple(map(self.call.evidence, outcome.hits))
        message = self._message(rule, verdict, outcome, evidence)
        severity = rule.severity_for(self.facts)
        return Finding(rule.id, rule.category, rule.title, severity, rule.expect, verdict, message, evidence)

    def _verdict(self, rule: Rule, outcome: Outcome) -> Verdict:
        if outcome.found is None:
            return "skipped"
        return "passed" if outcome.found == (rule.expect == "present") else "failed"

    def _outcome(self, rule: Rule) -> Outcome:
        if rule.id not in self._outcomes:
            self._outcomes[rule.id] = self._look(rule)
        return self._outcomes[rule.id]

    def _look(self, rule: Rule) -> Outcome:
        if rule.reads_text and not self.conversation.worded:
            return Outcome(None, (), "没有转写出任何文字")
        part = self._part(rule.scope)
        if isinstance(part, str):
            return Outcome(None, (), part)
        outcome = rule.find.operator.find(self.call, part)
        if self.conversation.nameless and rule.names_speaker and not (outcome.found and outcome.hits):
            return self._nameless(rule, part)
        if outcome.found is False and (why := self._undecided(rule.scope.before)):
            return Outcome(None, (), why)
        return outcome

    def _nameless(self, rule: Rule, part: Part) -> Outcome:
        """What would be found if the unknown speaker were the one the rule names: shown, not judged by."""
        lenient = replace(self.call, unknown_as_named=True)
        outcome = rule.find.operator.find(lenient, part)
        hits = tuple(hit._replace(note=hit.note or "说话人不明") for hit in outcome.hits)
        return Outcome(None, hits, "没有分清说话人，无法判断是谁说的")

    def _due(self, rule: Rule) -> bool:
        assert rule.due is not None
        return rule.due.operator.find(self.call, Part(self.conversation.everything)).found is not False

    def _doubt(self, rule: Rule) -> float:
        """The share of what was said where the step would be that a person should listen to before believing it."""
        part = self._part(rule.scope)
        if isinstance(part, str) or not rule.reads_text or not self.conversation.doubtful:
            return 0.0
        own = self.call.said(part, part.speaker)
        size = [len(one.text) for one in self.conversation.transcript.utterances]
        return sum(size[at] for at in own if at in self.conversation.doubtful) / max(sum(size[at] for at in own), 1)

    def _part(self, scope: Scope) -> Part | str:
        """The part of the call the scope means, or why that cannot be told."""
        part = Part(self.conversation.everything, scope.speaker)
        if scope.whole:
            return part
        if scope.first_seconds is not None or scope.last_seconds is not None:
            said = self.conversation.transcript.utterances
            if any(one.start is None or one.end is None for one in said):
                return "文字没有时间，无法判断是在第几秒说的"
            part = replace(part, utterances=self._seconds(scope))
        if scope.first_turns or scope.last_turns:
            part = replace(part, utterances=part.utterances & self._turns(scope))
        return self._anchored(scope, part) if scope.anchors else part

    def _seconds(self, scope: Scope) -> frozenset[int]:
        """Utterances with something of them in the first or last seconds."""
        said = self.conversation.transcript.utterances
        end = self.conversation.transcript.duration or max((one.end or 0.0 for one in said), default=0.0)
        first, last = scope.first_seconds or float("inf"), end - (scope.last_seconds or float("inf"))
        return frozenset(at for at, one in enumerate(said) if (one.start or 0.0) < first and (one.end or 0.0) > last)

    def _turns(self, scope: Scope) -> frozenset[int]:
        """All that is said up to the end of the speaker's first turns, or from the beginning of the last ones on."""
        own = [turn for turn in self.conversation.full_turns if scope.speaker in (None, turn[0])]
        if not own:
            return frozenset()
        first = own[: scope.first_turns][-1][2]
        last = own[-scope.last_turns :][0][1] if scope.last_turns else 0
        return frozenset(at for at, turn in enumerate(self.conversation.turns) if last <= turn <= first)

    def _anchored(self, scope: Scope, part: Part) -> Part | str:
        if why := self._undecided(scope.after) or self._undecided(scope.around.rule if scope.around else None):
            return why
        # Before the first place where the anchor may be is before it in any case.
        if scope.before and (hits := self._anchor(scope.before, perhaps=True)):
            part = replace(part, before=min(hit.begins for hit in hits))
        if scope.after:
            hits = self._anchor(scope.after)
            part = replace(part, after=min(hit.ends for hit in hits)) if hits else replace(part, utterances=frozenset())
        if scope.around:
            turns = {self.call.turn(hit) for hit in self._anchor(scope.around.rule)}
            near = {
                at
                for at, turn in enumerate(self.conversation.turns)
                if any(abs(turn - other) <= scope.around.turns for other in turns)
            }
            part = replace(part, utterances=part.utterances & near)
        return part

    def _undecided(self, rule_id: str | None) -> str:
        """Why nothing can hang on that rule: it may hold at some places, but that cannot be told. Empty if it can."""
        rule = self.pack.rule(rule_id) if rule_id else None
        if rule is None or self._outcome(rule).found is not None or not self._outcome(rule).hits:
            return ""
        return f"取决于“{rule.title}”，而那也无法判断"

    def _anchor(self, rule_id: str, *, perhaps: bool = False) -> tuple[Hit, ...]:
        outcome = self._outcome(self.pack.rule(rule_id))
        return outcome.hits if outcome.found or (perhaps and outcome.found is None) else ()

    def _message(self, rule: Rule, verdict: Verdict, outcome: Outcome, evidence: tuple[Evidence, ...]) -> str:
        if verdict == "skipped":
            return f"无法判断“{rule.title}”：{outcome.why}"
        if outcome.found:
            shown = self._shown(evidence) if evidence else outcome.why or "依据通话信息判断"
            return f"{'发现' if rule.expect == 'absent' else '已做到'}“{rule.title}”：{shown}"
        reason = f"（{outcome.why}）" if outcome.why else ""
        if rule.expect == "absent":
            return f"{rule.unfound.message}{reason}"
        return f"缺少“{CATEGORIES[rule.category]}”：未找到“{rule.title}”{reason}"

    def _shown(self, evidence: tuple[Evidence, ...]) -> str:
        """The first words found, who said them and when."""
        first = evidence[0]
        who = _WHO[self.conversation.transcript.utterances[first.utterance].speaker]
        when = f"{int(first.start // 60):02d}:{int(first.start % 60):02d} " if first.start is not None else ""
        more = f"，共 {len(evidence)} 处" if len(evidence) > 1 else ""
        return f"{when}{who}第 {first.utterance + 1} 句说“{first.quote}”{more}"
