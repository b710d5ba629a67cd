"""Personal data in what is shown: masked in every text, unless the caller may see it and asks to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rules
from app.errors import Forbidden
from app.security import Principal

#: Numbers with at least as many digits may be a phone or card written as a number.
_LONG = 10**10


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
        case int() if value >= _LONG:
            return rules.mask(str(value))
        case Mapping():
            return {name: masked(item) for name, item in value.items()}
        case Sequence():
            return [masked(item) for item in value]
        case _:
            return value
