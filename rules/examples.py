"""Rules prove themselves: every example beside a rule must be found, every counter-example must not."""

import math
import re
import time
from collections.abc import Iterator, Set
from dataclasses import replace
from pathlib import Path

from asr.transcript import Speaker, Transcript, Utterance
from rules.check import check
from rules.errors import Fault
from rules.pack import Pack, read_pack
from rules.rule import Effective, Example, Facts, Rule
from rules.text import unspaced

_LINE = re.compile(r"^\s*(坐席|客户)(\[[-.\d]*\])?\s*[：:]\s*(.+)$")
_SECONDS = re.compile(r"\[(\d{1,6}(?:\.\d{1,6})?)-(\d{1,6}(?:\.\d{1,6})?)\]")
_SPEAKERS: dict[str, Speaker] = {"坐席": "agent", "客户": "customer"}


def verify(pack: Pack, seconds: float = math.inf) -> list[Fault]:
    """The examples of `pack` that come out wrong; empty when all rules prove themselves.

    After so many `seconds` it gives up, which is a fault: expressions that backtrack, in many rules, would take hours.
    """
    until, faults, timeless = time.monotonic() + seconds, list[Fault](), _timeless(pack)
    for rule, place, example, wanted in _examples(pack):
        if time.monotonic() > until:
            return [
                *faults,
                Fault(pack.id, rule.id, "examples", f"核对示例超过 {seconds:g} 秒而中止：请简化正则表达式"),
            ]
        judged = pack if example.facts.get("started_at") is not None else timeless
        if wrong := _wrong(judged, rule, example, wanted):
            faults.append(Fault(pack.id, rule.id, place, wrong))
    return faults


def _timeless(pack: Pack) -> Pack:
    """The pack as if its rules had always been in force: an example that names no day is of one on which they are."""
    return replace(pack, rules=tuple(rule.model_copy(update={"effective": Effective()}) for rule in pack.rules))


def faults(source: str | Path) -> list[Fault]:
    """Everything wrong with the pack of that path or id: what keeps it from loading, and examples that come out wrong.

    And an id that is not the file's name, by which templates name a pack. Examples are tried of rules without another
    fault; of none where words, guards or lexicons have one, on which any of them may depend.

    Raises RuleError when there is no such file.
    """
    pack, found = read_pack(source)
    if pack is None:
        return found
    if pack.id != Path(source).stem:
        found.append(
            Fault(Path(source).name, "", "id", f"须与文件名一致，是 {Path(source).stem}：模板按文件名找规则包")
        )
    ids = {rule.id for rule in pack.rules}
    broken = {fault.rule for fault in found if fault.field != "id" or fault.rule}
    if any(not name or name.startswith(("lexicons.", "guards.")) for name in broken):
        return found
    sound = _sound(pack.rules, broken & ids)
    return [*found, *verify(replace(pack, rules=sound))]


def _sound(rules: tuple[Rule, ...], broken: Set[str]) -> tuple[Rule, ...]:
    """The rules that can be tried: neither broken nor anchored to what is broken or not there."""
    left = {rule.id: rule for rule in rules if rule.id not in broken}
    while adrift := {name for name, rule in left.items() if not left.keys() >= set(rule.scope.anchors)}:
        left = {name: rule for name, rule in left.items() if name not in adrift}
    return tuple(left.values())


def _examples(pack: Pack) -> Iterator[tuple[Rule, str, Example, bool]]:
    """Every example with its rule, its place there, and whether it must be found."""
    for rule in pack.rules:
        for kind, examples, wanted in (("hit", rule.examples.hit, True), ("miss", rule.examples.miss, False)):
            for at, example in enumerate(examples):
                yield rule, f"examples.{kind}.{at}", example, wanted


def _wrong(pack: Pack, rule: Rule, example: Example, wanted: bool) -> str:
    """What is wrong with an example, if anything."""
    try:
        transcript = transcript_of(rule, example)
    except ValueError as error:
        return str(error)
    if _found(pack, rule, transcript, example.facts) == wanted:
        return ""
    said = "应当命中，却没有命中" if wanted else "不应命中，却命中了"
    return f"{said}：{example.text}"


def _found(pack: Pack, rule: Rule, transcript: Transcript, facts: Facts) -> bool:
    findings = check(pack, transcript, facts, echoes=True)
    verdict = next((finding.verdict for finding in findings if finding.rule == rule.id), "skipped")
    return verdict == ("failed" if rule.expect == "absent" else "passed")


def transcript_of(rule: Rule, example: Example) -> Transcript:
    """The example as a transcript. A line that names no speaker is said by the one the rule looks at, or the agent.

    Raises ValueError, as `dialogue`.
    """
    named = [operator.own_speaker() for operator in rule.find.operator.walk()]
    usual: Speaker = next((speaker for speaker in (rule.scope.speaker, *named) if speaker), "agent")
    return Transcript("given", "zh", example.duration, "given", dialogue(example.text, usual))


def dialogue(text: str, usual: Speaker) -> tuple[Utterance, ...]:
    """A conversation as people write it down, a line each: `坐席：…`, `客户：…`, or no name for the `usual` speaker.

    Raises ValueError, in Chinese, where the seconds of a line cannot be read or it ends before it starts.
    """
    return tuple(_utterance(line, usual) for line in text.splitlines() if line.strip())


def _utterance(line: str, usual: Speaker) -> Utterance:
    match = _LINE.match(line)
    if match is None:
        return Utterance(usual, unspaced(line.strip()))
    start, end = _seconds(match[1], match[2]) if match[2] else (None, None)
    return Utterance(_SPEAKERS[match[1]], unspaced(match[3]), start, end)


def _seconds(speaker: str, written: str) -> tuple[float, float]:
    match = _SECONDS.fullmatch(written)
    start, end = map(float, match.groups()) if match else (1, 0)
    if end < start:
        raise ValueError(f"“{speaker}{written[:40]}”的起止秒数有误：写作 {speaker}[2.5-4]，先起后止")
    return start, end
