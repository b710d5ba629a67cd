"""Ways in which a recording gets damaged, by chance that can be repeated."""

from collections.abc import Callable

import numpy as np

Random = np.random.Generator


def flip(data: bytearray, random: Random) -> bytes:
    for at in random.integers(0, len(data), size=random.integers(1, 40)):
        data[at] ^= 1 << int(random.integers(8))
    return bytes(data)


def overwrite(data: bytearray, random: Random) -> bytes:
    start, length = int(random.integers(len(data))), int(random.integers(1, 400))
    data[start : start + length] = random.bytes(length)
    return bytes(data)


def damage_head(data: bytearray, random: Random) -> bytes:
    for at in random.integers(0, min(len(data), 120), size=random.integers(1, 8)):
        data[at] = int(random.choice([0, 1, 0x7F, 0x80, 0xFF]))
    return bytes(data)


def cut(data: bytearray, random: Random) -> bytes:
    return bytes(data[: int(random.integers(1, len(data)))])


def remove(data: bytearray, random: Random) -> bytes:
    start = int(random.integers(len(data)))
    return bytes(data[:start] + data[start + int(random.integers(1, 2000)) :])


def repeat(data: bytearray, random: Random) -> bytes:
    start, length = int(random.integers(len(data))), int(random.integers(1, 4000))
    return bytes(data[: start + length] + data[start:])


MUTATIONS: list[Callable[[bytearray, Random], bytes]] = [flip, overwrite, damage_head, cut, remove, repeat]


def damaged(whole: bytes, seed: int) -> bytes:
    """A file with one damage, always the same for a seed."""
    return MUTATIONS[seed % len(MUTATIONS)](bytearray(whole), np.random.default_rng(seed))
