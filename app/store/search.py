"""Finding words in what was said: exactly, as any run of characters, whatever a dictionary would call a word.

A transcript is kept as searching sees it: simplified characters, half width, lower case, letters and digits only, one
utterance a line. An index over pairs of neighbouring characters (`search_terms()` in the migration) names the
transcripts that can hold a word, and LIKE then decides: 起诉 never matches 起……诉, and what a tokeniser would have cut
is found. Beside the words the index holds marks of what never changes about the call: its hour, its day, who called.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, any_, bindparam, cast, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH, TSQUERY
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from app.tables import Call, Transcript
from rules.text import fold

#: Utterances before and after a hit that a number may go on in: 19 digits, four by four, each confirmed by the other.
_AROUND = 10


def searchable(utterances: Iterable[str]) -> str:
    """What was said as it is searched, one utterance a line, so that line n is utterance n."""
    return "\n".join(map(_letters, utterances))


def marks(call: Call) -> list[str]:
    """What of a call never changes, as the index holds it; no word looks like one."""
    known = (mark(kind, getattr(call, kind)) for kind in _MARKS if getattr(call, kind) is not None)
    return [_hour(call.happened_at), _day(call.happened_at), *known]


#: Column of calls -> how its marks begin.
_MARKS = {"agent_id": "@a", "team": "@t", "channel": "@c"}


def mark(column: str, value: str) -> str:
    """The mark of a call with this value."""
    return _MARKS[column] + value


def marks_between(earliest: datetime, latest: datetime) -> list[str]:
    """Marks of which every call between the two moments bears one."""
    step, named = (timedelta(days=1), _day) if latest - earliest > timedelta(hours=12) else (timedelta(hours=1), _hour)
    count = int((latest - earliest) / step) + 1
    return [*(named(earliest + number * step) for number in range(count)), named(latest)]


def _hour(moment: datetime) -> str:
    return f"@h{int(moment.timestamp() // 3600)}"


def _day(moment: datetime) -> str:
    return f"@d{int(moment.timestamp() // 86400)}"


def words_of(text: str) -> list[str]:
    """The words of a search, apart by spaces; each must be found. Punctuation and case do not count."""
    return [word for word in map(_letters, text.split()) if word]


def _letters(text: str) -> str:
    return "".join(character for character in fold(text) if character.isalnum())


def read(call_id: ColumnElement[int], words: Iterable[str]) -> ColumnElement[bool]:
    """Whether every word was said in the call, answered by reading its transcript."""
    return exists().where(Transcript.call_id == call_id, *_holds(words))


def looked_up(words: Sequence[str], within: Iterable[Sequence[str]] = ()) -> Select[int]:
    """The calls, in no order, in which every word was said and that bear one mark of each group, by the index."""
    pairs = sorted({pair for word in words for pair in _pairs(word)})
    marked = [f"({' | '.join(map(_quoted, group))})" for group in within]
    terms = func.search_terms(Transcript.said, Transcript.marks)
    named = terms.bool_op("@@")(cast(" & ".join([*pairs, *marked]), TSQUERY))
    # One character or two are just what the index holds; of longer words it knows the pairs, not their order.
    return select(Transcript.call_id).where(named, *_holds([word for word in words if len(word) > 2]))


def as_array(session: Session, found: Select[int]) -> ColumnElement[Any]:
    """The calls that were looked up, as an array to compare with.

    PostgreSQL knows then how many there are, and whether to fetch each or to walk through the list and leave out the
    others. It goes to and fro as text: numbers that Python reads one by one take longer than the search.
    """
    text = session.scalar(select(cast(func.array(found.scalar_subquery()), Text)))
    return cast(bindparam(None, text, NullType()), ARRAY(BigInteger))


def among(call_id: ColumnElement[int], found: Select[int]) -> ColumnElement[bool]:
    """Whether the call is one of those that are looked up, all in one statement.

    As an array, which is made before anything else. PostgreSQL takes any rare word for one in two hundred; as a
    subquery it would walk through all calls in the list's order, and cut up every transcript on the way.
    """
    return call_id == any_(func.array(found.scalar_subquery()))


def hits(session: Session, call_ids: Sequence[int], word: str) -> dict[int, dict[str, Any]]:
    """The first utterance of each call in which `word` was said, by call.

    Each with its number (`utterance`), those `around` it as they are kept, and which of these it is (`place`): a number
    that is read out over several can only be masked in all of them.
    """
    before = func.split_part(Transcript.said, word, 1)
    # Not regexp_count, which PostgreSQL 14 does not have.
    line = func.char_length(before) - func.char_length(func.replace(before, "\n", ""))
    first = func.greatest(line - _AROUND, 0)
    ends = func.jsonb_build_object("first", first, "last", line + _AROUND)
    around = func.jsonb_path_query_array(Transcript.body, cast("$.utterances[$first to $last]", JSONPATH), ends)
    wanted = select(Transcript.call_id, line.label("line"), first.label("first"), around.label("around"))
    rows = session.execute(wanted.where(Transcript.call_id.in_(call_ids), Transcript.said.contains(word)))
    return {row.call_id: {"utterance": row.line, "place": row.line - row.first, "around": row.around} for row in rows}


def _holds(words: Iterable[str]) -> list[ColumnElement[bool]]:
    # Nothing to escape: a word is letters and digits.
    return [Transcript.said.contains(word) for word in words]


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _pairs(word: str) -> list[str]:
    return [f"'{word}':*"] if len(word) == 1 else [f"'{a}{b}'" for a, b in pairwise(word)]
