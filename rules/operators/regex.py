"""`regex`: a regular expression over each utterance, with one that excludes.

It reads the text in simplified characters, half width and lower case, with punctuation and numbers as written.
"""

import time
from functools import lru_cache
from typing import Annotated
from weakref import WeakKeyDictionary

import regex
from pydantic import AfterValidator, StringConstraints

from asr.transcript import Speaker
from rules.call import Call, Conversation, Hit, Part
from rules.operators.base import Operator, Outcome

#: Seconds one expression may take over one call: a pattern that backtracks for ever must not hold up the worker.
TIME_LIMIT = 0.25

#: Seconds that all such patterns together may take over one call; then each has a moment, which is enough for a sound
#: one and a thousand utterances.
TIME_IN_ALL, MOMENT = 2.0, 0.01

#: What they took, of the calls being judged.
_WASTED: WeakKeyDictionary[Conversation, float] = WeakKeyDictionary()


@lru_cache(maxsize=1024)  # the library's own takes longer to look a pattern up than to search one utterance
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern, cache_pattern=False)


def _compiles(pattern: str) -> str:
    try:
        _compiled(pattern)
    except (regex.error, OverflowError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"正则表达式有误：{error}") from error
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_compiles)]


class Regex(Operator):
    """Text that matches `pattern` where `exclude` does not match in the same utterance."""

    pattern: Pattern
    exclude: Pattern | None = None
    speaker: Speaker | None = None  #: instead of the rule's

    def find(self, call: Call, part: Part) -> Outcome:
        """Every match; an expression that takes too long leaves the question open and says so."""
        wasted = _WASTED.get(call.conversation, 0.0)
        limit = max(MOMENT, min(TIME_LIMIT, TIME_IN_ALL - wasted))
        deadline = time.monotonic() + limit
        hits: list[Hit] = []
        try:
            for at in call.said(part, self.speaker or part.speaker):
                hits += self._in_utterance(at, call.conversation.speech.folded[at], deadline)
        except TimeoutError:
            _WASTED[call.conversation] = wasted + limit
            return Outcome(None, (), f"正则表达式“{self.pattern}”超过 {limit:g} 秒未算完")
        hits = [hit for hit in hits if part.covers(hit)]
        return Outcome(bool(hits), tuple(hits))

    def _in_utterance(self, at: int, text: str, deadline: float) -> list[Hit]:
        found = [
            Hit(at, *match.span())
            for match in _compiled(self.pattern).finditer(text, timeout=_left(deadline))
            if match.group()
        ]
        if found and self.exclude and _compiled(self.exclude).search(text, timeout=_left(deadline)):
            return []
        return found

    def own_speaker(self) -> Speaker | None:
        """The speaker named here."""
        return self.speaker


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
