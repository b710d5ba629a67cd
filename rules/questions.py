"""What an agent asks about paying: when and how much, openly or for a yes, and what he only tells."""

import re
from datetime import date
from decimal import Decimal

from rules.naming import CLAUSES, named, named_alone
from rules.paying import LEFT, PAST

_ASKS_WHEN = (
    "什么时候|啥时候|好久(?=能?还)|好多号|哪天|哪一天|几号|何时|多久|多长时间|日子|准信|什么时间|几天|哪个时间|时间点|定个时间"
    "|(?:周|星期|礼拜)几|几点|(?:还款|具体|准确|明确|个)的?(?:时间|日期)"
)
_ASKS_MUCH = "[说报]个数|[还给能]好多(?!次)|多少|几百|几千|多大|金额(?=[呢？?。]|$)"
OPEN_QUESTION = re.compile(f"{_ASKS_WHEN}|{_ASKS_MUCH}|怎么还|怎么处理")
WHEN = re.compile(_ASKS_WHEN)
ASKS_WHEN = re.compile(rf"{_ASKS_WHEN}|剩[^，。！？]{{0,24}}呢")
_MUCH = re.compile(_ASKS_MUCH)
#: A sum of which it is asked when it is paid: 剩下的两千呢; 两千也行，几点.
_FOR_WHEN = re.compile(rf"(?:{LEFT.pattern}).*呢$|还款金额|要还的|也(?:行|可以)$")
#: The customer's own sum, said again by the agent: 对，六百二; 上次答应的三千五怎么没有还.
_OWN_WORDS = re.compile(
    "^[对是](?:的|啊|呢)?[，。][^，。吗]*。?$|(?:答应|承诺|约好|说好|上[次回周][^，。]{0,6}说|说[的要])[^。！？]{0,40}(?:没有?[还到收看查]|怎么[没还]|[对是][吗吧])"
)
#: How short it is where nothing but a sum is said.
_SUM_WITHIN = 20
#: A date is asked for, so that 十五 is one.
ASKS_DATE = re.compile("几号|[多好][少多]号|哪天|哪一天|哪个日子")
_CLOSED_QUESTION = re.compile(
    r"(?:能|可以|方便|打算|行|成|安排|处理|还|结|补).{0,12}(?:吗|么|不|没|吧|行不行|[?？])|您看|你看"
)
_DEMANDS = re.compile("必须|最好|尽快|尽早|抓紧|赶紧|早点|早日|要求|今天(?:之|以)?内|请您|麻烦您|希望您|[您咱]们?可以")
#: What else people are asked the day or the hour of.
_OTHER_TIME = re.compile("生日|出生|[上下]班|回来|回家|到家|能到|方便|有空|开会|起床|出院|开庭|出差|出发|动身|走$")
EITHER = re.compile(r"还是|或者|或是|要么|要不")
_ABOUT_PAYING = re.compile(r"还|每期|首期|承诺|答应|处理|结|缴|补|存|安排|解决|日子|准信|凑|拿|转|交|剩|其余|另外")
#: That the sum or the day promised is not enough yet.
_HAGGLES = re.compile(
    "太少|太长|太久|少了|不够|多一点|多点|再多|太晚|晚了|早一点|早点|提前|再加|不行|最晚|最迟|最少|至少"
)
#: What is due or done otherwise than by paying: a call, a visit, the day a bill is due.
TOLD = re.compile(
    r"打电话|打给[您你]|联系[您你]|[跟和与给][您你][^，。]{0,3}联系|还款日(?!期吗)|到期日|账单日|再联系|再沟通|回访|回电|来电|接电话|接听|方便接|答复|回复|消息|打过去问|征信|[给跟]您(?:回|打)"
)
#: What comes of not paying, which is neither asked for nor told for its own sake: 不然征信还是逾期状态, 避免起诉.
_CONSEQUENCE = re.compile(
    "(?:不然|否则|要不然|避免|以免|免得|省得)[^，。！？]{0,24}?(?:征信|逾期|[罚利]息|违约|上报|影响|法律|起诉|催收)[^，。！？]*"
)


def asks_about_paying(asked: str) -> bool:
    """Whether an agent speaks of paying in what he asks."""
    return _ABOUT_PAYING.search(asked) is not None


def asks_how_much(asked: str) -> bool:
    """Whether an agent asks for a sum."""
    return _MUCH.search(asked) is not None


def asks_for_answer(asked: str) -> bool:
    """Whether what an agent says wants a day, a sum or a yes."""
    return any(one.search(asked) for one in (OPEN_QUESTION, _CLOSED_QUESTION, EITHER, _DEMANDS))


def only_asks(asked: str, today: date) -> bool:
    """Whether an agent asks for a day or a sum and says nothing else, so that the topic stays: 具体几号."""
    last = next((one for one in reversed(re.split("[。！？]", asked)) if one), "")
    question = OPEN_QUESTION.sub("", last)
    asks_openly = question != last or EITHER.search(last) or last.endswith("呢")
    return bool(asks_openly) and not _OTHER_TIME.search(last) and named(EITHER.sub("", question), today).spoken <= 2


def beside_the_question(asked: str, today: date) -> tuple[Decimal | None, date | None]:
    """The day for which an agent asks how much, and the sum for which he asks when: 十号能还多少, 这三千什么时候还."""
    about = [clause for clause in CLAUSES.split(asked) if not PAST.search(clause)]
    clauses = [clause for clause in about if asks_about_paying(clause)]
    days = [named(one, today).day for one in clauses if _MUCH.search(one)]
    if _MUCH.search(asked) and not any(days) and (alone := named_alone(asked, today)):
        days.append(alone.day)
    sums = [named(one, today).amount for one in about if _FOR_WHEN.search(one) or (one in clauses and WHEN.search(one))]
    if WHEN.search(asked):  # 另外的一千五，下个月几号
        sums += [named(one, today).amount for one in about if LEFT.search(one)]
    sums += [alone.amount for one in about if one.startswith("那") and not (alone := named(one, today)).spoken]
    if not sums and len(asked) < _SUM_WITHIN and not (alone := named(asked, today)).spoken:
        sums = [alone.amount]  # 一千四百四十四, said again because it was misheard
    if not sums and WHEN.search(asked) and (one := named_alone(asked, today)):
        sums = [one.amount]  # 行，两千，什么时候
    if not sums and _OWN_WORDS.search(asked):
        sums = [named(asked, today).amount]
    return sums[-1] if sums else None, days[-1] if days else None


def haggles(asked: str) -> bool:
    """Whether an agent says that the sum or the day promised is not enough yet."""
    return _HAGGLES.search(asked) is not None


def speaks_of_calls(asked: str) -> bool:
    """Whether the day asked for is that of a call, or of a bill."""
    return TOLD.search(asked) is not None


def without_consequences(said: str) -> str:
    """What an agent says, without what he says will come of not paying."""
    return _CONSEQUENCE.sub("", said)
