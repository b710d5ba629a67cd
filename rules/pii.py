"""Personal information in text: ID cards, bank cards, phone numbers and addresses, found and masked for display.

Numbers are found as they are written or read out (一三八零零一三八…). A mask keeps every position, so spans and seconds
that point into the text stay right.
"""

import re
from dataclasses import dataclass
from typing import Literal

from rules.numerals import find_numbers
from rules.text import fold

Kind = Literal["id_card", "bank_card", "phone", "address"]

_DIGIT = "0-9零〇一二两三四五六七八九幺"
_LONG = re.compile(rf"[{_DIGIT}](?:[\s\-—·]?[{_DIGIT}]){{10,18}}[xX]?")
_COUNT = rf"[{_DIGIT}十百]+"
_ADDRESS = re.compile(
    r"(?:[\u4e00-\u9fa5]{2,7}?(?:省|自治区))?(?:[\u4e00-\u9fa5]{2,7}?[市州盟])?(?:[\u4e00-\u9fa5]{1,7}?[区县旗])?"
    rf"(?P<exact>[\u4e00-\u9fa5]{{1,10}}?(?:镇|乡|街道|村|路|大街|街|巷|弄|胡同|小区|花园|公寓|大厦|新村)"
    rf"[\u4e00-\u9fa5]{{0,2}}?{_COUNT}(?:弄|号楼|号|栋|幢|座|组)(?:{_COUNT}(?:单元|号楼|栋|层|楼|室|号|房))*)"
)

#: Characters left readable at either end.
_SHOWN: dict[Kind, tuple[int, int]] = {"id_card": (3, 4), "bank_card": (4, 4), "phone": (3, 4), "address": (0, 0)}


@dataclass(frozen=True, slots=True)
class Pii:
    """One piece of personal information."""

    kind: Kind
    start: int  #: characters of the text, end exclusive
    end: int


def find_pii(text: str) -> list[Pii]:
    """Every piece of personal information in `text`, in order, without overlaps."""
    folded = fold(text)
    found = [Pii(kind, *match.span()) for match in _LONG.finditer(folded) if (kind := _kind(match.group()))]
    numbers = [(pii.start, pii.end) for pii in found]
    for match in _ADDRESS.finditer(folded):
        start, end = match.span("exact")
        if all(end <= left or right <= start for left, right in numbers):
            found.append(Pii("address", start, end))
    return sorted(found, key=lambda pii: pii.start)


def mask(text: str) -> str:
    """The text with `*` for personal information, as long as before."""
    chars = list(text)
    for pii in find_pii(text):
        first, last = _SHOWN[pii.kind]
        for at in range(pii.start + first, pii.end - last):
            chars[at] = "*"
    return "".join(chars)


def _kind(written: str) -> Kind | None:
    """What a long number is. Checksums are not asked for: one digit misheard must not leave the rest readable."""
    digits = "".join(number.digits for number in find_numbers(re.sub(r"[^\w]", "", written).rstrip("xX")))
    ends_in_x = written[-1] in "xX"
    if (len(digits) == 17 and ends_in_x) or (len(digits) in (15, 18) and _is_birthday(digits)):
        return "id_card"
    if len(digits) == 11 and re.match("1[3-9]", digits):
        return "phone"
    return "bank_card" if 15 <= len(digits) <= 19 else None


def _is_birthday(digits: str) -> bool:
    """Whether the digits of an ID card's birthday make a date: yyyymmdd of 18, yymmdd of 15."""
    day = digits[6:14] if len(digits) == 18 else "19" + digits[6:12]
    return 1900 <= int(day[:4]) <= 2099 and 1 <= int(day[4:6]) <= 12 and 1 <= int(day[6:]) <= 31
