"""YAML as packs are written in: what nests or grows without end is a fault, and so is a key given twice."""

from collections.abc import Callable, Iterator
from typing import Any

import yaml

#: Brackets within brackets; a large pack has sixteen. libyaml composes them by recursion: 50 000 end the process.
_DEEPEST = 100

#: Nodes of a text with every alias (*name) written out: seventeen times what the largest pack has, and a hundred
#: letters can stand for billions.
_MOST = 100_000

_MERGE, _TEXT = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str"


def compose(text: str) -> yaml.Node | None:
    """The nodes of a text, for finding places in it. Raises YAMLError."""
    _check_depth(text)
    return yaml.compose(text, yaml.CSafeLoader)


def load(text: str) -> Any:
    """What a text says. Raises YAMLError."""
    _check_depth(text)
    return yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)


def texts(said: Any) -> Iterator[str]:
    """Every text in what a text says, but for keys."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, (dict, list)):
        for inner in said.values() if isinstance(said, dict) else said:
            yield from texts(inner)


def too_large(root: yaml.Node) -> bool:
    """Whether what a node stands for, with every alias written out, is more than can be read."""
    return _weight(root, {}) > _MOST


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.composer.ComposerError(None, None, "嵌套太深", event.start_mark)  # type: ignore[arg-type]


def _weight(node: yaml.Node, known: dict[int, float]) -> float:
    """How many nodes this one stands for; one that holds itself, endlessly many."""
    if id(node) not in known:
        known[id(node)] = float("inf")
        known[id(node)] = 1 + sum(_weight(inner, known) for inner in _inner(node))
    return known[id(node)]


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [one for pair in node.value for one in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node, once, as they stand in the text."""
    seen, ahead = set[int](), [root]
    while ahead:
        node = ahead.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            ahead += reversed(_inner(node))


class _Loader(yaml.CSafeLoader):
    """YAML in which a key is text, as it is written, and given once: PyYAML would silently keep the last one."""

    def get_single_node(self) -> yaml.Node | None:
        root: yaml.Node | None = super().get_single_node()
        if root is not None and too_large(root):
            raise yaml.constructor.ConstructorError(None, None, "别名（*）展开后太大", root.start_mark)
        # Before anything is constructed: merging (<<) puts the keys of others beside those that override them.
        for node in _nodes(root) if root is not None else ():
            if isinstance(node, yaml.MappingNode):
                _check_keys(node)
                node.value = [(_as_text(key), value) for key, value in node.value]
        return root


def _check_keys(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"“{key.value}”写了两次", key.start_mark)
            seen.add(key.value)


def _as_text(key: yaml.Node) -> yaml.Node:
    # 1 and true are two names, which Python takes for one key; on and 007 are names too.
    if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
        return key
    return yaml.ScalarNode(_TEXT, key.value, key.start_mark, key.end_mark)


def _or_text(kind: str) -> Callable[[_Loader, yaml.ScalarNode], Any]:
    """Constructs values of that kind; what is none, such as 2026-02-30, stays text, which is a fault of its field."""
    construct = getattr(yaml.constructor.SafeConstructor, f"construct_yaml_{kind}")

    def constructed(loader: _Loader, node: yaml.ScalarNode) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, LookupError, AttributeError):  # the last where a tag says that it is one: !!timestamp soon
            return node.value

    return constructed


for _kind in ("bool", "int", "float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _or_text(_kind))
