"""Where in a pack's text something stands: lines for faults, and the text of each rule."""

from collections.abc import Iterator, Mapping

import yaml

from rules.errors import Fault
from rules.yamlfile import compose, too_large


class Places:
    """The lines of one pack's text, counted from 1. A text that is no YAML has one place: where reading it ended."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._broken: int | None = None
        self._root: yaml.Node | None = None
        try:
            self._root = compose(text)
        except yaml.MarkedYAMLError as error:
            # What is never closed is noticed behind the last line.
            self._broken = min(error.problem_mark.line + 1, len(self._lines)) if error.problem_mark else 1
        except (yaml.YAMLError, RecursionError, ValueError):
            self._broken = 1

    @property
    def too_large(self) -> bool:
        """Whether the text, with every alias written out, is more than can be read."""
        return self._root is not None and too_large(self._root)

    @property
    def id(self) -> str | None:
        """The id that the pack gives itself, if it can be read."""
        _, named = _child(self._root, "id") or (1, None)
        return named.value if isinstance(named, yaml.ScalarNode) else None

    def line(self, fault: Fault) -> int:
        """Where a fault of this text stands; as near as can be told where the field that it is about is missing."""
        if self._broken is not None:
            return self._broken
        line, node = self._start(fault)
        for part in fault.field.split(".") if fault.field else ():
            place = _child(node, part)
            # Pydantic also names which of several kinds of value it tried, which is no place in the text.
            if place is None:
                break
            line, node = place
        return line

    def rules(self) -> Mapping[str, str]:
        """The text of each rule, by id, as it is written."""
        return {rule_id: self._slice(node) for rule_id, node in self._rules()}

    def _start(self, fault: Fault) -> tuple[int, yaml.Node | None]:
        if not fault.rule:
            return 1, self._root
        if rule := dict(self._rules()).get(fault.rule):
            return rule.start_mark.line + 1, rule
        kind, _, name = fault.rule.partition(".")  # a lexicon or guard: lexicons.NAME
        group = _child(self._root, kind)
        return (group and _child(group[1], name)) or (1, None)

    def _rules(self) -> Iterator[tuple[str, yaml.Node]]:
        _, written = _child(self._root, "rules") or (1, None)
        for at, node in enumerate(written.value if isinstance(written, yaml.SequenceNode) else ()):
            _, named = _child(node, "id") or (1, None)
            # As a reader of packs calls one that has none.
            yield named.value if isinstance(named, yaml.ScalarNode) and named.value else f"第{at + 1}条规则", node

    def _slice(self, node: yaml.Node) -> str:
        indent = node.start_mark.column
        # A block ends where the next thing begins: what is empty in between belongs to neither.
        end = node.end_mark.line + (node.end_mark.column > indent)
        lines = self._lines[node.start_mark.line : end]
        return "\n".join(line[indent:] for line in lines).rstrip()


def _child(node: yaml.Node | None, part: str) -> tuple[int, yaml.Node] | None:
    """The value of a field, or an item of a list, and the line that it begins in."""
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        item = node.value[int(part)]
        return item.start_mark.line + 1, item
    return None
