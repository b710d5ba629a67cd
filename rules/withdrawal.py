"""How a customer takes back what he promised."""

import re
from collections.abc import Sequence
from datetime import date

from rules.naming import CLAUSES, named
from rules.offers import RECAP
from rules.paying import NO, PAYING
from rules.plans import Promise
from rules.questions import OPEN_QUESTION, haggles

#: A promise taken back, in words about what was said, or in saying that nothing will be paid.
_TAKEN_BACK = re.compile(
    r"(?:说|讲|答应|承诺)的(?:话|那些|那个|那句)?[^，。]{0,4}(?:不算|不作数|不作准|别当真|作废|收回|取消|当没|别记|做不到|办不到)"
    r"|当我?(?:刚才|刚刚)?(?:啥也|啥都|什么都|什么也)?没(?:说|讲|答应)|我(?:可)?没答应|不作数|收回(?:刚才|我|那)|反悔|变卦|改主意|爱咋咋地"
    r"|(?:别|不要|甭)(?:给我|帮我)?(?:记|登记|备注)(?:了|上|这个|那个|(?=$|[，。！,.]))|(?:划|删|消)掉吧"
    r"|(?:等一?下|等等|才?发现|看了[一下]*)[^。！？今现剩其另全]{0,12}没钱了?[，,]?还不(?:了|上)"
    r"|(?P<unpaid>(?:(?:还|给|付)不(?:了|上|成|出来?)了|(?:转|拿|打)不(?:了|上|成|出来?)了(?=$|[，。！,.吧啊呀])|不(?:还|给|转|付)了(?!吗|么)"
    r"|(?:没法|没办法|不能)(?:再)?(?:还|给|转|付)(?:你|您)?们?了"
    r"|(?:那|这)(?:笔|个|点|些)?钱[^，。]{0,4}(?:要用|得用|有(?:别的|其他|大)?用|急用|留着(?![^，。]{0,3}(?:还(?![房车])|给[你您]))"
    r"|留给|不能动|动不(?:了|得)|另有|派上|派别的|给不了)))"
)
#: Before 不还了 it means that he pays after all, or what he would do: 我又不是, 你要是再打电话，我就.
_STILL_PAYS = re.compile(
    r"(?:没说|谁说|不是|怎么(?:可能|会)|哪能)[^，。]{0,3}$|(?:要是|如果)[^，。]{0,2}$|(?:要是|如果|晚了|以后)[^。！？]*就[^，。]{0,2}$"
)
#: After 转不了了 it tells how else or when he pays: 我去银行转, 明天打, 反正周五给你.
_PAYS_OTHERWISE = re.compile(
    r"(?:^|[，。！,.])[^，。！,.不没别你您]*(?:给[你您]们?)?(?:还|转|存|付|借|打|给[你您]们?)(?:过去|上)?[吧啊呗的]*(?=$|[，。！,.])"
)
#: Given up, whatever was just spoken of.
_DROPS = re.compile("那?就?算了[吧啊]?[。！]?")
#: What an agent says beside a promise without putting anything else.
_BESIDE = re.compile(
    rf"{RECAP.pattern}|{PAYING.pattern}|{OPEN_QUESTION.pattern}|谢谢|感谢|配合|理解|支持|辛苦|麻烦|再见|不客气|记得|按时|准时|务必|请"
    "|承诺|答应|说话算话|做[得不]?到|收到|明白|知道|[登帮给为做]*记[录上下好住]*|备注|系统|[吗嗯哦]"
)
#: That something else is put after all: 分期还行吗, 再多还点.
_PUTS_ELSE = re.compile("分期|一次性|全|清|最低|先还|多还|[减免延再早加]|提前|申请|帮您(?!登|记|备)")
#: How many characters before and after are read for that.
_AROUND = 24


def takes_back(said: str) -> bool:
    """Whether a customer takes back what he promised: 那我不还了, 刚才说的不算. 我又不是不还了 takes nothing back."""
    for match in _TAKEN_BACK.finditer(said):
        before = said[max(0, match.start() - _AROUND) : match.start()]
        after = said[match.end() : match.end() + _AROUND]
        if not match["unpaid"] or not (_STILL_PAYS.search(before) or _PAYS_OTHERWISE.search(after)):
            return True
    return False


def drops(said: str, asked: str, standing: Sequence[Promise], today: date) -> bool:
    """Whether 算了 gives up what stands: all that was `asked` since is about that. An offer declined leaves it."""
    if not _DROPS.fullmatch(said):
        return False
    clauses = CLAUSES.split(asked.rstrip("。"))
    return _is_refused(standing, clauses[-1], today) or all(_is_about(standing, clause, today) for clause in clauses)


def _is_refused(standing: Sequence[Promise], clause: str, today: date) -> bool:
    """Whether an agent does not take what stands: 五百的话没法给您做分期."""
    found = named(clause, today)
    again = any(found.amount in (None, one.amount) and found.day in (None, one.date) for one in standing)
    return again and bool(found.amount or found.day) and (haggles(clause) or bool(NO.search(clause)))


def _is_about(standing: Sequence[Promise], clause: str, today: date) -> bool:
    """Whether an agent puts nothing in it beside what stands: 好的，给您登记了; 几点还."""
    found, rest = named(clause, today), named(_BESIDE.sub("", clause), today)
    known = found.amount in {None, *(one.amount for one in standing)}
    known = known and found.day in {None, *(one.date for one in standing)}
    return known and not rest.spoken and not _PUTS_ELSE.search(clause)
