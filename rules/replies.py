"""How a customer replies about paying: a yes to an offer, an answer to when and how much, another day instead."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from rules.commitments import ASKS
from rules.dates import find_days
from rules.naming import Named, named, named_alone
from rules.offers import ELSEWHERE, SUMS_UP, chosen
from rules.owed import owed_in
from rules.paying import AHEAD, DONE, HEDGE, NO, NOT_THEN, OPEN, PAST
from rules.payments import Payment
from rules.questions import (
    ASKS_DATE,
    ASKS_WHEN,
    asks_about_paying,
    asks_for_answer,
    asks_how_much,
    speaks_of_calls,
)

#: How people say yes to an offer, at the beginning of what they say.
_YES = re.compile(
    r"^(?:那|嗯|哦|噢|啊|唉|哎|呃|嗨|好好|[，。,.\s])*(?:(?:行|成|中)(?!不|吗|么|李|什么)|可以(?!吗|么|不|什么)"
    r"|好(?=$|[，。！,.!\s的吧嘛啦嘞勒呀那就我滴哒])|没问题|没得问题|没啥问题|问题不大|要得|得(?:嘞|行)?(?=$|[，。！,.!\s])"
    r"|ok|妥|差不多吧?(?=$|[，。！,.])|[对是](?:头|滴|着)|同意|没错|没毛病|正确|必须的|(?:肯定|一定|保证|确定|确认(?!一?下))(?![^，。]{0,2}不)|能?接受(?!法律|制裁|不)|[都也]行|就按|照办|说好了|扣(?:吧|好了)|全部?[还结付][清了掉]?(?=$|[，。！,.])|答应(?!你有)|[对是](?=$|[，。！,.!\s的啊])|嗯[呐哪那呢]?$"
    r"|[还存转付交](?:[吧呗嘛的，。]|$)+$|(?:就|那)*(?:这样(?![，,](?:你|您|我)|吧?[，,]?挂)|这么着|这么办|这么定|按你说的|照你说的|听你的|依你|说定)|能(?:还上?|处理|行|做到|办到|安排|保证)?(?=$|[，。！,.!\s的]))"
)
_BUT = re.compile(
    r"(?:但是|但(?!是)|可是|不过|只是)(?![你您]?们?先?(?:别|不要))|除非|就怕|怕是|先问|问问|商量|考虑|晚|再说|不行|不了|太"
    r"|([行好能成]|可以)是\1|个?(?:屁|鬼)|你妈|行了行了?[，,]?别|你们?真?(?:厉害|牛|狠)|你等着(?!收)|借我|谁给|吧[？?]|[？?]|吗"
)

#: Not all of it is no refusal: 能，但是不能全还.
_NOT_ALL = re.compile(
    "(?:但是?|不过|就是|可是)?[^，。]{0,2}(?:不能|没法|没办法|不可能)(?:一次性?|一下子?)?(?:全|都)[^，。]*"
)

#: What a 对 only begins to tell: 对，我妈住院了.
_ILL = re.compile("住院|手术|生病|失业|去世|车祸")

#: 二十五吧 to 几号.
_DATE = re.compile(
    r"(?:那就?|就|嗯|[，。,.\s])*([二三]?十[一二三四五六七八九]?|[一二三四五六七八九]|[12]?\d|3[01])(?:吧|嘛|左右|之?前|[，。,.\s])*"
)
_CORRECTS = re.compile(
    r"^(?:(?:哦|噢|嗯|呃|那|哎|诶|欸|唉|呀|不|[，。,.…\s])*(?:不对|不是|不行|不成|错了|说错|改成?|换成|还是|要不|算了|应该是|我说的是"
    r"|不(?=[，,.\s])|等等|等下|等一下|慢着|[^，。]{1,6}(?:不行|不成|来不及)(?=[，。,.\s])))+"
)
#: A day or a sum taken back with the reason, before another is named: 周五还不了了，下周一吧.
_REFUSED = re.compile(
    r"^[^。！？]{0,12}?(?:[还转给付]不(?:了|上)|来不及|没法|没办法|赶不上|不方便|没时间|没空|够呛|凑不[齐够到]|拿不出|没有)"
    r"[^，。,.]{0,3}[，。,.\s]+"
)
#: What a customer does for it; he says that he will pay all the same.
_EFFORT = re.compile(
    "我?(?:再|先|去|来)?想想?办法(?:去|凑|借)?|我?[想看算]一?[想看算下](?=.{0,3}[，,](?:行|好|可以|那|大概|差不多|[这下明后月0-9]|[二三]?十))"
)
#: After these a refusal takes back what stands before it: 周五吧，算了，还是没钱.
_AFTER_ALL = re.compile("算了|但|可是|不过|还是|就是")

#: He is not the one who owes; a 等会儿 before it is no day.
_DENIES = re.compile("[打找认]错(?:人|电话|号)?(?:了|吧)|[你您](?:是|找)?谁|不是我借|我不是(?:本人|机主)")

#: Somebody else picks up, and is to be fetched: 马上，诶他回来了你等一下.
_FETCHES = re.compile("[他她](?:回来|来|在)了|[你您]等一?下")

#: How many other characters an answer that names both day and sum may have: else, and where paying was asked about.
_PHRASE, _ASIDE = 6, 9

#: What people are paid with: the day it comes is the day of 发了工资就还.
WAGES = re.compile(r"工资|开支|发薪|薪水|发钱|开资|奖金|提成|货款|工程款")
#: Of his wages, how much he pays: 发了工资能还多少.
_PAYS_HOW_MUCH = re.compile("(?:还|转|存|付|给|凑|处理)[个得]?多少")
#: What comes in by other ways.
_OTHER_SUM = re.compile("(?:卖|[挣赚]|收入|[打转]给[您你]|借到?)[^，。]{0,4}多少")
#: That he pays when he is paid: 发工资吧，我们十号发.
_ON_PAYDAY = re.compile(r"吧|等|以后|之后|再|那天|完|了|时候")
#: That day something else is paid.
_SPENT = re.compile("房租|[房车]贷|学费|水电|生活费")
#: What he has earned, which he does not promise: 今天跑了半天，八十块.
_EARNED = re.compile(
    "(?:我|今[天儿]|早上|上午){0,3}[跑干忙]了(?:一?整?[天夜]|半天|一?上午|一早上|一晚上|一宿)"
    "[，, ]*[才就也挣赚了到]*[0-9一二两三四五六七八九十百千.]+(?:多|来)?(?:块|元)?钱?(?=$|[，。！,.])"
)


#: Or earns, or owes: 我一个月就三千块. Not where it is asked how much he pays a month.
_MEANS = re.compile("我[^，。]{0,3}(?:(?:一个?|每个?)月[才就也只有挣赚到]+[^，。]*|欠了[^，。]*)")

#: 周四行不 is said for 周四吧.
_TAG = re.compile("[行成中]不$")
_QUESTION = re.compile(r"[?？]|吗\s*$")
_CLAUSES = re.compile(r"(?<=[，。\s])|(?<=[.,])(?!\d)")
_BARE_SPAN = re.compile(
    r"(?P<filling>^|[，。,\s那就要得吧]|顶多|最多)(?=(?:[0-9一二两三四五六七八九十]{1,2}|半)(?:天|个?(?:周|星期|礼拜)|个月|年)(?:吧|时间|行|可以|就|我|[，。,.\s]|$))"
)
#: How long is asked for, or offered.
_ASKS_SPAN = re.compile("多久|多长|几天|(?:[0-9一二两三四五六七八九十几]|半)(?:天|个?(?:周|星期|礼拜)|个月|年)|宽限")


#: What he had said before of the day he pays, or says that he had: 我说的是下周一 to 您上次说周一还.
_I_SAID = re.compile("(?:不是|没有|不对|[，,啊嗯])*我(?:上次|之前|当时)?说的?就?是")
_YOU_SAID = re.compile("[您你][^，。]{0,5}(?:说|答应|承诺)[^，。]{0,8}[还付转存]")

#: He pays when it is due.
_WHEN_DUE = re.compile("(?:到时候?|按时|准时|到期|届时)(?:就|会|我|肯定|一定|再){0,3}(?:[还存付交](?![没不])|转|处理)")


def denies(said: str) -> bool:
    """Whether who picked up says that he is not the one who owes."""
    return _DENIES.search(said) is not None


def says_yes(said: str) -> bool:
    """Whether a customer takes what was offered."""
    part = _NOT_ALL.sub("", said)
    return bool(_YES.match(said)) and not any(one.search(part) for one in (NO, OPEN, _BUT, _ILL))


def accepted(offers: Sequence[Payment], said: str, today: date) -> list[Payment]:
    """The offers as a customer says yes to them; the last, with what he names himself instead."""
    own = named(_meant(said), today)
    taken = [chosen(offers, own.day)] if own.amount or own.day else offers
    return [
        replace(
            offer, start=0, end=len(said), amount=own.amount or offer.amount, day=own.day or offer.day, condition=None
        )
        for offer in taken
    ]


def answer(asked: str, said: str, today: date, *, about_paying: bool = False) -> Payment | None:
    """What a customer commits to by answering: 礼拜五吧 to 什么时候能还, 两千 to 能还多少.

    `about_paying`: known to be what is asked about, because a promise lacks its day or its sum (两千. 那什么时候), or
    because it was before (具体几号). A time or a share alone (八点吧, 一半) is neither sum nor day.
    """
    about_paying = about_paying or _says_again(asked, said)
    about_paying = about_paying or bool(_ASKS_SPAN.search(asked) and _BARE_SPAN.search(said))
    about = about_paying or asks_about_paying(asked)
    if not (about or find_days(said, today)):
        return None
    if ASKS_WHEN.search(asked) and about and (payday := _on_payday(said, today)):
        return payday
    if (
        _hedged(said, today)
        or _FETCHES.search(said)
        or OPEN.search(_EFFORT.sub("", _without(said, NOT_THEN)))
        or _QUESTION.search(said)
        or _OTHER_SUM.search(asked)
        or (WAGES.search(asked) and not _PAYS_HOW_MUCH.search(asked))
    ):
        return None
    meant = _meant(with_left_out(asked, _TAG.sub("", said if asks_how_much(asked) else _MEANS.sub("", said))))
    whole = named(meant, today)
    if whole.amount and whole.day and whole.spoken <= (_ASIDE if about else _PHRASE):
        return Payment(0, len(said), True, whole.amount, whole.day)
    if not about or speaks_of_calls(asked) or not (about_paying or asks_for_answer(asked)):
        return None
    alone = named_alone(meant, today)
    return Payment(0, len(said), True, alone.amount, alone.day) if alone else None


def _says_again(asked: str, said: str) -> bool:
    """Whether he names anew the day on which he had said he would pay."""
    return bool(_I_SAID.match(said) and _YOU_SAID.search(asked))


def when_due(asked: str, said: str, today: date) -> list[Payment]:
    """What a customer says that he pays when it is due: 到时候会还的 to 三月五号是还款日，应还四千三."""
    if not _WHEN_DUE.search(said) or NO.search(said) or OPEN.search(said):
        return []
    days = {day.date for day in find_days(asked, today) if day.date > today}
    if len(days) != 1:
        return []
    sums = owed_in(asked, today)
    return [Payment(0, len(said), True, sums.pop() if len(sums) == 1 else None, days.pop())]


def counter(asked: str, said: str, today: date, *, about_paying: bool = False) -> Payment | None:
    """Another day or sum that a customer asks for instead: 一千有点多，五百行吗."""
    if not ASKS.search(said):
        return None
    stated = answer(asked, ASKS.sub("", said).rstrip("？?"), today, about_paying=about_paying)
    return replace(stated, end=len(said)) if stated else None


def half_offered(asked: str, said: str, today: date, amount: bool, day: bool) -> Payment | None:
    """A yes to the sum or the day alone that a promise lacks, as `amount` and `day` say: 可以 to 那周五行吗."""
    if not says_yes(said) or speaks_of_calls(asked) or PAST.search(asked):
        return None
    offered = named(asked, today)
    proposed = amount and (not owed_in(asked, today) or SUMS_UP.search(asked))  # 您一共欠八千 proposes nothing
    half = Payment(0, len(said), True, offered.amount if proposed else None, offered.day if day else None)
    return half if half.amount or half.day else None


def correction(last: Payment, said: str, today: date) -> Payment | None:
    """A promise changed in the half that is named: 不对，是这个礼拜五; 周五还不了了，下周一吧."""
    if corrects := _CORRECTS.match(said):
        instead: Named | None = named(_meant(said[corrects.end() :]), today)
        refused = NO.search(said)
    else:
        corrects = _REFUSED.match(said)
        instead = named_alone(said[corrects.end() :], today) if corrects else None
        refused = corrects and NO.search(said, corrects.end())
    if instead is None or refused or _hedged(said, today) or not (instead.amount or instead.day):
        return None
    return replace(last, start=0, end=len(said), amount=instead.amount or last.amount, day=instead.day or last.day)


def corrects(said: str) -> bool:
    """Whether a customer begins by correcting what was said before: 哦不对."""
    return _CORRECTS.match(said) is not None


def _hedged(said: str, today: date) -> bool:
    """Whether it stays open: 周五吧，不一定. Not where another day is named then: 后天不一定，大后天吧."""
    hedges = [hedge.end() for hedge in HEDGE.finditer(said)]
    return bool(hedges) and named_alone(said[hedges[-1] :], today) is None


def waits_for_wages(asked: str, said: str) -> bool:
    """Whether a customer says that he pays when he is paid, of which he does not say when: 发工资那天."""
    return all(one.search(text) for one, text in ((WAGES, said), (_ON_PAYDAY, said), (ASKS_WHEN, asked)))


def _on_payday(said: str, today: date) -> Payment | None:
    """The day of his wages, where a customer says that he pays then."""
    own = named_alone(_meant(said), today)  # 二十三号吧，我二十二号发工资
    day = None if own and own.day else named(said, today).day
    if day is None or not WAGES.search(said) or not _ON_PAYDAY.search(said) or _SPENT.search(said):
        return None
    if NO.search(said) or OPEN.search(said) or HEDGE.search(said) or PAST.search(said) or _QUESTION.search(said):
        return None
    return Payment(0, len(said), True, named(said, today).amount, day)


def _meant(said: str) -> str:
    """What is said, without the clauses that turn a day down or speak of something else: 二十号有点紧，二十二号吧."""
    kept: list[str] = []
    for clause in _CLAUSES.split(_EARNED.sub("", said)):
        if NO.search(clause) and _AFTER_ALL.search(clause):
            return ""
        if not _aside(clause):
            kept.append(clause)
    return "".join(kept)


def _without(said: str, about: re.Pattern[str]) -> str:
    if not about.search(said):
        return said
    return "".join(clause for clause in _CLAUSES.split(said) if not about.search(clause))


def _aside(clause: str) -> bool:
    told = any(one.search(clause) for one in (NOT_THEN, ELSEWHERE, PAST, NO))
    return told or bool(DONE.search(clause) and not AHEAD.search(clause))


def with_left_out(asked: str, said: str) -> str:
    """What is said, with what people leave out: the 号 after 几号, the 给我 after 三天行吗."""
    if _ASKS_SPAN.search(asked):
        said = _BARE_SPAN.sub(r"\g<filling>给我", said)
    bare = _DATE.fullmatch(said) if ASKS_DATE.search(asked) else None
    return f"{bare[1]}号" if bare else said
