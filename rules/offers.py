"""What an agent puts to a customer: the payments that he asks for by day or by sum."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from rules.commitments import asks
from rules.dates import find_days
from rules.naming import CLAUSES, Named, named, named_alone
from rules.owed import PART, owed_in
from rules.paying import NO, PAST, PAYING
from rules.payments import Payment, payments
from rules.questions import EITHER, OPEN_QUESTION, TOLD, beside_the_question
from rules.sums import amounts

RECAP = re.compile(r"您承诺|你承诺|您答应|记录一下|登记|跟您确认|确认一下|那就|好的|是吗|对吧|对吗|记下|备注")
#: That, and what he has checked without a question: 跟您核对一下，下周一，三千五.
_CHECKS = re.compile(f"{RECAP.pattern}|核对一下")
#: Whether something is put to the customer to say yes to.
_PUTS = re.compile(
    r"中不中|成不成|(?:可以|行|好|成|没问题|能做到|办得到|能安排|接受|同意|(?<!不)确[定认]|ok|对|是)(?:的)?(?:吗|吧|么|不)|行不行|好不好|怎么样|[您你]看|记一下"
    "|能[到转打存弄](?:账|位|过来|进来)?[吗么不]"
)
#: That asks whether something is so: it puts nothing unless a day and a sum are all that is said.
_CONFIRMS = re.compile("[对是]的?[吗吧么]|没错[吗吧]")
#: So does that, which puts nothing without both: 您的生日是三月五号，确定吗.
_SURE = re.compile("确[定认][吗吧么]")
#: What is to be paid by its name, which asks for nothing: 最低还款三百，三月五号之前，对吧.
_NAME = re.compile("最低还款额?|应还款?(?:金?额)?|还款(?:金?额|额度)")
#: A sum read back, and not only told: 一共是六百五十元对吧.
SUMS_UP = re.compile("到时候?[^，。]{0,4}还|(?<!欠)[一总]共(?!欠).{0,24}(?:[对是][吧吗]|没错[吧吗])[。？?]?$")
#: Not where it is what both settle on: 那就最低还款三百，三月五号之前，对吧.
_AGREES = re.compile("那就|约|登记|[确约]定|定[了在]|承诺|答应|[您你]说|记一下")
#: How far behind a payment it is still put, or confirmed.
_TAG_WITHIN = 5
#: How many other characters may stand beside a day and a sum that are put: 二十四期每期一千三，首期这个月二十号.
_BESIDE_OFFER = 4
#: That a sum will do: 先还五百, 三千五就可以结清.
_ENOUGH = re.compile("先|就(?:可以|能|行|好)|只[用要需]")
#: The least is asked for, though on no day: 最低四百二，尽快存进去.
_LEAST_SOON = re.compile("最低.{0,24}(?:尽快|尽早|抓紧|赶紧)")
#: What is put is to be done, not only to be known.
_SETTLES = re.compile("登记|那就|先|定|约|前|截止|首期|延|宽限|给您")
_UNTIL = re.compile("从[^，。]{2,8}(?:开始|起)|(?:延期?|宽限|约|定|登记|截止)(?:到|在|至)")
#: That paying is not what is asked for: 今天我们不谈还款; 您五号有笔分期扣款一千二.
_NOT_NOW = re.compile("(?:不|先不|别)(?:谈|说|聊|催|提|讲)|有一?笔[^，。]{0,6}扣款")
_EACH = re.compile("每期|每个?月|首期")
_OF_EACH = re.compile("第二[期次笔]|各")
#: What was agreed on long ago, or what the agent himself does about it: no payment is put to him.
_TELLS = re.compile(
    "[借贷签](?!款)|账单|到期|合同|应还|分了|之前是|申请(?!.{0,3}延)|减免|审核|审批|流水|材料|提供|提交|有结果"
)
#: What the agent does himself: 我立马给您办.
_OWN_DEED = re.compile("我(?!们|登记|记|备注)|给您办")
#: A fee or another loan pays no debt.
_FEE = re.compile("(?:手续|服务|展期|延期|修复|协商|辛苦|解押)费|保证金|诚意金|押金|额度|网贷|[贷借]个")
PAPERWORK = re.compile(r"申请|材料|资料|手续|提交|上报|登记|备案|反馈|截图|减免|合同|函")

#: What else days and sums are said about.
ELSEWHERE = re.compile(
    r"学费|房租|房贷|水电|药费|手术|住院|买|花了|租金|生活费|罚款|彩礼|保险|押金|工资|收入|挣|赚|医院|出差|在外地|上班|还在"
    r"|欠我|借我|利息|本金是|多少|发现|扣了我|收了我|打电话|答复|回复|回话|消息|核实"
)


@lru_cache(maxsize=8)  # asked for several times in a row; only to be read
def offers_in(asked: str, today: date, *, about_paying: bool = False) -> list[Payment]:
    """The payments that an agent asks for by day or by sum: 周五之前把一千一还上可以吗. 什么时候还 asks for none.

    More than one where they are the parts of a plan (周五还三千, 月底还五千); of alternatives, the last.
    `about_paying`: paying is known to be what is spoken of, so that 周五可以吗 asks for it.
    """
    paid = [piece for piece in payments(asked, today) if piece.pays and (piece.day or piece.amount)]
    wanted = [
        piece
        for piece in paid
        if not _no_offer(piece, asked[piece.start : piece.end]) and (len(paid) > 1 or not _confirms(asked, piece))
    ]
    if not wanted or not (wanted[-1].day or asks(asked, wanted[-1]) or _asks_for_little(asked, wanted[-1])):
        return [] if PAYING.search(asked) else _put(asked, today, about_paying)
    summed = {piece.day for piece in wanted if piece.amount}  # 第一次十号一千八，后面每个月十号 is once the tenth
    plan = {(one.day, one.amount): one for one in wanted if one.amount or one.half or one.day not in summed}
    days_named, sums_named = all(day for day, _ in plan), all(one.amount or one.half for one in plan.values())
    rest = PART.search(asked) or any(piece.rest for piece in wanted)
    parts = (days_named and sums_named) or ((days_named or sums_named) and rest)
    whole = list(plan.values())
    return whole if parts and not EITHER.search(asked) else whole[-1:]


def _asks_for_little(asked: str, piece: Payment) -> bool:
    """Whether a sum without a day is asked for: one that will do, or the least that must be paid."""
    return bool(_ENOUGH.search(asked) or _LEAST_SOON.search(asked, piece.start, piece.end))


def chosen(offers: Sequence[Payment], day: date | None) -> Payment:
    """Which of the offers is spoken of by naming that day: the one for it, or else the last."""
    return next((offer for offer in offers if day and offer.day == day), offers[-1])


def _put(asked: str, today: date, about_paying: bool) -> list[Payment]:
    """A day and a sum put to the customer without a word of paying: 那就周三，两千，可以吧; 给您延到二十号行吗."""
    if not find_days(asked, today) and not amounts(asked, today):
        return []
    plain = _PUTS.sub("", asked)
    known = about_paying and (_EACH.search(asked) or _says_no_more(asked, today))
    checks = _CHECKS.search(asked) and _says_no_more(_CHECKS.sub("", asked), today)
    if plain == asked and not (known or checks):
        return []
    if any(one.search(asked) for one in (TOLD, _TELLS, PAST, NO, ELSEWHERE, OPEN_QUESTION)):
        return []
    whole = named(plain, today)
    if _CONFIRMS.search(asked) and whole.spoken and "那就" not in asked:
        return []
    if _SURE.search(asked) and not (whole.amount and whole.day):
        return []
    together = _UNTIL.search(asked) or (whole.amount and whole.spoken <= _BESIDE_OFFER)
    put = whole if whole.day and together else named_alone(plain, today)
    told = owed_in(asked, today) and not _SETTLES.search(asked)
    if put is None or told or not ((put.day and put.amount) or (about_paying and (put.day or put.amount))):
        return []
    return [Payment(0, len(asked), True, one.amount, one.day) for one in _shares(put, plain, today)]


def _shares(put: Named, asked: str, today: date) -> list[Named]:
    """The payments put, where there may be several: 周四两千一，剩下的分十八期每期一千; 三月十二和四月十二各三千."""
    if put.amount and _OF_EACH.search(asked):
        return [replace(put, day=day) for day in dict.fromkeys(day.date for day in find_days(asked, today))]
    if len(amounts(asked, today)) < 2:
        return [put]
    clauses = [named(clause, today) for clause in CLAUSES.split(asked)]
    return [one for one in clauses if one.alone and one.amount and one.day] or [put]


def _says_no_more(asked: str, today: date) -> bool:
    """Whether all that is said are a day and a sum, put by naming them: 说好了啊，周三，八百."""
    return not _OWN_DEED.search(asked) and not any(named(clause, today).spoken for clause in CLAUSES.split(asked))


def evaded_sum(asked: str, today: date) -> Decimal | None:
    """The sum that was asked for, or when it would be paid, and to which nothing was said yet."""
    if not asked:
        return None
    offers = offers_in(asked, today)
    return offers[-1].amount if offers else beside_the_question(asked, today)[0]


def beside(offer: Payment, said: str, today: date) -> tuple[Decimal | None, date | None]:
    """The sum and the day of an offer that what a customer commits to leaves as they were.

    六点前还不了 turns down the hour, not the sum.
    """
    refused = [named(clause, today) for clause in CLAUSES.split(said) if NO.search(clause)]
    less = PART.search(said) or any(one.amount or not (one.day or one.loosely) for one in refused)
    return (None if less else offer.amount), offer.day


def _no_offer(piece: Payment, words: str) -> bool:
    """Whether an agent asks openly, tells what he does, what is due when, or what was."""
    told = _NOT_NOW.search(words) or OPEN_QUESTION.search(words) or TOLD.search(words) or PAST.search(words)
    return bool(told or _FEE.search(words)) or (piece.amount is None and bool(PAPERWORK.search(words)))


def _confirms(asked: str, piece: Payment) -> bool:
    """Whether an agent only has it confirmed what is due: 最低还款三百，三月五号之前，对吧."""
    words = asked[piece.start : piece.end]
    named_only = not (PAYING.search(_NAME.sub("", words)) or _AGREES.search(asked))
    return named_only and _CONFIRMS.search(asked, piece.start, piece.end + _TAG_WITHIN) is not None
