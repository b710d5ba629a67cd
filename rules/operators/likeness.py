"""How alike two sentences are, for `similar` and `repeat`: how many neighbouring character pairs they share.

Words cut by jieba were considered: it takes a second to start in every process, and cuts misheard words at random,
where pairs of characters lose only the pairs that were misheard.
"""

from collections import Counter

from rules.text import normalise


def pairs(text: str) -> Counter[str]:
    """The neighbouring pairs of characters in a text."""
    chars = normalise(text).chars
    return Counter(chars[at : at + 2] for at in range(len(chars) - 1))


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """0 for nothing in common, 1 for the same pairs (Dice)."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
