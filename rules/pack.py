"""Packs: files of rules, lexicons and guards. A bad one reports all its faults at once."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from asr.transcript import Speaker
from rules.errors import Fault, RuleError
from rules.guards import Guard
from rules.lexicon import Lexicon
from rules.library import Library
from rules.matcher import Group, Matcher, Whose, whose_words
from rules.operators.phrases import Phrases
from rules.packfile import Reader
from rules.rule import Rule

#: Packs that come with the product.
BUILT_IN = Path(__file__).parent / "packs"

#: Lexicons and guards that packs may use.
LEXICONS = Path(__file__).parent / "lexicons"

#: Rules anchored one on the other, the longest row of them: each is looked for within the next, by recursion.
_LONGEST_CHAIN = 50


@dataclass(frozen=True, slots=True)
class Pack:
    """A set of rules ready to use. Only read after loading: threads may share it."""

    id: str
    version: str
    title: str
    rules: tuple[Rule, ...]
    digest: str  #: SHA-256 of the pack's file and every file it uses: the same digest gives the same verdicts
    used: Library  #: what other files gave it, which packs that use the same share
    guards: Mapping[str, Guard]
    matchers: tuple[Matcher, ...]  #: for what was used, and for what this one has of its own
    whose: Whose  #: whose words the rules look for what in

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id. Raises KeyError."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


def built_in_packs() -> tuple[Path, ...]:
    """The files of the packs that come with the product and hold rules of their own."""
    return tuple(sorted(path for path in BUILT_IN.glob("*.yaml")))


def load_pack(source: str | Path, written: str | None = None) -> Pack:
    """Load a pack by the path of its file or the id of a built-in one (`collection-standard`).

    With `written`, that is read as if it stood in the file at the path `source`, whether or not there is one.

    Raises RuleError with every fault in the file and in the files it uses.
    """
    pack, faults = read_pack(source, written)
    if pack is None or faults:
        raise RuleError(faults)
    return pack


def read_pack(source: str | Path, written: str | None = None) -> tuple[Pack | None, list[Fault]]:
    """What `load_pack` loads, and every fault; where there are any, the pack is what could be read, if anything could.

    Raises RuleError when there is no such file.
    """
    path = _find_file(source) if written is None else Path(source)
    reader = Reader(path, (path.parent, LEXICONS), {} if written is None else {path: written.encode()})
    head, library = reader.read(), reader.library
    faults = [*reader.faults, *_rule_faults(library.rules)]
    if head is None:
        return None, faults
    rules = tuple(rule for _, rule in library.rules)
    own = library.groups({path.name}) | {lexicon.name: lexicon.families for lexicon in _inline(rules)}
    pack = Pack(
        id=head.id,
        version=head.version,
        title=head.title,
        rules=rules,
        digest=_digest(library.contents),
        used=reader.used,
        guards=library.guards,
        matchers=(reader.used.matcher, Matcher(own)),
        whose=whose_words(_asked(rules, library.guards)),
    )
    return pack, faults


def asked_by(packs: Iterable[Pack]) -> Whose:
    """Whose words the rules of all these packs look for what in."""
    return whose_words(chain.from_iterable(pack.whose.items() for pack in packs))


def _find_file(source: str | Path) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    built_in = BUILT_IN / f"{source}.yaml"
    if "/" not in str(source) and built_in.is_file():
        return built_in
    known = "、".join(path.stem for path in built_in_packs())
    raise RuleError([Fault(str(source), "", "", f"没有这个文件，也没有这个内置规则包；内置的有：{known}")])


def _digest(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(contents[name]).digest())
    return digest.hexdigest()


def _inline(rules: Iterable[Rule]) -> Iterator[Lexicon]:
    """The lexicons written inside rules."""
    for rule in rules:
        for find in rule.finds():
            for operator in find.operator.walk():
                yield from operator.own_lexicons()


def _asked(rules: Iterable[Rule], guards: Mapping[str, Guard]) -> Iterator[tuple[Group, Speaker | None]]:
    """Every group that the rules look for, with whose words in."""
    for rule in rules:
        for operator, speaker in rule.asked():
            if isinstance(operator, Phrases):
                yield from ((group, speaker) for group in operator.groups(guards))


def _rule_faults(rules: list[tuple[str, Rule]]) -> list[Fault]:
    """What cannot be seen in one rule alone: anchors that do not exist, go round in a circle or on without end."""
    anchors = dict[str, set[str]]()
    for _, rule in rules:
        anchors.setdefault(rule.id, set()).update(rule.scope.anchors)
    adrift, circling = _adrift(anchors), set[str]()
    faults: list[Fault] = []
    for file, rule in rules:
        for anchor in rule.scope.anchors:
            if anchor not in anchors:
                faults.append(Fault(file, rule.id, "scope", f"没有编号为“{anchor}”的规则"))
            elif rule.id in adrift and rule.id in _reached(anchor, anchors):
                faults.append(Fault(file, rule.id, "scope", f"与规则“{anchor}”互相引用，成了循环"))
                circling.add(rule.id)
    return faults + [
        Fault(file, rule.id, "scope", f"规则一条引用一条，超过 {_LONGEST_CHAIN} 条")
        for file, rule in rules
        if rule.id in adrift and circling.isdisjoint(_reached(rule.id, anchors))
    ]


def _adrift(anchors: Mapping[str, Set[str]]) -> Set[str]:
    """The rules whose anchors, followed one after the other, come to no end: not soon, or never."""
    waiting = {name: known for name, named in anchors.items() if (known := named & anchors.keys())}
    for _ in range(_LONGEST_CHAIN - 1):
        waiting = {name: left for name, named in waiting.items() if (left := named & waiting.keys())}
    return waiting.keys()


def _reached(start: str, anchors: Mapping[str, Set[str]]) -> Set[str]:
    """That rule, and those that it is anchored to, directly or through others."""
    reached, ahead = set[str](), [start]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += anchors.get(name, ())
    return reached
