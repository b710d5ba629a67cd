"""Words that name a day or a sum, and how much else they say: 礼拜五吧 says nothing else, 周五我要住院 does."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from rules.dates import find_days
from rules.paying import PAYING
from rules.sums import HHMM, amounts, besides

#: How many other characters may stand beside a day or a sum that is still said alone.
ALONE = 1

#: The time of a day: 下午三点半之前, 十二点, 8点30, 20:30.
_HOUR = re.compile(
    r"(?!(?<![十午上 ])[一1]点(?!半(?!点)|钟|整|多|之?前|以前|左右))"
    r"(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})(?:点|时)(?!钟?头)(?:钟|半|整|多|[一三]刻|[0-5][0-9](?![0-9])分?)?"
    r"|[0-9]{1,2}[:：][0-9]{2}"
)
#: That, in digits alone too (下午1730), and a share of what is owed.
_LOOSELY = re.compile(rf"一半|全额|全部|全款|最低(?:的|还款|额)*|(?<![0-9]){HHMM.pattern}(?![0-9])|{_HOUR.pattern}")
#: What may stand beside a day or a sum without saying anything more.
_FILLING = re.compile(
    r"[之以][前后内]|过后|首期|第一[期次笔]|前后|左右|上午|下午|晚上|早上|中午|一定|肯定|保证|放心|没问题|可以|就是|说[好定]了?|这样|等您|之间|一下|[跟给]您|[约延定]到|截止|登记|给你|给您|手上|手头|不过|但是"
    r"|最(?:快|迟|晚|早|多|少)|顶多|起码|至少|大概|大约|差不多|预计|应该|等我?到|要到|等我|要等|也得|怎么也|只有|只能|行了吧|听你的|依你"
    r"|[的之]?样子|那天|每个?[月期]|分期|一次性|金额|下来|处理|[这本下]+个?(?:周|星期|礼拜|月)|定在|约在|我们|咱们?|请问|具体|的话|有的是|倒是|去银行|剩下的?|[这手]里|[连加]上?(?:利息|罚息|违约金)|连本带[利息]|一[共起]|总共|从|开始|各|[阳公新]历"
    r"|块钱|确定|[先那吧啊呢嘛呀哈哦呗啦了的我就行好嗯成得能会元块钱整万多前这还是你您也凑个要到对号日和、，。！,.!\s]"
)
#: One character that turns it all: 没三千, 三千难, 周五他还.
_TURNS = re.compile("[不没别难太他她谁发]")
CLAUSES = re.compile(r"[，。！？；!?;\s]|,(?!\d)")


@dataclass(frozen=True, slots=True)
class Named:
    """What a stretch of speech names."""

    amount: Decimal | None  #: the last sum, in yuan
    day: date | None  #: the last day
    loosely: bool  #: whether it names a time of day, or a share of what is owed: 晚上八点, 一半
    spoken: int  #: how many characters say something else
    turned: bool = False  #: whether one of them turns it down

    @property
    def alone(self) -> bool:
        """Whether a day, a sum, a time or a share is named and nothing else said."""
        names = self.amount is not None or self.day is not None or self.loosely
        return names and self.spoken <= ALONE and not self.turned


@lru_cache(maxsize=64)  # the clauses of a question are read several times in a row
def named(said: str, today: date) -> Named:
    """What `said`, which must be folded, names."""
    days = find_days(said, today)
    sums = amounts(said, today)
    rest = besides(said, [*days, *(number for number, _ in sums)])
    strict = _LOOSELY.sub("", rest)
    words = _FILLING.sub("", strict)
    amount, day = sums[-1][1] if sums else None, days[-1].date if days else None
    return Named(amount, day, strict != rest, len(words), bool(_TURNS.search(words)))


def named_alone(said: str, today: date) -> Named | None:
    """What those clauses name together that say nothing else; none where no clause does."""
    clauses = [found for clause in CLAUSES.split(said) if (found := named(clause, today)).alone]
    if not clauses:
        return None
    amount = next((one.amount for one in reversed(clauses) if one.amount is not None), None)
    day = next((one.day for one in reversed(clauses) if one.day is not None), None)
    return Named(amount, day, any(one.loosely for one in clauses), 0)


def names_hour(said: str, today: date) -> bool:
    """Whether a time of day is said alone, or that of paying: 六点半可以. 我六点半下班 and 现在三点 tell else."""
    hours = [clause for clause in CLAUSES.split(said) if _HOUR.search(clause) and "现在" not in clause]
    return any(named(PAYING.sub(" ", clause), today).alone for clause in hours)
