"""What kinds of finding people tell apart at a glance, and statistics count apart."""

from collections.abc import Mapping
from typing import Literal

from rules import CATEGORIES, SIGNALS, Category

Kind = Literal["violation", "step", "signal", "promise"]

#: What a collector has to do; the rest of a collector's categories are what one must not do.
STEPS: frozenset[Category] = frozenset(
    {"self_intro", "recording_notice", "identity_check", "debt_confirm", "repay_offer", "empathy", "closing", "order"}
)


def kind(category: str) -> Kind:
    """Whether a category is a fault, a step that belongs in the call, or something the customer said."""
    if category == "ptp":
        return "promise"  # expected, unlike the other signals: its failing says that none was made
    if category in SIGNALS:
        return "signal"
    return "step" if category in STEPS else "violation"


#: Every category by kind; promises are neither fault nor signal.
ALL: Mapping[Kind, tuple[Category, ...]] = {
    kept: tuple(name for name in CATEGORIES if kind(name) == kept) for kept in ("violation", "step", "signal")
}
