"""Numbers as people say them in Mandarin: 一万二 is 12000, 幺二三七八 is 12378, 1.5万 is 15000."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

_DIGITS = {**dict(zip("零〇一二两三四五六七八九幺", "0012234567891", strict=True)), **{d: d for d in "0123456789"}}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}

_DIGIT = "0-9零〇一二两三四五六七八九幺"
# In 三千一直 or 八百一个月 the 一 begins the next word: it is not the rest of the number.
_WORD_ONE = "一(?=[直定下起共样般些切边旦律味辈顿次个天年期月趟把分齐口笔并])"
# 两三千 is about two or three thousand: the promise that can be held to is the smaller.
_ABOUT = re.compile(
    "([一二两三四五六七八九])(?:(?<=一)二|(?<=一)两|(?<=[二两])三|(?<=三)[四五]|(?<=四)五|(?<=五)六|(?<=六)七|(?<=七)八|(?<=八)九)(?=[十百千万])"
)
# No number is longer: a run of thousands is read in pieces, for the value of all of it at once cannot be told.
_LONGEST = 64
_NUMBER = re.compile(rf"(?:[{_DIGIT}]|十)(?:(?!{_WORD_ONE})[{_DIGIT}十百千万亿]|[.,](?=[0-9])){{0,{_LONGEST - 1}}}")


@dataclass(frozen=True, slots=True)
class Number:
    """A number found in a text."""

    start: int  #: first character
    end: int  #: one past the last
    digits: str  #: the same number in Arabic digits: its value, or digit by digit where it is read out (8026)

    @property
    def value(self) -> Decimal:
        """The number's value."""
        return Decimal(self.digits)


def find_numbers(text: str) -> list[Number]:
    """Every number in `text`, in order. `text` must already have half-width digits and simplified characters."""
    numbers: list[Number] = []
    for match in _NUMBER.finditer(text):
        at = match.start()
        for part in _split(match.group()):
            numbers.append(Number(at, at + len(part), _digits(part)))
            at += len(part)
    return numbers


@lru_cache(maxsize=4096)
def _split(run: str) -> tuple[str, ...]:
    """Cut a run into numbers where a unit cannot follow: 五十六十 is 50 and 60."""
    parts, start, last = [], 0, 10**12
    for at, char in enumerate(run):
        unit = _UNITS.get(char, 0)
        if unit and unit < 10_000:
            if unit >= last:
                cut = at - 1 if at and run[at - 1] in _DIGITS else at
                if cut > start:
                    parts.append(run[start:cut])
                    start = cut
            last = unit
        elif unit:
            last = unit
    return (*parts, run[start:])


@lru_cache(maxsize=4096)
def _digits(run: str) -> str:
    plain = run.replace(",", "")
    if not any(char in _UNITS for char in plain):
        return _read_out(plain)
    return _decimal_with_unit(plain) or str(_value(plain))


def _read_out(run: str) -> str:
    """Digit by digit, as in card tails and job numbers. A dot stays only inside one decimal number: 3.5."""
    folded = "".join(_DIGITS.get(char, char) for char in run)
    return folded if folded.count(".") < 2 else folded.replace(".", "")


def _decimal_with_unit(run: str) -> str:
    match = re.fullmatch(r"([0-9]+\.[0-9]+)([十百千万亿])", run)
    return f"{(Decimal(match[1]) * _UNITS[match[2]]).normalize():f}" if match else ""


def _value(run: str) -> int:
    """The value of a numeral with units. A last digit without 零 counts a tenth of the unit before: 一万二 is 12000."""
    total = section = 0
    pending, last_unit = "", 1
    for char in _ABOUT.sub(r"\1", run):
        unit = _UNITS.get(char)
        if unit is None:
            pending += _DIGITS.get(char, "")
        elif unit < 10_000:
            section, pending, last_unit = section + int(pending or "1") * unit, "", unit
        else:
            total, section = total + (section + int(pending or "0") or 1) * unit, 0
            pending, last_unit = "", unit
    if len(pending) == 1 and pending != "0" and last_unit >= 100 and run[-2] in _UNITS:
        return total + section + int(pending) * last_unit // 10
    return total + section + int(pending or "0")
