"""What an agent says is owed, what of it he spares, and what of it a customer takes up: 全部, 最低, 一半, the rest."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rules.numerals import Number, find_numbers
from rules.paying import LEFT, NAMED, REST
from rules.shares import shared
from rules.sums import amounts

#: A part of what is owed or offered.
PART = re.compile(r"一部分|一半|一点|部分|剩|其余|没那么多|少一点|几[十百千]|分之(?!百)")
_INSTALMENT = re.compile("[一两二三四五六1-6](?:期|个月的)")
#: So many of them, and one of them: 先还两期; 首期什么时候还.
_INSTALMENTS = re.compile("(?<![分共欠第做])([一两二三四五六])期")
_NTH = re.compile("(?:首|第[一二三四五六])期")
_NUMBERED = "第[一二三四][笔张]|花呗|借呗|白条"
_BANK = "(?<!银)[工农建招中交]行(?!不|吗|吧)"
#: One of several debts, told by its number or its bank: 第一笔三千五，第二笔一千二; 招行的三千二.
_ORDINAL = re.compile(f"{_NUMBERED}|{_BANK}")
#: As a customer takes one of them up. A bank out of which he pays, or fetches the money, is none: 去工行取了钱还.
_MEANT = re.compile(
    f"{_NUMBERED}|(?:(?<![去到在从用趟])|(?=.行的?(?:[还这那欠]|账|贷|信用)))"
    f"{_BANK}(?!的?(?:取|提|柜|网点|自助|门口|存|转账|手机|app|储蓄|工资|卡[里上]))"
)
#: What a customer is spared is not what he is asked for: 今天还可以少还两百.
_REDUCED = re.compile(
    "(?P<spared>(?:少[还付交]|减免?|[给帮]您免|优惠|便宜|[节能]省)(?:掉|去|了|个|您|利息|罚息|息费|违约金|滞纳金)*)(?P<sum>[0-9一二两三四五六七八九十百千万点.]+)"
)
#: Nor is what he asks to be spared what he pays: 我还六千，七百块抹掉行不行.
_SPARED = re.compile(
    "(?<![0-9一二两三四五六七八九十百千万点.还付交结])(?P<sum>[0-9一二两三四五六七八九十百千万点.]+)"
    "(?P<spared>(?:块|元)?钱?(?:给我|就|都|能)*[抹免减](?:掉|了))(?!的?(?:利息|罚息|息费|违约金|滞纳金|手续费))"
)
_SPARES = re.compile("[抹免减](?:掉|了)")
_WHOLE = re.compile("全|补[上齐]|都(?=给|还|结|付|清|转|打)|一次性|一把|[结还付缴]清")
_AT_ONCE = re.compile(
    "马上|立刻|立马|这就|等下|等会|待会|一会儿?就?(?=[还去转存])|回去就|回家就|[还结]掉|就(?:去|来)?(?:还|弄|处理)"
)
_ASKS_FOR_ALL = re.compile("全(?:部|额)?(?:都|给)?(?:还|结|处理|付|缴)|[还结付缴]清|一次性|补齐")
_INTEREST = "利息|罚息|息费|违约金"
_DIGITS = "0-9一二三四五六七八九十"
#: What an agent calls the sums that are owed, and how a customer takes them up.
_OWED = {
    "least": (re.compile("最低"), re.compile("最低")),
    "down": (re.compile("首付"), re.compile("首付")),
    "each": (re.compile("每期|每个?月|月供"), re.compile(f"每一?个?[月期][{_DIGITS}]+[号日]")),  # and by how many
    "principal": (re.compile(f"^(?!.*(?:{_INTEREST})).*本金"), re.compile("本金")),
    "interest": (re.compile(f"^(?!.*本金).*(?:{_INTEREST})"), re.compile(_INTEREST)),
    "all": (
        re.compile(
            "^(?!.*(?:首付|[本这每当]期|本月|这个月|每月|最低)).*(?:一共|总共|总金?额|还差|总计|共计|合计|全部|全额|[结还]清|欠款|欠)"
        ),
        _WHOLE,
    ),
    "due": (
        re.compile("^(?!.*首付).*(?:应还|[要待]还|需要?(?:提前)?(?:支付|还|准备)|还款金额|逾期|账单(?!最低))"),
        _WHOLE,
    ),
}
_WHOLE_DEBT = {"all", "due"}
_ALL = {"least", *_WHOLE_DEBT}
#: 四千五的欠款: what a sum is called behind it.
_OF = re.compile("(?:元|块)?钱?的(?:欠款|账单)")
#: A sum alone, of which it is asked how it will be paid: 三千六，您打算怎么还.
_ALONE = re.compile("(?:元|块)?钱?[，。]")
_ASKS_HOW = re.compile("怎么还|怎么处理|打算")
#: What all of these have one of.
_SPEAKS_OF_OWED = re.compile(
    "第.[笔张]|[工农建招中交]行|花呗|借呗|白条|首付|怎么还|怎么处理|打算|最低|每期|每个?月|月供|本金|[利罚]息|息费|违约金|[一总]共|总金?额|差|[总共合]计|全[部额]|[结还]清|欠|应还|[要待]还|支付|需要?还|准备|还款金额|逾期|账单"
)
#: 两千四月底, which is either 2000 at the end of April or 2400 at that of this month.
_SUM_OR_MONTH = re.compile("[一二两三四五六七八九](?P<unit>[百千万])[一二三四五六七八九](?=月[底末初])")
_TENTH = {"百": ("十", 10), "千": ("百", 100), "万": ("千", 1000)}
#: What he has, and does not say that he pays: 卡里有一千九.
_AT_HAND = re.compile(r"(?:[卡手]头?[里上]|余额|身上)[^，。]{0,4}有[0-9一二两三四五六七八九十百千万]+")
#: How far before a sum in a clause what it is called is looked for.
_CALLED_WITHIN = 200


@dataclass(slots=True)
class Debt:
    """What the agent has said is owed, by what it is called in `_OWED`."""

    today: date
    sums: dict[str, Decimal] = field(default_factory=dict)
    told: dict[str, Decimal] = field(default_factory=dict)  # of these in his last words
    _spared: Decimal = Decimal(0)  # what `sums` are already less by

    @property
    def whole(self) -> Decimal | None:
        """All that is owed, where that was told."""
        return _whole(self.sums)

    def shared(self, said: str) -> str:
        """What is said, with the shares of what is owed, as it tells that or as it was told before, as their sums."""
        if "分之" not in said:
            return said
        whole = _whole(sums_in(reduced(said, self.today), self.today)) or self.whole
        return shared(said, whole) if whole else said

    def hear(self, said: str) -> None:
        """Take in what the agent says; what he spares of it, told twice, is spared once."""
        spared = spared_in(said, self.today)
        self.told = sums_in(reduced(said, self.today) if spared else said, self.today)
        if spared not in (0, self._spared):
            self.sums = lessened(self.sums, spared)
        self.sums = self.sums | self.told
        self._spared = spared or (Decimal(0) if self.told else self._spared)


def sums_in(said: str, today: date) -> dict[str, Decimal]:
    """The sums that an agent says are owed, by what they are called in `_OWED`."""
    return {name: value for _, value, names in _told(said, today) for name in names}


def owed_in(said: str, today: date) -> set[Decimal]:
    """Those of them that are owed, and not only parts of it such as the interest."""
    return {value for name, value in sums_in(said, today).items() if name in _ALL}


def spared_in(said: str, today: date) -> Decimal:
    """How much a customer is spared: 300 in 减免利息三百. Nothing where it is not said."""
    if not _REDUCED.search(said):
        return Decimal(0)
    known = {number.start: value for number, value in amounts(said, today)}
    return sum((known.get(found.start("sum"), Decimal(0)) for found in _REDUCED.finditer(said)), Decimal(0))


def lessened(sums: Mapping[str, Decimal], spared: Decimal) -> dict[str, Decimal]:
    """The sums owed once so much of them is spared; the least that must be paid stays as it is."""
    return {name: value - spared if name in _WHOLE_DEBT and value > spared else value for name, value in sums.items()}


def unreduced(said: str) -> str:
    """What is said without the sums that a customer is spared: 减免两百，今天还三千八 asks for 三千八 alone."""
    plain = _REDUCED.sub(lambda found: found["spared"] + "些" * len(found["sum"]), said)
    if not _SPARES.search(plain):
        return plain
    return _SPARED.sub(lambda found: "些" * len(found["sum"]) + found["spared"], plain)


def reduced(said: str, today: date) -> str:
    """What an agent says, the sum owed less what he spares of it: 欠款五千，减免一千 as 欠款4000，减免些些."""
    first = _REDUCED.search(said)
    if not first:
        return said
    plain, spared = unreduced(said), spared_in(said, today)
    owed = [(number, value) for number, value, names in _told(plain, today) if _WHOLE_DEBT & set(names)]
    # 减免之后还欠五千: what is left is what he says is owed.
    if len(owed) != 1 or owed[0][0].end > first.start() or not 0 < spared < owed[0][1]:
        return plain
    ((number, value),) = owed
    return f"{plain[: number.start]}{value - spared:f}{plain[number.end :]}"


def asks_for_all(asked: str) -> bool:
    """Whether all that is owed is asked for: 十五号能全部还清吗. 利息全免 does not."""
    return _ASKS_FOR_ALL.search(asked) is not None


def sum_of_all(parts: Sequence[Decimal | None], said: str) -> Decimal | None:
    """What the instalments of a plan add up to, for who would rather pay all at once."""
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) > 1 and _WHOLE.search(said) else None


def left_of(owed: Decimal | None, parts: Sequence[Decimal | None]) -> Decimal | None:
    """What parts promised before leave of what is owed; unknown where one of them is, or nothing is left."""
    known = [part for part in parts if part is not None]
    if owed is None or not known or len(known) < len(parts) or sum(known) >= owed:
        return None
    return owed - sum(known)


def as_left(said: str, left: Decimal | None) -> str:
    """What is said, read by what is left of what is owed: of 2400, 两千四月底 as 24百月底, which is as long."""

    def read(found: re.Match[str]) -> str:
        unit, worth = _TENTH[found["unit"]]
        value = find_numbers(found[0])[0].value
        return f"{value // worth:f}{unit}" if value == left else found[0]

    return _SUM_OR_MONTH.sub(read, said)


def all_at_once(told: Mapping[str, Decimal], said: str) -> Decimal | None:
    """The one sum just told, where a customer says that he pays right then: 我回去就还. A part is another matter."""
    one = {value for name, value in told.items() if name in _ALL}
    part = names_part(said) or "先" in said
    return one.pop() if len(one) == 1 and _AT_ONCE.search(said) and not part else None


def taken_up(sums: Mapping[str, Decimal], said: str) -> Decimal | None:
    """Which of the sums named before a customer means: 那我全还了. A part of it is another matter: 先还一部分."""
    if "一半" in said and not REST.search(said):
        return half_of(sums)
    if (counted := _INSTALMENTS.findall(said)) and "each" in sums:
        return find_numbers(counted[-1])[0].value * sums["each"]
    if (nth := _MEANT.search(said)) and nth[0] in sums:
        return sums[nth[0]]
    if _part(said):
        return None
    return next((sums[name] for name, (_, meant) in _OWED.items() if name in sums and meant.search(said)), None)


def called(sums: Mapping[str, Decimal], said: str) -> Decimal | None:
    """The sum that is called by its name, and not by all of it being meant: 本金, 最低的, 第一笔."""
    return taken_up(sums, said) if NAMED.search(said) or _MEANT.search(said) else None


def no_more_than_owed(amount: Decimal | None, said: str, whole: Decimal | None) -> Decimal | None:
    """The sum that is paid; of what there is at hand no more than is owed: 1760 in 卡里有一千九，我现在还了."""
    return whole if amount and whole and amount > whole and _AT_HAND.search(said) else amount


def asked_of(sums: Mapping[str, Decimal], asked: str) -> Decimal | None:
    """What is asked for without its sum: one instalment (每期两千，第一期什么时候还), or half (先还一半，什么时候)."""
    nth = set(_MEANT.findall(asked))
    if len(nth) == 1 and (one := nth.pop()) in sums:
        return sums[one]
    if _NTH.search(asked):
        return sums.get("each")
    return half_of(sums) if "一半" in asked and not LEFT.search(asked) else None


def half_of(sums: Mapping[str, Decimal]) -> Decimal | None:
    """Half of what is owed, where that was told."""
    whole = _whole(sums)
    return None if whole is None else whole / 2


def _whole(sums: Mapping[str, Decimal]) -> Decimal | None:
    return sums.get("all", sums.get("due"))


def names_part(said: str) -> bool:
    """Whether a part is spoken of that need not be the sum last named: 先还一部分, 还一期, 最低的."""
    return _part(said) or NAMED.search(said) is not None


def _part(said: str) -> bool:
    return any(one.search(said) for one in (PART, REST, _INSTALMENT))


def _told(said: str, today: date) -> Iterator[tuple[Number, Decimal, list[str]]]:
    """Every sum told, and what of what is owed it is called."""
    if not _SPEAKS_OF_OWED.search(said):
        return
    for number, value in amounts(said, today):
        begin = max(said.rfind(mark, 0, number.start) + 1 for mark in "，。")
        before = said[max(begin, number.start - _CALLED_WITHIN) : number.start]
        behind = _OF.match(said, number.end)
        clause = before + (behind[0] if behind else "")
        called = [name for name, (words, _) in _OWED.items() if words.search(clause)] + _ORDINAL.findall(clause)
        alone = not before and _ALONE.match(said, number.end) and _ASKS_HOW.search(said)
        yield number, value, called or (["all"] if alone else [])
