"""What no log line may hold: numbers of people, and what was said in a call."""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

#: As many characters of speech in a row as no message of ours has in common with any call.
_RUN = 6

_SPOKEN = re.compile(rf"[㐀-鿿]{{{_RUN},}}")
#: Phone and ID numbers, whatever they are of: the tests have no others. Digests, which are hex, hold some by chance.
_NUMBER = re.compile(r"(?<![0-9a-f])(?:1[3-9]\d{9}|\d{17}[\dXx])(?![0-9a-f])")


class LogLines(io.StringIO):
    """Takes what is logged and what is said, and tells at the end where they met. Shows the log to whoever tests."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._said: set[str] = set()

    def write(self, text: str) -> int:
        """Keep what is logged."""
        self._lines += text.splitlines()
        # Not sys.stderr: a test that reads that reads what a command prints.
        assert sys.__stderr__ is not None
        return sys.__stderr__.write(text)

    def hear(self, body: Any) -> None:
        """Note what is said in a transcript's JSON."""
        self._said |= set(_runs(utterance["text"] for utterance in body["utterances"]))

    def leaks(self) -> list[str]:
        """The lines that hold what they must not."""
        return [line for line in self._lines if _NUMBER.search(line) or not self._said.isdisjoint(_runs([line]))]


def _runs(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for spoken in _SPOKEN.findall(text):
            yield from (spoken[at : at + _RUN] for at in range(len(spoken) - _RUN + 1))
