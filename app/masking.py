"""Personal data in what is shown: masked in every text, unless the caller may see it and asks to."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rules
from app.errors import Forbidden, Unprocessable
from app.pipeline import read_transcript, to_json
from app.security import Principal

#: Numbers with at least as many digits may be a phone or card written as a number.
_LONG = 10**10

#: Written or read out.
_DIGITS = frozenset("0123456789零〇一二两三四五六七八九幺")

#: Dates and clocks that serials begin with, which hold no number of a person. Not milliseconds since 1970, which read
#: like a phone number and two digits more.
_TIME = re.compile(r"(?<!\d)20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d\d{0,6}(?!\d)")

#: Digits of the shortest number that an id is masked for.
_PHONE = 11


def shown(who: Principal, *, unmask: bool) -> Callable[[Any], Any]:
    """What makes a JSON value fit to be shown to `who`: `masked`, or nothing when `unmask` is asked for.

    Raises:
        Forbidden: the role may not see personal data.
    """
    if not unmask:
        return masked
    if not who.may("unmask"):
        raise Forbidden(f"角色 {who.role} 不能查看未脱敏的内容")
    return lambda value: value


def masked(value: Any) -> Any:
    """A JSON value with personal data masked in every string of it; lengths, and so positions, stay."""
    match value:
        case str():
            return rules.mask(value)
        case bool():
            return value
        case int() | float() if value >= _LONG and value == value // 1:
            return rules.mask(str(int(value)))
        case {"utterances": list()}:
            # A number may be read out over several utterances: string by string none of them would hold one.
            return to_json(rules.mask_transcript(read_transcript(value)))
        case Mapping():
            return {rules.mask(name): masked(item) for name, item in value.items()}
        case Sequence():
            return [masked(item) for item in value]
        case _:
            return value


def masked_id(value: str) -> str:
    """A name a sender gave as others see it: masked if it holds a phone or ID number, which a serial by time is not."""
    if sum(letter.isdigit() or letter in _DIGITS for letter in value) < _PHONE:  # as most: an export has a million
        return value
    told = rules.find_pii(_TIME.sub(lambda time: "#" * len(time[0]), value))
    return rules.mask(value) if any(pii.kind in ("phone", "id_card") for pii in told) else value


_NOTHING_SAID = {"engine": "", "language": "", "duration": None, "speakers": "given"}


def masked_said(utterances: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Utterances that follow each other, masked: a number may be read out over several, none of which holds one."""
    said = read_transcript(_NOTHING_SAID | {"utterances": utterances})
    shown: list[dict[str, Any]] = to_json(rules.mask_transcript(said))["utterances"]
    return shown


def check_names(who: Principal, *names: str | None) -> None:
    """See that nobody finds out what is masked in a sender's names by asking for one after the other.

    Raises:
        Unprocessable: one of them holds a number that is masked, and the caller may not see personal data.
    """
    if not who.may("unmask") and any(name and masked_id(name) != name for name in names):
        raise Unprocessable("没有查看未脱敏内容的权限，不能按含个人号码的编号、工号或团队查找", code="telling_name")
