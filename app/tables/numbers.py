"""Numbers that are kept because counting takes long."""

from datetime import date

from sqlalchemy import Identity, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base


class DayTotal(Base):
    """Numbers of one day that is over, counted in advance: one row for every group that statistics ask for."""

    __tablename__ = "day_totals"

    kind: Mapped[str] = mapped_column(primary_key=True)  #: what `key` is: see app.store.statistics
    day: Mapped[date] = mapped_column(primary_key=True)  #: in Asia/Shanghai
    team: Mapped[str] = mapped_column(primary_key=True)  #: empty: calls of no team
    key: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int]
    scored: Mapped[int]
    passed: Mapped[int]
    flagged: Mapped[int]
    reviewed: Mapped[int]
    failed: Mapped[int]  #: could not be judged
    compliant: Mapped[int]  #: scored, and nothing found that must not be done
    complete: Mapped[int]  #: scored, and no step missed
    violations: Mapped[int]  #: kinds of them, summed over calls
    score: Mapped[float]  #: sum over calls that have one
    with_score: Mapped[int]
    seconds: Mapped[float]  #: of recording


class StaleDay(Base):
    """A day whose totals no longer hold, because a call of it changed; one row for each change."""

    __tablename__ = "stale_days"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    day: Mapped[date] = mapped_column(index=True)


class Tally(Base):
    """A count that only grows, kept by every worker together with the result it counts; see app.store.tallies."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[float]
