"""What comes in from outside, validated: call facts and transcripts as JSON."""

import math
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from asr.transcript import Speaker, Transcript, Utterance
from rules import unspaced
from rules.conditions import has_clock

#: A wall clock without an offset is read as this zone's.
CALL_ZONE = ZoneInfo("Asia/Shanghai")

#: Of one text, in all: a day of speech without a pause.
MAX_CHARACTERS = 400_000

#: Characters of a fact that is none of ours.
_LONGEST = 2000

Channel = Literal["call", "sms", "visit"]


def _zoned(moment: datetime) -> datetime:
    if not 1990 <= moment.year < 2100:
        raise PydanticCustomError("bad_year", "年份须在 1990 与 2099 之间")
    return moment if moment.tzinfo else moment.replace(tzinfo=CALL_ZONE)


def _clocked(value: object, handler: ValidatorFunctionWrapHandler) -> datetime:
    moment: datetime = handler(value)
    if not has_clock(value):
        raise PydanticCustomError("no_clock", "须有钟点，如 2026-03-02T14:05:00+08:00")
    return moment


def _storable(text: str) -> str:
    # PostgreSQL text holds neither NUL nor half a surrogate pair, and no name or id needs a control character.
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text):
        raise PydanticCustomError("control_character", "不能含控制字符")
    return text


def _scalar(value: object) -> object:
    # By hand: of a union pydantic tells what is wrong with it as each of its parts.
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise PydanticCustomError("string_too_long", "不能超过 {max_length} 个字符", {"max_length": _LONGEST})
        return _storable(value)
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise PydanticCustomError("bad_scalar", "须为文字、有限的数字、true、false 或 null")


def printable(text: str) -> str:
    """Text of several lines that PostgreSQL can hold.

    Raises:
        PydanticCustomError: it has other control characters.
    """
    lines = text.replace("\r\n", "\n")
    _storable(lines.replace("\n", " ").replace("\t", " "))
    return lines


#: A moment; without an offset it is on the wall clock of CALL_ZONE.
Moment = Annotated[datetime, AfterValidator(_zoned)]
#: A moment by which hours are judged: a day alone would be its midnight, when nobody may call.
ClockMoment = Annotated[Moment, WrapValidator(_clocked)]
Label = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_storable)
]
#: Of a call, which nobody makes for eleven days; sums of larger ones would end statistics.
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Scalar = Annotated[str | int | float | bool | None, PlainValidator(_scalar)]


class Span(BaseModel):
    """From when on, and until when."""

    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise PydanticCustomError("from_after_to", "开始时间（from）不能晚于结束时间（to）")
        return self


class CallFacts(BaseModel):
    """What the sender knows about a call. All optional; unknown fields are kept, and rules may use them."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    __pydantic_extra__: dict[Label, Scalar] = Field(init=False)

    external_id: Label | None = None
    channel: Channel = "call"
    direction: Literal["outbound", "inbound"] | None = None
    started_at: ClockMoment | None = None
    agent_id: Label | None = None
    team: Label | None = None
    debtor_id: Label | None = None
    overdue_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    amount: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2)] | None = None
    callee_relation: Literal["self", "guarantor", "family", "friend", "colleague", "other", "unknown"] | None = None
    quiet_hours_consent: bool | None = None  #: the debtor agreed to calls at night
    agent_channel: Literal["left", "right"] | None = None  #: None: the left, unless the words clearly say otherwise
    template: Label | None = None

    def known(self) -> dict[str, Any]:
        """The facts that were given, as rules read them."""
        return self.model_dump(exclude_none=True)

    def stored(self) -> dict[str, Any]:
        """The facts that were given, as JSON."""
        return self.model_dump(mode="json", exclude_none=True)


class UtteranceIn(BaseModel):
    """One utterance of a given transcript; times in seconds from the start."""

    model_config = ConfigDict(extra="ignore")

    speaker: Speaker | None = None  #: when not given: the agent in a message or visit note, unknown in a call
    text: Annotated[str, StringConstraints(max_length=20_000)]
    start: Seconds | None = None
    end: Seconds | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise PydanticCustomError("ends_early", "end 早于 start")
        return self

    def utterance(self, default: Speaker) -> Utterance:
        """The value the libraries take; PostgreSQL cannot hold NUL, so it becomes a space."""
        return Utterance(self.speaker or default, unspaced(self.text.replace("\0", " ")), self.start, self.end)


class TextIn(BaseModel):
    """A call that comes as text: a message, a visit note, or a transcript made elsewhere."""

    model_config = ConfigDict(extra="ignore")

    call: CallFacts = CallFacts()
    utterances: Annotated[list[UtteranceIn], Field(max_length=20_000)]
    heard: bool = False  #: a recogniser wrote it: words are matched by sound too, as in a recording

    @model_validator(mode="after")
    def _not_too_long(self) -> Self:
        if sum(len(item.text) for item in self.utterances) > MAX_CHARACTERS:
            raise PydanticCustomError("text_too_long", "总字数超过上限 {most}", {"most": MAX_CHARACTERS})
        return self

    def transcript(self) -> Transcript:
        """The transcript as given."""
        default: Speaker = "unknown" if self.call.channel == "call" else "agent"
        utterances = tuple(item.utterance(default) for item in self.utterances)
        ends = [item.end for item in utterances if item.end is not None]
        return Transcript("heard" if self.heard else "given", "zh", max(ends, default=None), "given", utterances)


class PostedText(TextIn):
    """A text over HTTP: a field in the wrong place is an error, not an `external_id` that is silently lost."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        written = self.call.channel != "call"  # in a call nobody may have said a word, and that is to be seen
        if not (any(item.text.strip() for item in self.utterances) if written else self.utterances):
            raise PydanticCustomError("text_empty", "utterances 中没有内容")
        return self
