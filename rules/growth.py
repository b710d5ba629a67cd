"""How families grow from the hits of their most telling slot, slot by slot, to one side."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rules.arrays import Column, Ints, among, firsts, worthiest
from rules.hits import Fills, View
from rules.lexicon import Gap

#: What hits are worth to families, given as a column of each.
Worth = Callable[[Ints, Ints], Column]


class Ways(NamedTuple):
    """How far families have got, a column for each thing known."""

    row: Column  #: which of the candidates it is
    at: Column  #: where it got to
    worth: Column  #: of the hits on the way, together
    hits: Column  #: the hits it got there by, a column for each slot; -1 where the family has no more, or not yet

    def take(self, which: Ints) -> "Ways":
        """Only those."""
        return Ways(*[column.take(which, axis=0) for column in self])

    def on(self, origin: Ints, step: int, hits: Ints, at: Ints, worth: Column) -> "Ways":
        """The ways of `origin`, each gone on by one hit to where that leads."""
        ways = self.take(origin)
        ways.hits[:, step] = hits  # these are copies
        return ways._replace(at=at, worth=ways.worth + worth)

    def worthiest(self, places: Ints) -> "Ways":
        """Of the ways of one candidate to one place the worthiest; in order of candidate and place."""
        if (self.row[1:] > self.row[:-1]).all():
            return self
        return self.take(worthiest(self.row * (places.max() + 1) + places, self.worth))

    def nearest(self, places: Ints) -> "Ways":
        """Of the ways of each candidate the worthiest to its first place; in order of candidate."""
        ways = self.worthiest(places)
        return ways.take(np.flatnonzero(firsts(ways.row)))


class Side:
    """What families need on one side of their telling slot: slots, the gaps to them, and whether a clause ends there.

    `steps` are the slots, by number, each with the gap before it, nearest first. `edges` are the widths within which
    the clause must end, -1 where it need not. `count` is how many slots there are in all.
    """

    def __init__(self, steps: Sequence[Sequence[tuple[int, Gap]]], edges: Sequence[int], count: int) -> None:
        longest = max([1, *map(len, steps)])
        table = [[(slot, gap.width, gap.over_negation) for slot, gap in way] for way in steps]
        padded = [way + [(-1, 0, False)] * (longest - len(way)) for way in table]
        self._slots, self._widths, self._over = (
            np.array(padded, np.intp).reshape(len(steps), longest, 3).transpose(2, 0, 1)
        )
        self._sizes, self._edges = np.array([*map(len, steps)], np.intp), np.array(edges, np.intp)
        self._count = count

    def grow(self, family: Ints, hit: Ints, view: View, fills: Fills, worth: Worth) -> Ways:
        """The nearest way each candidate is complete on this side, in order; none for those that are not.

        A candidate is a family and the hit it starts from; `worth` tells what hits are worth to families.
        """
        there = np.flatnonzero(among(family, len(self._slots)))
        fillers = view.fillers(fills, among(self._slots.take(there, axis=0), self._count))
        ways = Ways(
            np.arange(len(family)), view.ends[hit], np.zeros(len(hit)), np.full((len(hit), self._slots.shape[1]), -1)
        )
        complete: list[Ways] = []
        while True:
            step, of = len(complete), family[ways.row]
            whole = self._sizes[of] == step
            complete.append(ways.take(np.flatnonzero(whole)))
            ways = ways.take(np.flatnonzero(~whole))
            if not len(ways.row):
                break
            ways = ways.worthiest(ways.at)
            of = family[ways.row]
            reach = view.reach(ways.at, self._widths[of, step], self._over[of, step])
            hits, origin = fillers.between(self._slots[of, step], ways.at, reach)
            ways = ways.on(origin, step, hits, view.ends[hits], worth(of[origin], hits))
        return self._nearest(Ways(*map(np.concatenate, zip(*complete, strict=True))), family, view)

    def _nearest(self, ways: Ways, family: Ints, view: View) -> Ways:
        """Of the ways whose clause ends there each candidate's whose last core begins first, of these the worthiest."""
        edges = self._edges[family[ways.row]]
        ways = ways.take(np.flatnonzero((edges < 0) | view.clause_ends(ways.at, edges)))
        last = ways.hits[np.arange(len(ways.row)), self._sizes[family[ways.row]] - 1]
        return ways.nearest(view.begins[last])
