"""Promises to pay: what the customer commits to, how much and by when.

A promise needs a commitment. 明天还不了, 尽量 and 再说 are none; 我想还 is a wish; 能不能晚点还 asks.
"""

import itertools
import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from asr.transcript import Transcript
from rules.dates import Day, find_days
from rules.numerals import Number, find_numbers
from rules.text import fold


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise to pay."""

    utterance: int  #: index into the transcript's utterances
    text: str  #: the words that promise
    amount: Decimal | None  #: yuan
    date: date | None  #: the day it is promised for
    span: tuple[int, int] = (0, 0)  #: characters of the utterance's text, end exclusive


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of one utterance with at most one act of paying in it."""

    start: int
    end: int
    pays: bool
    amount: Decimal | None
    day: date | None


#: How far apart, in utterances, two halves of one promise may be: 今天晚上就还 … 那我全部还清三千七.
_SAME_PROMISE = 4

#: To read days by when the day of the call is not known; what comes of it is not shown.
_ANY_DAY = date(2000, 1, 1)

_PAY = (
    r"(?:还款|还清|还上|还掉|还进去|还完|还钱|还给你|还你(?=[0-9一二两三四五六七八九十])|还一|还最低|结清|付清|付款|缴清|补上|凑齐|存进去|存上|存钱|存进|打过去|打过来|打给你"
    r"|打进去|打钱|转过去|转过来|转给你|转账|转进去|转|汇过去|汇款|处理掉|处理好|处理|搞定|到账|垫上|交上|缴"
    r"|答应你?们?(?=.{0,3}[号天])|等我(?=.{1,3}[天周])|再给我(?=.{1,3}[天周])|还(?![有是没不要能会想在行好以说需差敢真请让叫打怕我你他她得早剩款去来])(?!可以|需要|觉得|挺|比较)|存|打(?=[0-9一二三四五六七八九十两])(?!一一零|一二三|幺|11|12))"
)
_PAYING = re.compile(_PAY)
_NO = re.compile(
    r"[不没未别](?:能|会|想|可能|打算|准备|肯|一定|愿意|是我|用|必|了|到|上|起|出|完)?[^，。！？；]{0,3}"
    + _PAY
    + r"|(?:还|转|凑|拿|付|交|存|处理)不(?:了|上|起|出|到|完|清|掉)|没法|没办法|无法|没钱|没有钱|拿不出|做不到"
)
_OPEN = re.compile(
    r"尽量|尽力|再说|看看|看情况|看能|能不能|争取|可能|也许|说不定|考虑|商量|想想|想办法|不一定|不敢保证|保证不|不确定|应该|估计"
    r"|恐怕|再看|可不可以|可以吗|行吗|行不行|好吗|可以不|怎么|什么时候|哪里|哪儿|为什么|凭什么|多少|是不是|有没有"
    r"|我想(?!好|通)|我也想|要是能|缓一缓|缓缓|晚点|晚一点|晚几天|宽限|延期|减免|才还|不还|还没|让他|叫他|他会|她会|他说"
)
_PAST = re.compile(r"已经|刚刚|刚才|早就|昨天|前天|上周|上个月|之前就|去年|还过了")
_DONE = re.compile(r"还了(?!就)|转过去了|还进去了|打过去了|还清了|还完了|存了")
_STRONG = re.compile(
    r"一定|保证|肯定|答应|就还|就转|就去还|就存|就处理|就去存|先垫|垫上|去.{0,4}(?:存|还|转|处理)|会还|会处理|会转|这就|马上|那我还|我还(?![是没有不想要在得能会可])|先还|分.{1,3}期|还清|结清|行.{0,2}还|凑够|凑齐|到账.{0,3}还|发工资.{0,3}还|工资.{0,5}还"
)
_CUT = re.compile(r"[，。！？；,.!?;\s]|(?=剩下|剩余|其余|余下|另外的|然后)")
_RECAP = re.compile(r"您承诺|你承诺|您答应|记录一下|登记|跟您确认|确认一下|那就|好的|是吗|对吧|对吗")
_NOT_MONEY = re.compile(r"^(?:[号日月天期点个年周岁次分%％位]|多天|小时|星期|礼拜|时)")


def find_promises(transcript: Transcript, call_date: date | None) -> list[Promise]:
    """Every promise in the order it was made; the last one is what the call ends on.

    `call_date` is the day of the call, against which 明天 and 下周五 are read; where it is not known, the promised day
    is not either. An agent's restatement (好的, 星期五还五千元, 是吗) counts when it follows the customer's promise.
    """
    if call_date is None:
        return [replace(promise, date=None) for promise in find_promises(transcript, _ANY_DAY)]
    promises: list[Promise] = []
    for at, said in enumerate(transcript.utterances):
        if said.speaker == "agent":
            recent = bool(promises) and at - promises[-1].utterance <= 2
            found = _recaps(at, said.text, call_date) if recent else []
        else:
            found = _in_utterance(at, said.text, call_date)
        promises += [_completed(promise, promises) for promise in found]
    return promises


def _in_utterance(at: int, text: str, today: date) -> list[Promise]:
    folded = fold(text)
    pieces = _pieces(folded, today) if _PAYING.search(folded) else []
    return [_promise(at, text, piece) for piece in pieces if piece.pays and _commits(folded, piece, today)]


def _recaps(at: int, text: str, today: date) -> list[Promise]:
    folded = fold(text)
    if not _RECAP.search(folded):
        return []
    pieces = [piece for piece in _pieces(folded, today) if piece.pays and piece.day]
    return [_promise(at, text, piece) for piece in pieces if not _NO.search(folded[piece.start : piece.end])]


def _promise(at: int, text: str, piece: _Piece) -> Promise:
    return Promise(
        at, text[piece.start : piece.end].strip("，。！？；,.!?; "), piece.amount, piece.day, (piece.start, piece.end)
    )


def _commits(text: str, piece: _Piece, today: date) -> bool:
    words = text[piece.start : piece.end]
    asks = text[piece.end : piece.end + 1] in ("？", "?") or re.search(r"[吗呢么]$", words) is not None
    if asks or _NO.search(words) or _OPEN.search(words):
        return False
    later = piece.day is not None and piece.day > today
    if (_PAST.search(words) or _DONE.search(words)) and not later:
        return False
    return piece.day is not None or piece.amount is not None or _STRONG.search(words) is not None


def _completed(promise: Promise, earlier: list[Promise]) -> Promise:
    """A promise in two halves made whole: the day was said before, now comes the amount, or the other way round."""
    if not earlier or promise.utterance - earlier[-1].utterance > _SAME_PROMISE:
        return promise
    last = earlier[-1]
    if promise.date is None and promise.amount is not None and last.amount in (None, promise.amount):
        return replace(promise, date=last.date)
    if promise.amount is None and promise.date is not None and last.date in (None, promise.date):
        return replace(promise, amount=last.amount)
    return promise


def _pieces(text: str, today: date) -> list[_Piece]:
    days = find_days(text, today)
    amounts = _amounts(text, days)
    cuts = sorted({0, len(text), *(match.end() for match in _CUT.finditer(text)), *_second_days(text, days)})
    raw = [_piece(text, start, end, days, amounts) for start, end in itertools.pairwise(cuts) if start < end]
    return _joined(raw)


def _second_days(text: str, days: list[Day]) -> list[int]:
    """Where speech without punctuation goes on to the next payment: 明天还五千 | 后天还三千."""
    return [day.start for before, day in itertools.pairwise(days) if _PAYING.search(text, before.end, day.start)]


def _piece(text: str, start: int, end: int, days: list[Day], amounts: list[tuple[Number, Decimal]]) -> _Piece:
    pays = bool(_PAYING.search(text, start, end))
    if not pays and _NO.search(text, start, end):
        # 明天还不上, 后天还: the first day is refused, it says nothing about the second.
        return _Piece(start, end, False, None, None)
    inside = [day.date for day in days if start <= day.start < end]
    money = [value for number, value in amounts if start <= number.start < end]
    return _Piece(start, end, pays, money[-1] if money else None, inside[-1] if inside else None)


def _joined(pieces: list[_Piece]) -> list[_Piece]:
    """Days and amounts said beside the act of paying belong to it: 等下个月十号, 我还两千; 明天就还清, 八千四百六十."""
    joined: list[_Piece] = []
    waiting: _Piece | None = None
    for piece in pieces:
        if piece.pays:
            if waiting:
                piece = replace(
                    piece, start=waiting.start, amount=piece.amount or waiting.amount, day=piece.day or waiting.day
                )
            joined.append(piece)
            waiting = None
        elif joined and _fills(joined[-1], piece) and waiting is None:
            joined[-1] = replace(
                joined[-1], end=piece.end, amount=joined[-1].amount or piece.amount, day=joined[-1].day or piece.day
            )
        elif piece.amount is not None or piece.day is not None:
            waiting = (
                piece
                if waiting is None
                else replace(waiting, amount=waiting.amount or piece.amount, day=waiting.day or piece.day)
            )
    return joined


def _fills(paying: _Piece, piece: _Piece) -> bool:
    if piece.amount is None and piece.day is None:
        return False
    return (piece.amount is None or paying.amount is None) and (piece.day is None or paying.day is None)


def _amounts(text: str, days: list[Day]) -> list[tuple[Number, Decimal]]:
    """Numbers that are money: with 元 or 块 after them, with 百 千 万 in them, or right after the act of paying."""
    amounts = []
    for number in find_numbers(text):
        if any(day.start < number.end and number.start < day.end for day in days):
            continue
        after, written = text[number.end :], text[number.start : number.end]
        if _NOT_MONEY.match(after) or not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,2})?", number.digits):
            continue
        unit = re.match(r"多?(?:元|块|万|人民币)", after)
        if (
            unit
            or re.search("[百千万]", written)
            or (number.value >= 50 and re.search(_PAY + "个?$", text[: number.start]))
        ):
            scale = 10_000 if unit and "万" in unit.group() else 1
            amounts.append((number, number.value * scale))
    return amounts
