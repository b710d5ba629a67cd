"""What `sequence` and `answered` share: hits that come one after the other, as a question and its answer do."""

from dataclasses import dataclass

from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome


@dataclass(frozen=True, slots=True)
class Trails:
    """Every way in which the hits came one after the other, or why the call cannot tell."""

    hits: tuple[tuple[Hit, ...], ...] = ()
    why: str | None = None  #: None where the call can tell

    def outcome(self, shown: tuple[Hit, ...]) -> Outcome:
        """What was seen, with these hits to show for it."""
        return Outcome(bool(self.hits), shown) if self.why is None else Outcome(None, (), self.why)


class Trail(Operator):
    """An operator that finds hits one after the other. Subclasses implement `trails` instead of `find`."""

    def trails(self, call: Call, part: Part) -> Trails:
        """Look for every way, in order."""
        raise NotImplementedError

    def find(self, call: Call, part: Part) -> Outcome:
        """The first way."""
        found = self.trails(call, part)
        return found.outcome(next(iter(found.hits), ()))

    def moments(self, call: Call, part: Part) -> Outcome:
        """The last hit of each: only with it had all of it come about."""
        found = self.trails(call, part)
        return found.outcome(tuple(dict.fromkeys(trail[-1] for trail in found.hits)))
