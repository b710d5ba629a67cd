"""Shares of what is owed, read as their sums: of 5000, 百分之三十 is 1500, and 三分之一 is 1667."""

import re
from decimal import ROUND_HALF_UP, Decimal

from rules.numerals import find_numbers

_N = "一二三四五六七八九"
#: A share told as one. A rate of interest is none, nor is how sure or how many some are: 百分之八十能还.
_SHARE = re.compile(
    "(?<![息率化金费])(?<![息率化金费][是按为])"
    f"(?:百分之(?P<hundredths>[{_N}十]{{1,3}})(?!的?(?:人|客户|把握|概率|几率|可能|利)|[会能])|(?P<of>[{_N}十])分之(?P<parts>[{_N}]))"
    f"(?![{_N}十])"
)
#: What a sum is told in where its yuan need more room than there is: 167百.
_IN = (("", 1), ("十", 10), ("百", 100), ("千", 1000), ("万", 10_000))


def shared(said: str, whole: Decimal) -> str:
    """What is said, with the shares of the `whole` as sums, which are as long: of 5000, 百分之二十 as 1000元."""

    def read(found: re.Match[str]) -> str:
        of = find_numbers(found["of"])[0].value if found["of"] else 100
        parts = find_numbers(found["parts"] or found["hundredths"])[0].value
        return (_in_room(whole * parts / of, len(found[0])) if parts < of else None) or found[0]

    return _SHARE.sub(read, said)


def _in_room(share: Decimal, room: int) -> str | None:
    """A sum in so many characters: exact, or else in whole yuan, as people say it, or in tens and hundreds of them."""
    exact = f"{share.normalize():f}"
    rounded = (f"{(share / worth).quantize(Decimal(1), ROUND_HALF_UP):f}{unit}" for unit, worth in _IN)
    return next((one.ljust(room, "元") for one in (exact, *rounded) if len(one) <= room), None)
