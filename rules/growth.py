"""How families grow from the hits of their most telling slot, slot by slot, to one side and then to the other."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rules.arrays import Column, Ints, Lists, among, firsts
from rules.hits import View
from rules.lexicon import Gap


class Ways(NamedTuple):
    """How far families have got, a column for each thing known."""

    row: Column  #: which of the candidates it is
    at: Column  #: where it got to
    support: Column  #: characters' worth of evidence on the way
    hits: Column  #: the hits it got there by, a column for each slot; -1 where the family had no more

    def take(self, which: Ints) -> "Ways":
        """Only those."""
        return Ways(*[column[which] for column in self])


class Side:
    """What families need on one side of their telling slot: slots, the gaps to them, and whether a clause ends there.

    `steps` are the slots, by number, each with the gap before it, nearest first. `edges` are the widths within which
    the clause must end, -1 where it need not. `count` is how many slots there are in all.
    """

    def __init__(self, steps: Sequence[Sequence[tuple[int, Gap]]], edges: Sequence[int], count: int) -> None:
        longest = max(map(len, steps), default=0)
        table = [[(slot, gap.width, gap.over_negation) for slot, gap in way] for way in steps]
        padded = [way + [(-1, 0, False)] * (longest - len(way)) for way in table]
        self.slots, self._widths, self._over = (
            np.array(padded, np.intp).reshape(len(steps), longest, 3).transpose(2, 0, 1)
        )
        self._edges = np.array(edges, np.intp)
        self._count = count

    def grow(self, family: Ints, hit: Ints, view: View, fills: Lists, support: Column) -> Ways:
        """The shortest way each candidate is complete on this side; none for those that are not.

        A candidate is a family and the hit it starts from; `fills` are the slots of each core, `support` that of hits.
        """
        fillers = view.fillers(fills, among(self.slots[family], self._count))
        ways = Ways(np.arange(len(family)), view.ends[hit], np.zeros(len(hit)), np.empty((len(hit), 0), np.intp))
        for step in range(self.slots.shape[1]):
            slot = self.slots[family[ways.row], step]
            going, there = ways.take(np.flatnonzero(slot >= 0)), ways.take(np.flatnonzero(slot < 0))
            of = family[going.row]
            reach = view.reach(going.at, self._widths[of, step], self._over[of, step])
            hits, origin = fillers.between(self.slots[of, step], going.at, reach)
            ways = _together(there, _surest(going.take(origin), hits, view.ends[hits], support[hits]))
        edge = self._edges[family[ways.row]]
        ways = ways.take(np.flatnonzero((edge < 0) | view.clause_ends(ways.at, edge)))
        ways = ways.take(np.lexsort((ways.at, ways.row)))
        return ways.take(np.flatnonzero(firsts(ways.row)))


def _surest(ways: Ways, hits: Ints, at: Ints, support: Column) -> Ways:
    """Every way gone on by one hit; of those of one candidate that lead to the same place, the best supported."""
    on = Ways(ways.row, at, ways.support + support, np.column_stack((ways.hits, hits)))
    on = on.take(np.lexsort((-on.support, on.at, on.row)))
    return on.take(np.flatnonzero(firsts(on.row, on.at)))


def _together(there: Ways, going: Ways) -> Ways:
    ended = np.full(len(there.row), -1, np.intp)
    there = there._replace(hits=np.column_stack((there.hits, ended)))
    return Ways(*map(np.concatenate, zip(there, going, strict=True)))
