"""Call detail records: what the dialer says it dialled, imported so that a recording that never came is missed."""

import hashlib
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from app.errors import Unprocessable
from app.schemas import Label, Moment, Seconds
from app.store import dials
from app.tabular import DIRECTIONS, moment, rows
from app.wording import TOLD, faults_of

#: Faults after which the rest is not looked at: what is no such file at all must not cost minutes.
_MOST_FAULTS = 1000

_WORDS = {"是": True, "接通": True, "已接通": True, "否": False, "未接通": False, "未接": False}


def _seconds(value: object) -> object:
    parts = str(value).split(":")
    if len(parts) in (2, 3) and all(part.isdecimal() for part in parts):
        return sum(int(part) * 60**place for place, part in enumerate(reversed(parts)))
    return value


class DialIn(BaseModel):
    """One row of call detail records; other columns are none of ours."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    external_id: Label | None = None
    agent_id: Label | None = None
    team: Label | None = None
    debtor_id: Label | None = None  #: as the calls' metadata names the debtor or number, which may be a hash
    direction: Annotated[Literal["outbound", "inbound"] | None, BeforeValidator(lambda v: DIRECTIONS.get(v, v))] = None
    started_at: Annotated[Moment, BeforeValidator(moment)]
    seconds: Annotated[Seconds, BeforeValidator(_seconds)] | None = None
    answered: Annotated[bool, BeforeValidator(lambda value: _WORDS.get(value, value))] | None = None

    @model_validator(mode="after")
    def _identifiable(self) -> Self:
        if self.external_id is None and (self.agent_id is None or self.debtor_id is None):
            raise PydanticCustomError("no_dial_id", "须有 external_id，或 agent_id 与 debtor_id")
        if self.answered is None and self.seconds is None:
            raise PydanticCustomError("no_dial_end", "须有 answered（是否接通）或 seconds（通话时长）")
        return self

    def row(self) -> dict[str, Any]:
        """Its columns. The key tells a row that is imported twice from another one."""
        known = self.model_dump()
        known["answered"] = bool(self.seconds) if self.answered is None else self.answered
        parts = (self.agent_id, self.debtor_id, self.started_at.timestamp())
        known["key"] = self.external_id or hashlib.sha256(repr(parts).encode()).hexdigest()
        return known


def read(content: bytes, name: str) -> dict[str, dict[str, Any]]:
    """The rows of a CSV of call detail records by their keys; the last one of a key counts.

    Raises:
        Unprocessable: it is no CSV, or rows have faults, which are counted up to _MOST_FAULTS and the first ones told.
    """
    if not content.strip():
        raise Unprocessable(f"{name}：文件为空，没有表头", code="bad_cdr")
    known: dict[str, dict[str, Any]] = {}
    faults: list[str] = []
    for line, row in rows(content, name):
        try:
            dial = DialIn.model_validate(row).row()
        except ValidationError as error:
            faults += _told(line, error)
            if len(faults) >= _MOST_FAULTS:
                break
        else:
            known[dial["key"]] = dial
    if faults:
        at_least = "至少" if len(faults) >= _MOST_FAULTS else ""
        more = f"；共{at_least} {len(faults)} 处" if len(faults) > TOLD else ""
        raise Unprocessable(f"{name}：{'；'.join(faults[:TOLD])}{more}", code="bad_cdr")
    return known


def take(session: Session, content: bytes, name: str) -> tuple[int, int]:
    """Import a CSV of call detail records, all of it or nothing; how many rows were new, and how many known.

    Raises:
        Unprocessable: see `read`.
    """
    known = read(content, name)
    new = dials.keep(session, list(known.values()))
    return new, len(known) - new


def _told(line: int, error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False):
        yield f"第 {line} 行 {faults_of([fault])}"
