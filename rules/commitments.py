"""Whether the payments that one utterance speaks of are meant: committed to, asked about, refused or left open."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date
from itertools import takewhile

from rules.dates import find_days
from rules.paying import AHEAD, DONE, HEDGE, IF_PAID, PAST, REST, STRONG
from rules.payments import AT_ONCE, Payment, payments, refused

_SENTENCES = re.compile("[^。！？；]+[。！？；]?")
_CLAUSES = re.compile(r"[^，。！？；,.!?;\s]+")
#: How much of a clause before a payment is read: speech is not always punctuated.
_BEFORE = 100

ASKS = re.compile(
    r"行不行|行吗|行么|可以吗|可以么|可不可以|好不好|好吗|成吗|成不成|成不$|中不|怎么样|咋样|能不能|能不能够|可以不|行不$|得不得行"
)
_ENDS_ASKING = re.compile(r"[吗呢么]$")
#: Less is asked for just before: 还能再低点吗，五千我就结了.
_BARGAINS = re.compile("(?:能|可以)[^，。]{0,6}(?:低|少|减|便宜|优惠|免)[^，。]{0,3}[吗么不][，,？?]?$")
#: What is said just behind a payment, if it is short.
_AFTER = re.compile(r"[，, ]*([^，。！；,.!;\s]{0,8})")
_TAG = 8


def commitments(text: str, today: date) -> list[Payment]:
    """The payments that the speaker of `text`, which must be folded, commits to."""
    pieces = [piece for piece in payments(text, today) if piece.pays]
    supposed = _supposed(text, today) if pieces else set()
    clauses = [clause.span() for clause in _CLAUSES.finditer(text)] if pieces else []
    return [
        piece
        for at, piece in enumerate(pieces)
        if piece.end not in supposed
        and (_tagged(text, piece) or not asks(text, piece))
        and _commits(text, piece, today)
        and not _hedged(text, piece, clauses, pieces[at + 1].start if at + 1 < len(pieces) else len(text))
    ]


def proposals(text: str, today: date) -> list[Payment]:
    """The payments that the speaker asks about and that name a day or a sum: 周五还三千行吗."""
    named = [piece for piece in payments(text, today) if piece.pays and (piece.day or piece.amount)]
    return [piece for piece in named if asks(text, piece) and not refused(ASKS.sub("", text[piece.start : piece.end]))]


def asks(text: str, piece: Payment) -> bool:
    """Whether the payment is asked about rather than stated."""
    words = text[piece.start : piece.end].rstrip("，。！；,.!; ")
    if words.endswith(("？", "?")) or _ENDS_ASKING.search(words) or ASKS.search(words):
        return True
    if not piece.day and _BARGAINS.search(text, max(0, piece.start - _BEFORE), piece.start):
        return True
    behind = _AFTER.match(text, piece.end)
    after = behind[1] if behind else ""
    return len(after) < _TAG and (ASKS.search(after) is not None or text[piece.end : piece.end + 1] in ("？", "?"))


def _tagged(text: str, piece: Payment) -> bool:
    """A day and a sum of one's own with 行不行 behind them bind: 我周五还三千，行不行. 能不能周五还三千 asks."""
    words = text[piece.start : piece.end]
    return bool(piece.day and piece.amount) and not re.search("能不能|可不可以|可以不可以|能否|[?？]", words)


def _commits(text: str, piece: Payment, today: date) -> bool:
    words = text[piece.start : piece.end]
    if refused(words) or (piece.condition and refused(piece.condition)):
        return False
    later = piece.day is not None and piece.day > today
    if PAST.search(words) and not later:
        return False
    if DONE.search(words) and not later and not AHEAD.search(words):
        return False
    if piece.day is not None or piece.amount is not None or piece.condition is not None:
        return True
    # 我肯定会还的, 但是现在没钱: good will, and no promise.
    return STRONG.search(words) is not None and not refused(text)


def _supposed(text: str, today: date) -> set[int]:
    """Where payments end that hang on what others may pay him, with no day of their own: 要是他们给我钱，我就还."""
    days = find_days(text, today)
    own = [day.start for day in days if not AT_ONCE.fullmatch(text[day.start : day.end])]
    ends: set[int] = set()
    for sentence in _SENTENCES.finditer(text):
        if condition := IF_PAID.search(text, *sentence.span()):
            first = bisect_left(own, sentence.start())
            named = own[first] if first < len(own) else len(text)
            ends.update(range(condition.start() + 1, min(sentence.end(), named) + 1))
    return ends


def _hedged(text: str, piece: Payment, clauses: list[tuple[int, int]], follower: int) -> bool:
    """Whether the clause before, or any clause up to the next payment, takes the commitment back."""
    before = bisect_left(clauses, (piece.start, 0)) - 1
    if before >= 0:
        start, end = clauses[before]
        end = min(end, piece.start)
        clause = text[max(start, end - _BEFORE) : end]
        if HEDGE.search(clause) and not REST.search(clause):
            return not re.search(r"再说|再看", clause)
    after = takewhile(lambda clause: not REST.search(clause), _between(text, clauses, piece.end, follower))
    return any(HEDGE.search(clause) for clause in after)


def _between(text: str, clauses: list[tuple[int, int]], first: int, last: int) -> Iterator[str]:
    """What stands of the clauses from `first` to `last`."""
    for at in range(max(bisect_left(clauses, (first, 0)) - 1, 0), len(clauses)):
        start, end = clauses[at]
        if start >= last:
            return
        if end > first:
            yield text[max(start, first) : min(end, last)]
