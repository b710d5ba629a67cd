"""Shares of what is owed, read as their sums: of 5000, 百分之三十 is 1500, and 三分之一 is 1667."""

import re
from decimal import ROUND_HALF_UP, Decimal

from rules.numerals import find_numbers

_N = "一二三四五六七八九"
_DIGIT = f"{_N}〇零两0-9"
#: 三十, 十五 and 二十五, but no 三四十.
_TENS = f"[{_N}]?十[{_N}]?"
#: Of these a longer number is made, but not of 千万别 and 万一.
_LONG = f"(?:百|千(?!万)|万(?!一)|[点.](?=[{_DIGIT}]))"
#: 周三四分之一 is a quarter on Wednesday, and 周二十分之一 a tenth on Tuesday, but 五千三分之一 may be told of 5300.
_WEEKDAY = "(?:(?<=周)|(?<=星期)|(?<=礼拜))"
_ON = f"(?:(?<=周[{_N}])|(?<=星期[{_N}])|(?<=礼拜[{_N}]))"
_BEFORE = f"(?:(?<![{_DIGIT}十百千万点.])|{_ON})"
#: Nor is 百分之一百 a hundredth, and 百分之二十五号 may be a fifth on the fifth, or 百分之三十三点 by three o'clock.
_AFTER = f"(?![{_N}十〇零0-9号点]|{_LONG}|几(?!号)|多(?!少))"
#: A share told as one. A rate of interest is none, nor is how sure or how many some are: 百分之八十能还.
_SHARE = re.compile(
    "(?<![息率化金费])(?<![息率化金费][是按为])"
    f"(?:(?:(?<![{_DIGIT}])|{_ON})百分之(?P<hundredths>{_TENS}|[{_N}])"
    "(?!的?(?:人|客户|把握|概率|几率|可能|利)|[会能])"
    f"|{_BEFORE}(?P<of>(?!{_WEEKDAY}){_TENS}|[{_N}十])分之(?P<parts>[{_N}])){_AFTER}"
)
#: What is no sum either, though not read as a share: 百分之一百, 百分之三点五, 百分之五十五六.
_UNREAD = re.compile(f"(?<=分之)(?:(?:[{_DIGIT}十]+{_LONG})+[{_DIGIT}十]*|[{_N}]?十[{_N}]{{2}})")
#: What a sum is told in where its yuan need more room than there is: 167百.
_IN = (("", 1), ("十", 10), ("百", 100), ("千", 1000), ("万", 10_000))


def shared(said: str, whole: Decimal) -> str:
    """What is said, with the shares of the `whole` as sums, which are as long: of 5000, 百分之二十 as 1000元."""

    def read(found: re.Match[str]) -> str:
        of = find_numbers(found["of"])[0].value if found["of"] else 100
        parts = find_numbers(found["parts"] or found["hundredths"])[0].value
        return (_in_room(whole * parts / of, len(found[0])) if parts < of else None) or found[0]

    return _UNREAD.sub(lambda found: ("百" if found[0] == "一百" else "几") * len(found[0]), _SHARE.sub(read, said))


def _in_room(share: Decimal, room: int) -> str | None:
    """A sum in so many characters: exact, or else in whole yuan, as people say it, or in tens and hundreds of them."""
    exact = f"{share.normalize():f}"
    rounded = (f"{(share / worth).quantize(Decimal(1), ROUND_HALF_UP):f}{unit}" for unit, worth in _IN)
    return next((one.ljust(room, "元") for one in (exact, *rounded) if len(one) <= room), None)
