"""The promises of a call so far: those made, which of them stand together as one plan, and those taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from rules.plans import Promise, agree, joined, same

#: How far apart, in utterances, two halves of one promise may be: 今天晚上就还 … 那我全部还清三千七.
_SAME_PROMISE = 4

#: An agent's restatement belongs to a promise made at most so many utterances before.
_RESTATED_WITHIN = 4


@dataclass(slots=True)
class Pledges:
    """What the customer has promised, in the order in which it was first said."""

    made: list[Promise] = field(default_factory=list)
    withdrawn: list[Promise] = field(default_factory=list)
    _standing: list[int] = field(default_factory=list)  # the places of the last promise and the rest of its plan
    _spoken_of: int = 0  # the utterance that last said something of the last promise

    @property
    def standing(self) -> list[Promise]:
        """The last promise, with the other parts of its plan."""
        return [self.made[at] for at in self._standing]

    def last(self, at: int) -> Promise | None:
        """The last promise, if what is said at `at` can still be part of it."""
        return self.made[-1] if self.made and self._near(at) else None

    def restatable(self, at: int, *, within: int = _RESTATED_WITHIN) -> Promise | None:
        """The last promise, if it was spoken of at most so many utterances before, as an agent still repeats it."""
        return self.made[-1] if self.made and at - self._spoken_of <= within else None

    def add(self, promises: Sequence[Promise], *, go_on: bool) -> None:
        """Take in what is promised in one breath. `go_on`: as further parts of the plan that stands."""
        if not promises:
            return
        near, known = self._near(promises[0].utterance), len(self.made)
        places = [self._place(promise, near) for promise in promises]
        if min(places) < known < len(self.made):
            self._put_in_order(places)
        if len(self.made) > known:
            self._standing = sorted({*(self._standing if go_on else ()), *places})
        self._spoken_of = promises[-1].utterance

    def take_back(self) -> None:
        """Nothing promised before stands any more."""
        self.withdrawn, self.made, self._standing = [*self.withdrawn, *self.made], [], []

    def _near(self, at: int) -> bool:
        return at - self._spoken_of <= _SAME_PROMISE

    def _put_in_order(self, places: Sequence[int]) -> None:
        """A plan ends on its last day: 明天四千，十号一千 as read back, where the tenth was promised first."""
        named = sorted(set(places))
        days = [self.made[at].date for at in named]
        if None not in days:
            parts = sorted((self.made[at] for at in named), key=lambda one: one.date or date.min)
            for at, part in zip(named, parts, strict=True):
                self.made[at] = part

    def _place(self, promise: Promise, near: bool) -> int:
        """Where the promise stands now: in one that it repeats or makes whole, or as another."""
        again = [at for at in self._standing if same(self.made[at], promise)]
        halves = [at for at in self._standing if near and agree(self.made[at], promise)]
        for at in (again or halves)[:1]:
            self.made[at] = joined(self.made[at], promise)
            return at
        self.made.append(promise)
        return len(self.made) - 1
