"""Finding words in what was said: exactly, as any run of characters, whatever a dictionary would call a word.

A transcript is kept as searching sees it: simplified characters, half width, lower case, letters and digits only, one
utterance a line. An index over pairs of neighbouring characters (`bigrams()` in the migration) names the transcripts
that can hold a word, and LIKE then decides: 起诉 never matches 起……诉, and what a tokeniser would have cut is found.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, exists, func, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from app.tables import Transcript
from rules.text import fold


def searchable(utterances: Iterable[str]) -> str:
    """What was said as it is searched, one utterance a line, so that line n is utterance n."""
    return "\n".join(map(_letters, utterances))


def words_of(text: str) -> list[str]:
    """The words of a search, apart by spaces; each must be found. Punctuation and case do not count."""
    return [word for word in map(_letters, text.split()) if word]


def _letters(text: str) -> str:
    return "".join(character for character in fold(text) if character.isalnum())


def read(call_id: ColumnElement[int], words: Iterable[str]) -> ColumnElement[bool]:
    """Whether every word was said in the call, answered by reading its transcript."""
    return exists().where(Transcript.call_id == call_id, *_holds(words))


def looked_up(call_id: ColumnElement[int], words: Sequence[str]) -> ColumnElement[bool]:
    """Whether every word was said in the call, answered by the index."""
    pairs = sorted({pair for word in words for pair in _pairs(word)})
    named = func.bigrams(Transcript.said).bool_op("@@")(cast(" & ".join(pairs), TSQUERY))
    # One character or two are just what the index holds; of longer words it knows the pairs, not their order.
    longer = [word for word in words if len(word) > 2]
    return call_id.in_(select(Transcript.call_id).where(named, *_holds(longer)))


def hits(session: Session, call_ids: Sequence[int], word: str) -> dict[int, dict[str, Any]]:
    """The first utterance of each call in which `word` was said, by call: utterance, speaker, text, start."""
    before = func.split_part(Transcript.said, word, 1)
    line = cast(func.regexp_count(before, "\n"), Integer)
    wanted = select(Transcript.call_id, line.label("utterance"), Transcript.body["utterances"][line].label("body"))
    rows = session.execute(wanted.where(Transcript.call_id.in_(call_ids), Transcript.said.contains(word)))
    return {row.call_id: {"utterance": row.utterance, **row.body} for row in rows}


def _holds(words: Iterable[str]) -> list[ColumnElement[bool]]:
    # Nothing to escape: a word is letters and digits.
    return [Transcript.said.contains(word) for word in words]


def _pairs(word: str) -> list[str]:
    return [f"'{word}':*"] if len(word) == 1 else [f"'{a}{b}'" for a, b in pairwise(word)]
