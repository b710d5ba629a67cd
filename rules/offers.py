"""What an agent puts to a customer: payments that he asks for, what he asks about them, what he reads back."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from rules.commitments import asks
from rules.dates import find_days
from rules.naming import CLAUSES, named, named_alone
from rules.owed import PART, owed_in
from rules.paying import LEFT, NO, PAST, PAYING
from rules.payments import Payment, payments
from rules.sums import amounts

_RECAP = re.compile(r"您承诺|你承诺|您答应|记录一下|登记|跟您确认|确认一下|那就|好的|是吗|对吧|对吗|记下|备注")
#: That, and what he has checked without a question: 跟您核对一下，下周一，三千五.
_CHECKS = re.compile(f"{_RECAP.pattern}|核对一下")
#: How an agent says yes.
_AGREED = re.compile(
    r"^(?:那|嗯|好的|[，。,.\s])*(?:行|可以|好|没问题|成|同意|ok|那就这|就这样|也行|也可以)"
    r"|^[^，。]{1,8}(?:也行|也可以|也成|可以|没问题)(?=$|[，。的])|^那就(?!不|没|只能|必须|得|太)"
)
_NOT_AGREED = re.compile(
    r"不行|不可以|不能|不成|太少|太晚|太久|恐怕|审批|申请|不接受|没办法|做不了主|最晚|最少|至少|必须|得先|还是得"
)
#: That the sum or the day promised is not enough yet.
_HAGGLES = re.compile(
    "太少|太长|太久|少了|不够|多一点|多点|再多|太晚|晚了|早一点|早点|提前|再加|不行|最晚|最迟|最少|至少"
)

_ASKS_WHEN = (
    "什么时候|啥时候|哪天|哪一天|几号|何时|多久|多长时间|日子|准信|什么时间|几天|哪个时间|时间点|定个时间"
    "|(?:周|星期|礼拜)几|几点|(?:还款|具体|准确|明确|个)的?(?:时间|日期)"
)
_ASKS_MUCH = "[说报]个数|多少|几百|几千|多大|金额(?=[呢？?。]|$)"
_OPEN_QUESTION = re.compile(f"{_ASKS_WHEN}|{_ASKS_MUCH}|怎么还|怎么处理")
WHEN = re.compile(_ASKS_WHEN)
_MUCH = re.compile(_ASKS_MUCH)
#: A sum of which it is asked when it is paid: 剩下的两千呢; 两千也行，几点.
_FOR_WHEN = re.compile(rf"(?:{LEFT.pattern}).*呢$|还款金额|也(?:行|可以)$")
#: A date is asked for, so that 十五 is one.
ASKS_DATE = re.compile("几号|多少号|哪天|哪一天|哪个日子")
_CLOSED_QUESTION = re.compile(
    r"(?:能|可以|方便|打算|行|成|安排|处理|还|结|补).{0,12}(?:吗|么|不|没|吧|行不行|[?？])|您看|你看"
)
_DEMANDS = re.compile("必须|尽快|尽早|抓紧|赶紧|早点|早日|要求|今天(?:之|以)?内|请您|麻烦您|希望您|[您咱]们?可以")
#: Whether something is put to the customer to say yes to.
_PUTS = re.compile(
    r"(?:可以|行|好|成|没问题|能做到|办得到|能安排|接受|同意|ok|对|是)(?:的)?(?:吗|吧|么|不)|行不行|好不好|怎么样|[您你]看|记一下"
    "|能[到转打存弄](?:账|位|过来|进来)?[吗么不]"
)
#: That asks whether something is so: it puts nothing unless a day and a sum are all that is said.
_CONFIRMS = re.compile("[对是]的?[吗吧么]|没错[吗吧]")
#: What is to be paid by its name, which asks for nothing: 最低还款三百，三月五号之前，对吧.
_NAME = re.compile("最低还款额?|应还款?(?:金?额)?|还款(?:金?额|额度)")
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
_UNTIL = re.compile("(?:延期?|宽限|约|定|登记|截止)(?:到|在|至)")
#: That paying is not what is asked for: 今天我们不谈还款; 您五号有笔分期扣款一千二.
_NOT_NOW = re.compile("(?:不|先不|别)(?:谈|说|聊|催|提|讲)|有一?笔[^，。]{0,6}扣款")
#: What else people are asked the day or the hour of.
_OTHER_TIME = re.compile("生日|出生|[上下]班|回来|回家|到家|能到|方便|有空|开会|起床")
_EITHER = re.compile(r"还是|或者|或是|要么|要不")
_ABOUT_PAYING = re.compile(r"还|每期|首期|承诺|答应|处理|结|缴|补|存|安排|解决|日子|准信|凑|拿|转|交")
_EACH = re.compile("每期|每个?月|首期")
_SECOND = re.compile("第二[期次笔]")
#: What was agreed on long ago, or what the agent himself does about it: no payment is put to him.
_TELLS = re.compile(
    "[借贷签](?!款)|账单|到期|合同|应还|分了|之前是|申请(?!.{0,3}延)|减免|审核|审批|流水|材料|提供|提交|有结果"
)
#: What is due or done otherwise than by paying: a call, a visit, the day a bill is due.
_TOLD = re.compile(
    r"打电话|打给[您你]|联系[您你]|[跟和与给][您你][^，。]{0,3}联系|还款日(?!期吗)|到期日|账单日|再联系|再沟通|回访|回电|来电|接电话|接听|方便接|答复|回复|消息|打过去问|征信|[给跟]您(?:回|打)"
)
#: What the agent does himself: 我立马给您办.
_OWN_DEED = re.compile("我(?!们|登记|记|备注)|给您办")
#: A fee or another loan pays no debt.
_FEE = re.compile("(?:手续|服务|修复|协商|辛苦|解押)费|保证金|诚意金|押金|额度|网贷|[贷借]个")
_PAPERWORK = re.compile(r"申请|材料|资料|手续|提交|上报|登记|备案|反馈|截图|减免|合同|函")

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
        piece for piece in paid if not _no_offer(piece, asked[piece.start : piece.end]) and not _confirms(asked, piece)
    ]
    if not wanted or not (wanted[-1].day or asks(asked, wanted[-1]) or _asks_for_little(asked, wanted[-1])):
        return [] if PAYING.search(asked) else _put(asked, today, about_paying)
    plan = {(piece.day, piece.amount): piece for piece in wanted}
    days_named, sums_named = all(day for day, _ in plan), all(one.amount or one.half for one in plan.values())
    rest = PART.search(asked) or any(piece.rest for piece in wanted)
    parts = (days_named and sums_named) or ((days_named or sums_named) and rest)
    return list(plan.values()) if parts and not _EITHER.search(asked) else wanted[-1:]


def _asks_for_little(asked: str, piece: Payment) -> bool:
    """Whether a sum without a day is asked for: one that will do, or the least that must be paid."""
    return bool(_ENOUGH.search(asked) or _LEAST_SOON.search(asked, piece.start, piece.end))


def chosen(offers: Sequence[Payment], day: date | None) -> Payment:
    """Which of the offers is spoken of by naming that day: the one for it, or else the last."""
    return next((offer for offer in offers if day and offer.day == day), offers[-1])


def _put(asked: str, today: date, about_paying: bool) -> list[Payment]:
    """A day and a sum put to the customer without a word of paying: 那就周三，两千，可以吧; 给您延到二十号行吗."""
    if not find_days(asked, today) and not amounts(asked, []):
        return []
    plain = _PUTS.sub("", asked)
    known = about_paying and (_EACH.search(asked) or _says_no_more(asked, today))
    checks = _CHECKS.search(asked) and _says_no_more(_CHECKS.sub("", asked), today)
    if plain == asked and not (known or checks):
        return []
    if any(one.search(asked) for one in (_TOLD, _TELLS, PAST, NO, ELSEWHERE, _OPEN_QUESTION)):
        return []
    whole = named(plain, today)
    if _CONFIRMS.search(asked) and whole.spoken and "那就" not in asked:
        return []
    together = _UNTIL.search(asked) or (whole.amount and whole.spoken <= _BESIDE_OFFER)
    put = whole if whole.day and together else named_alone(plain, today)
    told = owed_in(asked, today) and not _SETTLES.search(asked)
    if put is None or told or not ((put.day and put.amount) or (about_paying and (put.day or put.amount))):
        return []
    if not (put.amount and _SECOND.search(asked)):
        return [Payment(0, len(asked), True, put.amount, put.day)]
    days = dict.fromkeys(day.date for day in find_days(asked, today))
    return [Payment(0, len(asked), True, put.amount, day) for day in days]


def _says_no_more(asked: str, today: date) -> bool:
    """Whether all that is said are a day and a sum, put by naming them: 说好了啊，周三，八百."""
    return not _OWN_DEED.search(asked) and not any(named(clause, today).spoken for clause in CLAUSES.split(asked))


def asks_about_paying(asked: str) -> bool:
    """Whether an agent speaks of paying in what he asks."""
    return _ABOUT_PAYING.search(asked) is not None


def asks_for_answer(asked: str) -> bool:
    """Whether what an agent says wants a day, a sum or a yes."""
    return any(one.search(asked) for one in (_OPEN_QUESTION, _CLOSED_QUESTION, _EITHER, _DEMANDS))


def only_asks(asked: str, today: date) -> bool:
    """Whether an agent asks for a day or a sum and says nothing else, so that the topic stays: 具体几号."""
    last = next((one for one in reversed(re.split("[。！？]", asked)) if one), "")
    question = _OPEN_QUESTION.sub("", last)
    asks_openly = question != last or _EITHER.search(last) or last.endswith("呢")
    return bool(asks_openly) and not _OTHER_TIME.search(last) and named(_EITHER.sub("", question), today).spoken <= 2


def beside_the_question(asked: str, today: date) -> tuple[Decimal | None, date | None]:
    """The day for which an agent asks how much, and the sum for which he asks when: 十号能还多少, 这三千什么时候还."""
    about = [clause for clause in CLAUSES.split(asked) if not PAST.search(clause)]
    clauses = [clause for clause in about if asks_about_paying(clause)]
    days = [named(one, today).day for one in clauses if _MUCH.search(one)]
    if _MUCH.search(asked) and not any(days) and (alone := named_alone(asked, today)):
        days.append(alone.day)
    sums = [named(one, today).amount for one in about if _FOR_WHEN.search(one) or (one in clauses and WHEN.search(one))]
    return sums[-1] if sums else None, days[-1] if days else None


def speaks_of_calls(asked: str) -> bool:
    """Whether the day asked for is that of a call, or of a bill."""
    return _TOLD.search(asked) is not None


def haggles(asked: str) -> bool:
    """Whether an agent says that the sum or the day promised is not enough yet."""
    return _HAGGLES.search(asked) is not None


def agreed(said: str) -> bool:
    """Whether an agent says yes to what the customer proposed."""
    return bool(_AGREED.match(said)) and not _NOT_AGREED.search(said)


def beside(offer: Payment, said: str, today: date) -> tuple[Decimal | None, date | None]:
    """The sum and the day of an offer that what a customer commits to leaves as they were.

    六点前还不了 turns down the hour, not the sum.
    """
    refused = [named(clause, today) for clause in CLAUSES.split(said) if NO.search(clause)]
    less = PART.search(said) or any(one.amount or not (one.day or one.loosely) for one in refused)
    return (None if less else offer.amount), offer.day


def read_back(said: str, today: date, amount: bool, day: bool) -> Payment | None:
    """The sum or the day alone that a promise lacks, as an agent repeats it: 好的，三千二，给您记上了.

    Its clause must say nothing else: no half is 那我明天再跟您联系 or 给您发了红包五十元.
    """
    if not (_RECAP.search(said) or _AGREED.match(said)) or any(
        one.search(said) for one in (_TOLD, _PAPERWORK, PAST, NO, ELSEWHERE, _OPEN_QUESTION)
    ):
        return None
    told = owed_in(said, today)
    clauses = [named(clause, today) for clause in CLAUSES.split(PAYING.sub("", _RECAP.sub("", said)))]
    sums = [one.amount for one in clauses if amount and one.amount and one.amount not in told and not one.spoken]
    days = [one.day for one in clauses if day and one.day and not one.spoken]
    if not sums and not days:
        return None
    return Payment(0, len(said), True, sums[-1] if sums else None, days[-1] if days else None)


def restated(said: str, today: date) -> list[Payment]:
    """The payments that an agent repeats: 好的，星期五还五千元，是吗."""
    if not (_RECAP.search(said) or agreed(said)):
        return []
    named = [piece for piece in payments(said, today) if piece.pays and piece.day]
    return [replace(piece, condition=None) for piece in named if not _other_deed(piece, said[piece.start : piece.end])]


def _no_offer(piece: Payment, words: str) -> bool:
    """Whether an agent asks openly, tells what he does, what is due when, or what was."""
    told = _NOT_NOW.search(words) or _OPEN_QUESTION.search(words) or _TOLD.search(words) or PAST.search(words)
    return bool(told or _FEE.search(words)) or (piece.amount is None and bool(_PAPERWORK.search(words)))


def _confirms(asked: str, piece: Payment) -> bool:
    """Whether an agent only has it confirmed what is due: 最低还款三百，三月五号之前，对吧."""
    words = asked[piece.start : piece.end]
    named_only = not (PAYING.search(_NAME.sub("", words)) or _AGREES.search(asked))
    return named_only and _CONFIRMS.search(asked, piece.start, piece.end + _TAG_WITHIN) is not None


def _other_deed(piece: Payment, words: str) -> bool:
    """Whether an agent refuses, or tells what he does himself: 我今天就把减免申请交上去."""
    told = _PAPERWORK.search(words) or _TOLD.search(words)
    return bool(NO.search(words)) or (piece.amount is None and bool(told))
