"""Numbers over many calls."""

from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.access import SessionDep, Statistician
from app.errors import Unprocessable
from app.masking import masked_id
from app.schemas import CALL_ZONE, Label
from app.security import Principal
from app.store import reach, statistics
from app.store.statistics import Kind, Period

router = APIRouter(prefix="/v1/statistics", tags=["统计"])

#: Days that one request may ask about.
_LONGEST = 800

#: Groups that one answer holds, enough for every hour of those days: 50 MB of memory.
_MOST = 20_000


#: There are no days before the first one, which some periods would begin on.
_Day = Annotated[date, Field(ge=date(1990, 1, 1), lt=date(2100, 1, 1))]


class Asked(BaseModel):
    """Which calls: those of the days from `first` to `last`, both included; without them, the last thirty days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: _Day | None = None
    last: _Day | None = None
    team: Label | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        period = self.period()
        if not timedelta(0) <= period.last - period.first <= timedelta(days=_LONGEST):
            order = "开始日期（first）须不晚于结束日期（last），且相距不超过 {longest} 天"
            raise PydanticCustomError("bad_period", order, {"longest": _LONGEST})
        return self

    def period(self) -> Period:
        """The days meant."""
        last = self.last or datetime.now(CALL_ZONE).date()
        return Period(self.first or last - timedelta(days=29), last, self.team)


class AskedByGroup(Asked):
    """Which calls, and whether those of each day apart."""

    each_day: bool = False


class NumbersOut(BaseModel):
    """The calls of one group; see app.store.statistics."""

    day: date | None
    key: str
    calls: int
    scored: int
    passed: int
    flagged: int
    reviewed: int
    failed: int
    compliant: int  #: scored, and nothing found that must not be done
    complete: int  #: scored, and no step missed
    violations: int  #: kinds of them, summed over calls
    average: float | None
    pass_rate: float | None
    seconds: float


class HeatOut(BaseModel):
    """The calls of one hour of one weekday."""

    weekday: int  #: 0: Monday
    hour: int
    calls: int
    flagged: int


def period_of(asked: Asked, who: Principal) -> Period:
    """The days asked about, and the team that `who` is told of."""
    return replace(asked.period(), team=reach.team_of(who, asked.team))


@router.get("/heat")
def get_heat(session: SessionDep, who: Statistician, asked: Annotated[Asked, Query()]) -> list[HeatOut]:
    """When calls are made and flagged: by weekday and hour."""
    rows = statistics.heat(statistics.by(session, "hour", period_of(asked, who), each_day=True))
    return [HeatOut(weekday=row[0], hour=row[1], calls=row[2], flagged=row[3]) for row in rows]


@router.get("/{kind}")
def get_statistics(
    kind: Kind, session: SessionDep, who: Statistician, asked: Annotated[AskedByGroup, Query()]
) -> list[NumbersOut]:
    """The calls of a period by group; `each_day`: for each day apart."""
    each_day = asked.each_day or kind == "day"
    rows = statistics.by(session, kind, period_of(asked, who), each_day=each_day, most=_MOST + 1)
    if len(rows) > _MOST:
        raise Unprocessable(f"结果超过 {_MOST} 行，请缩短时间段，或只看一个团队", code="bad_range")
    return [NumbersOut(**asdict(row) | {"key": masked_id(row.key)}) for row in rows]
