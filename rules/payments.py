"""Reading one utterance for payments: which act of paying is spoken of, how much, by when and on what condition."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from rules.dates import Day, find_days
from rules.naming import named
from rules.numerals import Number
from rules.paying import (
    CONDITION,
    CONDITIONAL,
    DONE,
    EMPTY,
    HEDGE,
    LEFT,
    NAMED,
    NO,
    NOT_THEN,
    OPEN,
    PAST,
    PAYING,
    REST,
    SPEAKS_OF_REST,
)
from rules.sums import amounts, besides


@dataclass(frozen=True, slots=True)
class Payment:
    """A stretch of one utterance with at most one act of paying in it."""

    start: int  #: characters, end exclusive
    end: int
    pays: bool
    amount: Decimal | None  #: yuan
    day: date | None
    condition: str | None = None  #: what it depends on, in the speaker's words
    rest: bool = False  #: whether it is what the parts before leave of what is owed
    half: bool = False  #: whether it is half of what is owed


_CUT = re.compile(
    r"[，。！？；!?;\s]|,(?!\d)|(?<=[还付给]不[了上])(?=[就那])|(?<=没[到发])(?=就)|\.(?![0-9])|(?=(?:剩下|剩的|剩余|其余|余下|另外的|然后)(?!的?(?:$|[，。！,.])))"
)
#: All of what is owed, and so another payment than the part before it: 先还三千，月底还清.
_WHOLE = re.compile("[还结付补]清|结掉|全|一次性")
_ELSE = re.compile("(?<!行)不行|不然|要不|实在|不对|不是|错|[哦噢啊]不")
#: All of it instead of the part: 周五还三千，要么月底还清.
_INSTEAD = re.compile(f"{_ELSE.pattern}|或者|或是|要么|还是|算了|干脆")
#: What comes in or goes elsewhere: 退休金每个月两千三，十号到账，我还你一千.
_INCOME = re.compile("工资|退休金|养老金|低保|收入|[挣赚]|奖金|花了|生活费|房租|学费|[房车]贷")
#: Stands for each character of a day.
_DAY = "\0"
#: A condition between what only says who and when: 我这边十五号|工资发下来, 只要利息能减|，我二十号.
_WHO_AND_WHEN = re.compile(rf"(?:那我|我们?这边|我们?|俺|{_DAY})*(.*?)(?:[，,](?:我们?|俺|{_DAY})*)?")
#: No condition, though it stands before 就: 你看账上就有了.
_SEEN = re.compile("电话|催|[账卡]号|链接|二维码|[你您]们?(?:自己)?[看查瞧]|(?:账|卡|户)[上里]$")
#: An act of the customer's paying; that money reaches him (到账) is a condition.
_PAID = re.compile(rf"(?!到账|入账)(?:{PAYING.pattern})")
#: What may be said of an instalment besides its day and its sum: 下周三再两千五, 十五号发工资两千三.
_OF_SHARE = re.compile(
    "一半|对[吧吗]|的?那[张笔期]|另外|其余|然后|[再给]|[发开领拿]了?(?:工资|薪水?|钱)|(?:工资|货款|退休金)(?:到账?|下来)"
)
#: A day only in 我马上去还; after a condition it is none: 钱一到我马上还.
AT_ONCE = re.compile("现在|马上|立刻|立马|这就|等会儿?|待会儿?|一会儿?|等下")
#: That he will have found what he pays with by a time he names, which is no doubt: 三个月我可以找到工作，到时还两千.
_BY_THEN = re.compile(
    "(?:[天周月年底初末号]|星期|礼拜)(?:[之以]?[内后]|左右)?[，, ]?我?(?:就|应该|肯定|一定)?(?:可以|能|会)"
    "(?:找到[个份]?工作|缓过|缓一?缓|[挣赚]到?了?钱|好起来|宽裕)"
)
#: How much of a payment that grows is read again for what refuses it.
_READ_AGAIN = 200


@lru_cache(maxsize=16)  # what is said is asked about several times in a row; only to be read
def payments(text: str, today: date) -> list[Payment]:
    """Every stretch of `text` about paying, with the days and sums said beside it."""
    days, pays = find_days(text, today), PAYING.search(text)
    if not days and not pays:
        return []
    sums = amounts(text, today)
    if not (pays or sums or SPEAKS_OF_REST.search(text) or "一半" in text):
        return []
    cuts = sorted({0, len(text), *(match.end() for match in _CUT.finditer(text)), *_second_days(text, days)})
    raw = [_piece(text, start, end, days, sums) for start, end in pairwise(cuts)]
    joined = _of_each(text, _joined(text, _with_shares(text, raw, today)), days)
    return _with_rests(text, _on_conditions(text, joined, days))


@lru_cache(maxsize=256)  # of what a payment says it is asked whenever something is said beside it
def refused(words: str) -> bool:
    """Whether paying is refused, or left open."""
    return bool(NO.search(words) or (OPEN.search(words) and OPEN.search(_BY_THEN.sub("", words))))


def _on_conditions(text: str, pieces: list[Payment], days: list[Day]) -> list[Payment]:
    """The payments with what they depend on."""
    if not CONDITIONAL.search(text):
        return pieces
    masked, start, found = besides(text, days, _DAY), 0, list[Payment]()
    for piece in pieces:
        condition = _condition(text, masked, start, piece.end) if piece.pays else None
        inside = (text[day.start : day.end] for day in _among(days, piece.start, piece.end))
        at_once = condition is not None and all(map(AT_ONCE.fullmatch, inside))
        found.append(replace(piece, condition=condition, day=None if at_once else piece.day) if condition else piece)
        start = piece.end if piece.pays else start
    return found


def _condition(text: str, masked: str, start: int, end: int) -> str | None:
    """What is said from `start` to `end` to depend on; a day alone (等到十号就还) is no condition."""
    for match in CONDITION.finditer(text, start, end):
        first, last = match.span(match.lastgroup or 0)
        said = masked[first:last]
        core = _WHO_AND_WHEN.fullmatch(said)
        if core and not (_PAID.search(said) or _SEEN.search(said)) and len(EMPTY.sub("", core[1])) >= 2:
            return text[first + core.start(1) : first + core.end(1)].strip("，, ")
    return None


def _second_days(text: str, days: list[Day]) -> list[int]:
    """Where speech without punctuation goes on to the next payment: 明天还五千 | 后天还三千."""
    between = [(text[before.end : day.start], day.start) for before, day in pairwise(days)]
    paid = [(list(PAYING.finditer(said)), said, start) for said, start in between]
    return [start for acts, said, start in paid if acts and not _CUT.search(said, acts[-1].end())]


def _among(days: Sequence[Day], start: int, end: int) -> Sequence[Day]:
    first, last = (bisect_left(days, at, key=lambda day: day.start) for at in (start, end))
    return days[first:last]


def _piece(text: str, start: int, end: int, days: list[Day], sums: list[tuple[Number, Decimal]]) -> Payment:
    words = text[start:end]
    pays, half = bool(PAYING.search(words)), "一半" in words
    here = _among(days, start, end)
    first, last = (bisect_left(sums, at, key=lambda one: one[0].start) for at in (start, end))
    if not (pays or here or first < last):
        return Payment(start, end, False, None, None, half=half)
    if not pays and (NO.search(words) or HEDGE.search(words) or NOT_THEN.search(words)):
        # 明天还不上, 后天还: the first day is refused, it says nothing about the second.
        return Payment(start, end, False, None, None)
    inside = [day.date for day in here if pays or not AT_ONCE.fullmatch(text[day.start : day.end])]
    money = [] if not pays and _INCOME.search(words) else sums[first:last]
    pays = pays or bool(inside and REST.search(words))
    return Payment(start, end, pays, money[-1][1] if money else None, inside[-1] if inside else None, half=half)


def _with_shares(text: str, raw: list[Payment], today: date) -> list[Payment]:
    """The pieces; of several instalments those too without a word of paying: 周五先还一千，下周三再两千五."""
    if sum(bool(piece.amount) or piece.half or piece.pays for piece in raw) < 2:
        return raw
    shares = [
        bool(piece.day and (piece.amount or piece.half))
        and not named(_OF_SHARE.sub("", text[piece.start : piece.end]), today).spoken
        for piece in raw
    ]
    if sum(share or _instalment(text, piece) for share, piece in zip(shares, raw, strict=True)) < 2:
        return raw
    return [replace(piece, pays=piece.pays or share) for share, piece in zip(shares, raw, strict=True)]


def _of_each(text: str, pieces: list[Payment], days: list[Day]) -> list[Payment]:
    """The pieces; one for each of its days of which the sum is said: 四月五号和五月五号各还两千八."""
    if "各" not in text:
        return pieces
    each: list[Payment] = []
    for piece in pieces:
        named = [day.date for day in _among(days, piece.start, piece.end)]
        apart = piece.pays and piece.amount and "各" in text[piece.start : piece.end]
        each += [replace(piece, day=day) for day in named] if apart and named else [piece]
    return each


def _instalment(text: str, piece: Payment) -> bool:
    """Whether it may be one of several: it names its sum, or is what the others leave."""
    named = piece.amount or piece.half
    return bool((piece.pays and named) or (_rest(text, piece) and (piece.pays or named)))


def _rest(text: str, piece: Payment) -> bool:
    return REST.search(text[piece.start : piece.end]) is not None


def _with_rests(text: str, pieces: list[Payment]) -> list[Payment]:
    """The pieces, marked where one is what those before it leave: 先还三千，月底还清."""
    return [
        replace(piece, rest=True) if _leaves(text, pieces[at - 1] if at else None, piece) else piece
        for at, piece in enumerate(pieces)
    ]


def _leaves(text: str, last: Payment | None, piece: Payment) -> bool:
    words = text[piece.start : piece.end]
    if LEFT.search(words):
        return True
    if (
        last is None
        or not (last.pays and (last.amount or last.half) and last.day != piece.day)
        or not _WHOLE.search(words)
    ):
        return False
    part = text[last.start : last.end]
    return not (refused(part) or PAST.search(part) or DONE.search(part) or _INSTEAD.search(text, last.end, piece.end))


def _joined(text: str, pieces: list[Payment]) -> list[Payment]:
    """Days and amounts said beside the act of paying belong to it: 等下个月十号, 我还两千; 明天就还清, 八千四百六十."""
    joined: list[Payment] = []
    waiting: Payment | None = None
    for piece in pieces:
        if piece.pays and waiting and waiting.amount and _rest(text, piece):
            joined += [replace(waiting, pays=True), piece]
            waiting = None
        elif piece.pays and joined and waiting is None and _halves(text, joined[-1], piece):
            joined[-1] = _extended(joined[-1], piece)
        elif piece.pays:
            joined.append(_filled(text, waiting, piece) if waiting else piece)
            waiting = None
        elif joined and waiting is None and piece.day == joined[-1].day and piece.amount is None:
            continue  # the same day once more
        elif joined and waiting is None and _fills(text, joined[-1], piece):
            joined[-1] = _extended(joined[-1], piece)
        elif piece.amount is not None or piece.day is not None:
            waiting = _filled(text, waiting, piece) if waiting else piece
    return joined


def _filled(text: str, waiting: Payment, piece: Payment) -> Payment:
    amount = piece.amount or (waiting.amount if _names(text, waiting, piece) else None)
    return replace(piece, start=waiting.start, amount=amount, day=piece.day or waiting.day)


def _names(text: str, waiting: Payment, piece: Payment) -> bool:
    """Whether the sum said before is that of the payment: not in 欠七千，先还一半 or 本金五千，利息八百，先还本金."""
    told, meant = (set(NAMED.findall(text, one.start, one.end)) for one in (waiting, piece))
    return not piece.half and (told <= meant or not meant)


def _extended(last: Payment, piece: Payment) -> Payment:
    return replace(last, end=piece.end, amount=last.amount or piece.amount, day=last.day or piece.day)


def _halves(text: str, one: Payment, other: Payment) -> bool:
    """Whether two acts in a row are one payment: 下周日我跟朋友结完账, 给你四千四; 还三千, 微信转, 今晚八点."""
    if not (one.pays and (one.day or one.amount)):
        return False
    words = text[other.start : other.end]
    if _WHOLE.search(words) or _ELSE.search(words) or LEFT.search(words):
        return False
    if refused(text[max(one.start, one.end - _READ_AGAIN) : one.end]) or refused(words) or DONE.search(words):
        return False
    return not (one.day and other.day) and not (one.amount and other.amount)


def _fills(text: str, paying: Payment, piece: Payment) -> bool:
    if (piece.amount is None and piece.day is None) or _ELSE.search(text[piece.start : piece.end]):
        return False
    return (piece.amount is None or paying.amount is None) and (piece.day is None or paying.day is None)
