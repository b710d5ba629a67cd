"""Conditions on facts and numbers, as rules write them: {lt: 90}, {in: [family, colleague]}, or simply a value."""

import math
import operator
from collections.abc import Mapping, Set
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

#: Wall clock of the people concerned: quiet hours and dates are theirs.
WALL_CLOCK = ZoneInfo("Asia/Shanghai")


class Model(BaseModel):
    """Anything that comes out of a YAML file: unknown keys are faults, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, populate_by_name=True)


def _condition(written: Any) -> Any:
    if isinstance(written, list):
        return {"in": written}
    return written if isinstance(written, dict) else {"eq": written}


class Condition(Model):
    """What a value must be. Several keys must all hold."""

    eq: Any = None
    ne: Any = None
    lt: FiniteFloat | None = None
    le: FiniteFloat | None = None
    gt: FiniteFloat | None = None
    ge: FiniteFloat | None = None
    one_of: tuple[Any, ...] | None = Field(None, alias="in")
    not_in: tuple[Any, ...] | None = None
    exists: bool | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _not_blank(cls, written: Any) -> Any:
        # `lt:` with nothing behind it: no limit can be meant by that.
        if written is None:
            raise ValueError("没有写值")
        return written

    @model_validator(mode="after")
    def _says_something(self) -> "Condition":
        if not self.model_fields_set:
            raise ValueError("条件是空的：可写 eq ne lt le gt ge in not_in exists")
        return self

    def holds(self, value: object) -> bool | None:
        """Whether `value` meets the condition; None when it is missing (None) and that leaves the answer open."""
        if self.exists is not None and self.exists != (value is not None):
            return False
        if value is None:
            return True if self._asked <= {"ne", "not_in"} else None
        return all(self._test(name, value) for name in self._asked)

    @cached_property
    def _asked(self) -> Set[str]:
        return self.model_fields_set - {"exists"}

    def _test(self, name: str, value: object) -> bool:
        wanted = getattr(self, name)
        if name in ("eq", "ne"):
            return _same(value, wanted) == (name == "eq")
        if name in ("one_of", "not_in"):
            return any(_same(value, option) for option in wanted) == (name == "one_of")
        number = as_number(value)
        if number is None:
            return False
        compare = {"lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}[name]
        return bool(compare(number, wanted))


#: In a model: a mapping of conditions, a list of allowed values, or the one value wanted.
Test = Annotated[Condition, BeforeValidator(_condition)]


def as_number(value: object) -> float | None:
    """The value as a number; None for what is none. True and False are no numbers."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


#: What a consent sent as text or a number means over HTTP, it means here.
_YES_OR_NO = TypeAdapter(bool)


def is_yes(value: object) -> bool:
    """Whether the value says yes: True, or what senders write for it (`"true"`, 1). What cannot be told says no."""
    try:
        return _YES_OR_NO.validate_python(value)
    except ValidationError:
        return False


def as_moment(value: object) -> datetime | None:
    """The value as an aware moment on the wall clock: a datetime or ISO text; text without a zone is wall clock."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=WALL_CLOCK) if moment.tzinfo is None else moment.astimezone(WALL_CLOCK)
    except (ValueError, OverflowError):
        return None


def has_clock(value: object) -> bool:
    """Whether a moment, as `as_moment` takes it, says more than the day: 2026-03-02 alone is no midnight."""
    if isinstance(value, date):
        return isinstance(value, datetime)
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return True
    return False


def call_date(facts: Mapping[str, object]) -> date:
    """The day of the call on the wall clock: from the fact `started_at`, or today where that is not known."""
    moment = as_moment(facts.get("started_at")) if facts.get("started_at") is not None else None
    return (moment or datetime.now(UTC).astimezone(WALL_CLOCK)).date()


def _same(one: object, other: object) -> bool:
    """Whether two values mean the same: facts may arrive as text (`"90"`), and 007 and 7 are two agents."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) or isinstance(other, (int, float)):
        return as_number(one) is not None and as_number(one) == as_number(other)
    return str(one) == str(other)
