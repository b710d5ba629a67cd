"""Promises as they are put together: the parts of a plan said at once, and two halves of one promise."""

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from rules.commitments import ASKS
from rules.dates import find_days
from rules.numerals import find_numbers
from rules.paying import LEFT
from rules.payments import Payment, payments, refused
from rules.replies import correction
from rules.sums import amounts

#: What is spoken of is another payment than the last.
_MORE = re.compile(rf"{LEFT.pattern}|再(?=还|存|处理|打|转|来|给|付|交)|全|[还结付补]清")

#: The rest by its sum: 四号先九百. 那一千呢.
_THAT_ONE = re.compile("那个?[0-9零一二两三四五六七八九十百千万]+(?:块|元)?钱?的?呢")

#: What he owes to others: 花呗我周三还，你们这个我月底还.
_OTHER_DEBT = re.compile(
    "花呗|借呗|微粒贷|白条|[房车]贷|(?:别的|其他|另外?一)(?:[张家笔]|平台|银行|卡)|别家|那[两几三四]家"
)

_CORRECTED = re.compile(r"不对|不是不是|说错|错了|哦不|不不|还是(?!.{0,3}[吗么])|要不|算了|改成")

#: In how many parts it is put to be paid, and that each of them is spoken of.
_IN_PARTS = re.compile("分([两二三四五六2-6])(?:期|个月)")
_EACH = re.compile("每一?期|每个?月|一个?月(?![底初中末内])|一期")


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise to pay."""

    utterance: int  #: index into the transcript's utterances
    text: str  #: the words that promise
    amount: Decimal | None  #: yuan
    date: date | None  #: the day it is promised for
    condition: str | None = None  #: what it depends on, in the customer's words: 发了工资
    span: tuple[int, int] = (0, 0)  #: characters of the utterance's text, end exclusive


def speaks_of_more(said: str) -> bool:
    """Whether another payment is spoken of than the last: 剩下的呢, 那月底再还两千, 全还清."""
    return _MORE.search(said) is not None


def speaks_of_rest(said: str) -> bool:
    """Whether what is left of the same debt is spoken of: 剩下的呢."""
    return LEFT.search(said) is not None or _THAT_ONE.search(said) is not None


def promised(at: int, text: str, payment: Payment) -> Promise:
    """The payment as it was said in the utterance at `at`, whose text is `text`."""
    words = text[payment.start : payment.end].strip("，。！？；,.!?; ")
    return Promise(at, words, payment.amount, payment.day, payment.condition, (payment.start, payment.end))


def debts_in(said: str) -> set[str]:
    """The debts that are called by their names: 花呗, 房贷."""
    return set(_OTHER_DEBT.findall(said))


def parts(made: list[Payment], said: str, today: date, ours: set[str]) -> list[Payment]:
    """Of several payments said at once those that are meant: the parts of a plan, or what a correction ends on.

    None where all of them go to debts that are not among `ours`, which the agent called by their names.
    """
    if corrected := [match.end() for match in _CORRECTED.finditer(said, made[0].start, made[-1].end)]:
        made = [payment for payment in made if payment.start >= corrected[-1]] or made[-1:]
    made = [one for one in made if debts_in(said[one.start : one.end]) <= ours]
    if not made:
        return []
    rest = any(one.rest for one in made)
    shares = [one for one in made if one.amount or one.half or rest]
    if len({one.day for one in shares}) == len(shares) > 1 and all(one.day or one.amount for one in shares):
        return shares
    first = next((payment for payment in made if payment.day), made[0])
    sums = [one.amount for one in made if one.amount]
    first = replace(first, end=made[-1].end, amount=first.amount or (sums[0] if len(sums) == 1 else None))
    instead = correction(first, said[first.end :], today)
    return [replace(instead, start=first.start, end=len(said)) if instead else first]


def listed(asked: str, said: str, today: date) -> list[Payment]:
    """The instalments of one sum whose days are listed: 五月八号六月八号七月八号，一月一千. None without a list."""
    counted, days = _IN_PARTS.search(asked), find_days(said, today)
    unsettled = refused(said) or ASKS.search(said) or _CORRECTED.search(said)
    if len(days) < 2 or unsettled or not (counted or _EACH.search(said)):
        return []
    sums = {value for _, value in amounts(said, today)} or {one.amount for one in payments(asked, today) if one.amount}
    dates = sorted({day.date for day in days})
    count = int(find_numbers(counted[1])[0].value) if counted else len(dates)
    if len(sums) != 1 or not 2 <= count <= len(dates):
        return []
    (each,) = sums
    return [Payment(0, len(said), True, each, day) for day in dates[-count:]]


def same(one: Promise, other: Promise) -> bool:
    """Whether two promise the same sum for the same day."""
    return (one.amount, one.date) == (other.amount, other.date)


def agree(one: Promise, other: Promise) -> bool:
    """Whether two may be halves of one: neither names another sum or day, nor the other what is left of the one."""
    sums, days = {one.amount, other.amount} - {None}, {one.date, other.date} - {None}
    both = LEFT.search(one.text) or not LEFT.search(other.text)
    return len(sums) <= 1 and len(days) <= 1 and bool(both)


def joined(one: Promise, other: Promise) -> Promise:
    """Two halves of one promise made whole, where the first was said."""
    amount, day = one.amount or other.amount, one.date or other.date
    return replace(one, amount=amount, date=day, condition=one.condition or other.condition)
