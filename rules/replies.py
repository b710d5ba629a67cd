"""How the two sides of a call answer each other about paying: offers, a yes to them, answers to when and how much."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from rules.dates import Day, find_days
from rules.numerals import Number
from rules.paying import AHEAD, DONE, HEDGE, NO, NOT_THEN, OPEN, PAST, PAYING, REST
from rules.payments import Payment, amounts, asks, payments

_RECAP = re.compile(r"您承诺|你承诺|您答应|记录一下|登记|跟您确认|确认一下|那就|好的|是吗|对吧|对吗|记下|备注")

#: How people say yes to an offer, at the beginning of what they say.
_YES = re.compile(
    r"^(?:那|嗯|哦|噢|啊|唉|哎|呃|嗨|好好|[，。,.\s])*(?:(?:行|成|中)(?!不|吗|么|李)|可以(?!吗|么|不)"
    r"|好(?=$|[，。！,.!\s的吧嘛啦嘞勒呀那就我滴哒])|没问题|没得问题|没啥问题|问题不大|要得|得(?:嘞|行)?(?=$|[，。！,.!\s])"
    r"|ok|妥|同意|必须的|肯定|一定|答应|[对是](?=$|[，。！,.!\s的啊])|嗯$"
    r"|(?:就)?(?:这样|这么着|这么办|这么定|按你说的|照你说的|听你的|依你|说定)|能(?:还上?|处理|行)?(?=$|[，。！,.!\s的]))"
)
_BUT = re.compile(r"但是|可是|不过|只是|但|除非|就怕|怕是|先问|问问|商量|考虑|晚|再说|不行|不了|太|吧[？?]|[？?]|吗")
_AGREED = re.compile(r"^(?:那|嗯|好的|[，。,.\s])*(?:行|可以|好|没问题|成|同意|ok|那就这|就这样|也行|也可以)")
_NOT_AGREED = re.compile(
    r"不行|不可以|不能|不成|太少|太晚|太久|恐怕|审批|申请|不接受|没办法|做不了主|最晚|最少|至少|必须|得先|还是得"
)

_ASKS_WHEN = re.compile(
    r"什么时候|啥时候|哪天|哪一天|几号|何时|多久|多长时间|日子|准信|什么时间|几天|哪个时间|时间点|定个时间"
)
_ASKS_DATE = re.compile("几号|多少号|哪天|哪一天|哪个日子")
#: 二十五吧 to 几号.
_DATE = re.compile(
    r"(?:那就?|就|嗯|[，。,.\s])*([二三]?十[一二三四五六七八九]?|[一二三四五六七八九]|[12]?\d|3[01])(?:吧|嘛|左右|之?前|[，。,.\s])*"
)
_ASKS_MUCH = re.compile(r"多少|几百|几千|多大")
_OPEN_QUESTION = re.compile(f"{_ASKS_WHEN.pattern}|{_ASKS_MUCH.pattern}|怎么还|怎么处理")
_CLOSED_QUESTION = re.compile(
    r"(?:能|可以|方便|打算|行|成|安排|处理|还|结|补).{0,12}(?:吗|么|不|没|吧|行不行|[?？])|您看|你看"
)
_ABOUT_PAYING = re.compile(r"还|处理|结|缴|补|存|安排|解决|日子|准信|凑|拿|转|交")
_INSTALMENT = re.compile("[一两二三四五六1-6]期")
_PART = re.compile(r"一部分|一半|一点|部分|剩|其余|没那么多|少一点")
_EITHER = re.compile(r"还是|或者|或是|要么|要不")
_TOLD = re.compile(r"打电话|打给[您你]|联系您|还款日|到期日|账单日")
_PAPERWORK = re.compile(r"申请|材料|资料|手续|提交|上报|登记|备案|反馈|截图|减免")
_CLAUSES = re.compile("[，。！？；,!?;]")
_CORRECTS = re.compile(
    r"^(?:(?:哦|噢|嗯|呃|那|哎|呀|不|[，。,.…\s])*(?:不对|不是|不行|不成|错了|说错|改成?|换成|还是|要不|算了|应该是|我说的是"
    r"|等等|等下|等一下|慢着|[^，。]{1,6}(?:不行|不成|来不及)(?=[，。,.\s])))+"
)
#: What may stand beside a day or a sum without saying anything more.
_FILLING = re.compile(
    r"之前|以前|前后|左右|上午|下午|晚上|早上|中午|一定|肯定|保证|放心|没问题|可以|那就|就是|给你|给您|手上|不过|但是"
    r"|块钱|[先那吧啊呢嘛呀哈哦呗啦了的我就行好嗯成得能会元块钱整万多前这还是你您，。！,.!\s]"
)

#: How many other characters an answer may have: beside a day or a sum alone, beside both, and beside both where the
#: collector had asked about paying.
_WORD, _PHRASE, _ASIDE = 1, 6, 9

_WHOLE = re.compile("全|都(?=给|还|结|付|清|转|打)|一次性|一把|[结还付缴]清")
#: What an agent calls the sums that are owed, and how a customer takes them up.
_OWED = {
    "least": (re.compile("最低"), re.compile("最低")),
    "all": (
        re.compile(
            "^(?!.*(?:[本这每当]期|本月|这个月|每月|最低)).*(?:一共|总共|总额|总计|共计|合计|全部|全额|结清|欠款|欠)"
        ),
        _WHOLE,
    ),
    "due": (re.compile("应还|逾期|账单(?!最低)"), _WHOLE),
}

#: That the sum or the day promised is not enough yet.
HAGGLES = re.compile("太少|少了|不够|多一点|多点|再多|太晚|晚了|早一点|早点|提前|再加")

#: What else days and sums are said about.
_ELSEWHERE = re.compile(
    r"学费|房租|房贷|水电|药费|手术|住院|买|花了|租金|生活费|罚款|彩礼|保险|押金|工资|收入|挣|赚|医院|出差|在外地|上班|还在"
    r"|欠我|借我|利息|本金是|多少|发现|扣了我|收了我|打电话"
)

#: What people are paid with: the day it comes is the day of 发了工资就还.
WAGES = re.compile(r"工资|开支|发薪|薪水|发钱|开资|奖金|提成|货款|工程款")
_QUESTION = re.compile(r"[?？]|吗\s*$")


def offers_in(asked: str, today: date) -> list[Payment]:
    """The payments that an agent asks for by day or by sum: 周五之前把一千一还上可以吗. 什么时候还 asks for none.

    More than one where they are the parts of a plan (周五还三千, 月底还五千); of alternatives, the last.
    """
    if not PAYING.search(asked):
        return []
    named = [piece for piece in payments(asked, today) if piece.pays and (piece.day or piece.amount)]
    wanted = [piece for piece in named if not _no_offer(piece, asked[piece.start : piece.end])]
    if not wanted or not (wanted[-1].day or asks(asked, wanted[-1])):
        return []
    plan = {(piece.day, piece.amount): piece for piece in wanted}
    parts = all(day and amount for day, amount in plan) and not _EITHER.search(asked)
    return list(plan.values()) if parts else wanted[-1:]


def says_yes(said: str) -> bool:
    """Whether a customer takes what was offered."""
    return bool(_YES.search(said)) and not (NO.search(said) or OPEN.search(said) or _BUT.search(said))


def accepted(offers: Sequence[Payment], said: str, today: date) -> list[Payment]:
    """The offers as a customer says yes to them; the last, with what he names himself instead."""
    amount, day, _ = _named(said, today)
    taken = offers[-1:] if amount or day else offers
    return [Payment(0, len(said), True, amount or offer.amount, day or offer.day) for offer in taken]


def sums_in(said: str, today: date) -> dict[str, Decimal]:
    """The sums that an agent says are owed, by what they are called in `_OWED`."""
    sums: dict[str, Decimal] = {}
    for number, value in amounts(said, find_days(said, today)):
        clause = re.split("[，。]", said[: number.start])[-1]
        sums |= {name: value for name, (called, _) in _OWED.items() if called.search(clause)}
    return sums


def sum_of_all(parts: Sequence[Decimal | None], said: str) -> Decimal | None:
    """What the instalments of a plan add up to, for who would rather pay all at once."""
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) > 1 and _WHOLE.search(said) else None


def taken_up(sums: Mapping[str, Decimal], said: str) -> Decimal | None:
    """Which of the sums named before a customer means: 那我全还了. A part of it is another matter: 先还一部分."""
    if _PART.search(said) or REST.search(said) or _INSTALMENT.search(said):
        return None
    return next((sums[name] for name, (_, meant) in _OWED.items() if name in sums and meant.search(said)), None)


def agreed(said: str) -> bool:
    """Whether an agent says yes to what the customer proposed."""
    return bool(_AGREED.search(said)) and not _NOT_AGREED.search(said)


def beside(offer: Payment | None, said: str) -> tuple[Decimal | None, date | None]:
    """The sum and the day of an offer that what a customer commits to leaves as they were."""
    if offer is None:
        return None, None
    return (None if NO.search(said) or _PART.search(said) else offer.amount), offer.day


def answer(asked: str, said: str, today: date, *, about_paying: bool = False) -> Payment | None:
    """What a customer commits to by answering: 礼拜五吧 to 什么时候能还, 两千 to 能还多少.

    `about_paying`: known to be what is asked about, because a promise lacks its day or its sum (两千. 那什么时候).
    """
    if any(pattern.search(said) for pattern in (_ELSEWHERE, PAST, NO, OPEN, HEDGE, _QUESTION)) or WAGES.search(asked):
        return None
    if DONE.search(said) and not AHEAD.search(said):
        return None
    amount, day, spoken = _named(_dated(asked, _meant(said)), today)
    about = about_paying or bool(_ABOUT_PAYING.search(asked))
    if amount and day:
        enough = spoken <= (_ASIDE if about else _PHRASE)
    else:
        put = _OPEN_QUESTION.search(asked) or _CLOSED_QUESTION.search(asked)
        enough = bool((amount or day) and about and put) and spoken <= _WORD
    return Payment(0, len(said), True, amount, day) if enough else None


def half_offered(asked: str, said: str, today: date, amount: bool, day: bool) -> Payment | None:
    """A yes to the sum or the day alone that a promise lacks, as `amount` and `day` say: 可以 to 那周五行吗."""
    if not says_yes(said) or _TOLD.search(asked) or PAST.search(asked):
        return None
    sum_named, day_named, _ = _named(asked, today)
    proposed = amount and not sums_in(asked, today)  # 您一共欠八千 proposes nothing
    half = Payment(0, len(said), True, sum_named if proposed else None, day_named if day else None)
    return half if half.amount or half.day else None


def correction(last: Payment, said: str, today: date) -> Payment | None:
    """A promise changed in the half that is named: 不对，是这个礼拜五."""
    corrects = _CORRECTS.search(said)
    if corrects is None or NO.search(said) or HEDGE.search(said):
        return None
    amount, day, _ = _named(_meant(said[corrects.end() :]), today)
    if not amount and not day:
        return None
    return replace(last, start=0, end=len(said), amount=amount or last.amount, day=day or last.day)


def read_back(said: str, today: date, amount: bool, day: bool) -> Payment | None:
    """The sum or the day alone that a promise lacks, as an agent repeats it: 好的，三千二，给您记上了.

    Its clause must say nothing else: no half is 那我明天再跟您联系 or 给您发了红包五十元.
    """
    if not (_RECAP.search(said) or _AGREED.search(said)) or any(
        one.search(said) for one in (_TOLD, _PAPERWORK, PAST, NO, _ELSEWHERE, _OPEN_QUESTION)
    ):
        return None
    told = sums_in(said, today).values()
    clauses = [_named(clause, today) for clause in _CLAUSES.split(PAYING.sub("", _RECAP.sub("", said)))]
    sums = [one for one, _, spoken in clauses if amount and one and one not in told and not spoken]
    days = [one for _, one, spoken in clauses if day and one and not spoken]
    if not sums and not days:
        return None
    return Payment(0, len(said), True, sums[-1] if sums else None, days[-1] if days else None)


def restated(said: str, today: date) -> list[Payment]:
    """The payments that an agent repeats: 好的，星期五还五千元，是吗."""
    if not _RECAP.search(said):
        return []
    named = [piece for piece in payments(said, today) if piece.pays and piece.day]
    return [replace(piece, condition=None) for piece in named if not _other_deed(piece, said[piece.start : piece.end])]


def _no_offer(piece: Payment, words: str) -> bool:
    """Whether an agent asks openly, tells what he does, what is due when, or what was."""
    told = _OPEN_QUESTION.search(words) or _TOLD.search(words) or PAST.search(words)
    return bool(told) or (piece.amount is None and bool(_PAPERWORK.search(words)))


def _other_deed(piece: Payment, words: str) -> bool:
    """Whether an agent refuses, or tells what he does himself: 我今天就把减免申请交上去."""
    told = _PAPERWORK.search(words) or _TOLD.search(words)
    return bool(NO.search(words)) or (piece.amount is None and bool(told))


def _meant(said: str) -> str:
    """What is said, without the clauses that turn a day down or speak of something else: 二十号有点紧，二十二号吧."""
    clauses = re.split("(?<=[，。,.])", said)
    return "".join(one for one in clauses if not (NOT_THEN.search(one) or _ELSEWHERE.search(one)))


def _dated(asked: str, said: str) -> str:
    """What is said, with the 号 that people leave out of an answer to 几号."""
    bare = _DATE.fullmatch(said) if _ASKS_DATE.search(asked) else None
    return f"{bare[1]}号" if bare else said


def _named(said: str, today: date) -> tuple[Decimal | None, date | None, int]:
    """The last sum and the last day named, and how many characters say something else."""
    days = find_days(said, today)
    sums = amounts(said, days)
    spoken = _besides(said, [*days, *(number for number, _ in sums)])
    return sums[-1][1] if sums else None, days[-1].date if days else None, spoken


def _besides(said: str, named: Iterable[Day | Number]) -> int:
    inside = {at for one in named for at in range(one.start, one.end)}
    return len(_FILLING.sub("", "".join(char for at, char in enumerate(said) if at not in inside)))
