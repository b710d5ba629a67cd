"""How alike two sentences are, for `similar` and `repeat`: how many neighbouring character pairs they share.

Words cut by jieba were considered: it takes a second to start in every process, and cuts misheard words at random,
where pairs of characters lose only the pairs that were misheard.
"""

from rules.text import normalise


def pairs(text: str) -> frozenset[str]:
    """The neighbouring pairs of characters in a text."""
    chars = normalise(text).chars
    return frozenset(chars[at : at + 2] for at in range(len(chars) - 1))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """0 for nothing in common, 1 for the same pairs (Dice)."""
    total = len(one) + len(other)
    return 2 * len(one & other) / total if total else 0.0
