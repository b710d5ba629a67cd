"""SECURITY.md names a test for what it claims: each must be there."""

import re
from pathlib import Path

_TESTS = Path(__file__).parent


def test_every_test_that_is_named_is_there() -> None:
    page = (_TESTS.parent / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`(?:tests/)?(test_\w+\.py)(?:::(\w+))?`", page)
    written = {path.name: path.read_text("utf-8") for path in _TESTS.rglob("test_*.py")}
    assert len(named) > 50
    assert [(file, name) for file, name in named if f"def {name}(" not in written.get(file, "") and name] == []
    assert {file for file, _ in named} <= written.keys()
