"""How an agent takes up what a customer says: a yes to his proposal, his promise read back."""

import re
from dataclasses import replace
from datetime import date

from rules.naming import CLAUSES, named
from rules.offers import ELSEWHERE, PAPERWORK, RECAP
from rules.owed import owed_in
from rules.paying import NO, PAST, PAYING
from rules.payments import Payment, payments
from rules.questions import OPEN_QUESTION, TOLD

#: How an agent says yes.
_AGREED = re.compile(
    r"^(?:那|嗯|好的|[，。,.\s])*(?:行|可以|好|没问题|成|同意|ok|那就这|就这样|也行|也可以)"
    r"|^[^，。]{1,8}(?:也行|也可以|也成|可以|没问题)(?=$|[，。的])|^(?:[^，。]{1,12}，)?应该(?:可以|没问题)|^那就(?!不|没|只能|必须|得|太)"
)
_NOT_AGREED = re.compile(
    r"不行|不可以|不能|不成|太少|太晚|太久|恐怕|审批|申请(?!.{0,3}应该(?:可以|没))|不接受|没办法|做不了主|最晚|最少|至少|必须|得先|还是得"
)


def agreed(said: str) -> bool:
    """Whether an agent says yes to what the customer proposed."""
    return bool(_AGREED.match(said)) and not _NOT_AGREED.search(said)


def read_back(said: str, today: date, *, amount: bool, day: bool) -> Payment | None:
    """The sum or the day alone that a promise lacks, as an agent repeats it: 好的，三千二，给您记上了.

    Its clause must say nothing else: no half is 那我明天再跟您联系 or 给您发了红包五十元.
    """
    if not (RECAP.search(said) or _AGREED.match(said)) or any(
        one.search(said) for one in (TOLD, PAPERWORK, PAST, NO, ELSEWHERE, OPEN_QUESTION)
    ):
        return None
    told = owed_in(said, today)
    clauses = [named(clause, today) for clause in CLAUSES.split(PAYING.sub("", RECAP.sub("", said)))]
    sums = [one.amount for one in clauses if amount and one.amount and one.amount not in told and not one.spoken]
    days = [one.day for one in clauses if day and one.day and not one.spoken]
    if not sums and not days:
        return None
    return Payment(0, len(said), True, sums[-1] if sums else None, days[-1] if days else None)


def restated(said: str, today: date) -> list[Payment]:
    """The payments that an agent repeats: 好的，星期五还五千元，是吗."""
    if not (RECAP.search(said) or agreed(said)):
        return []
    named = [piece for piece in payments(said, today) if piece.pays and piece.day]
    return [replace(piece, condition=None) for piece in named if not _other_deed(piece, said[piece.start : piece.end])]


def _other_deed(piece: Payment, words: str) -> bool:
    """Whether an agent refuses, or tells what he does himself: 我今天就把减免申请交上去."""
    told = PAPERWORK.search(words) or TOLD.search(words)
    return bool(NO.search(words)) or (piece.amount is None and bool(told))
