"""Like neighbours are joined, unlike ones never, and every step still knows when it was."""

import numpy as np

from asr.condensing import Steps, condense

#: Steps of ten directions, far apart.
DIRECTIONS = np.eye(10, dtype=np.float32)
SILENCE = np.full((100, 10), 7.0, np.float32)


def steps(*directions: int) -> Steps:
    """One step for each, in that direction, each a little longer than the one before."""
    rows: Steps = np.stack([DIRECTIONS[at] * (1 + place) for place, at in enumerate(directions)])
    return rows


def test_the_most_alike_neighbours_become_their_mean() -> None:
    encoded = condense([steps(0, 1, 1, 2, 3, 4, 4, 5, 6, 6)], SILENCE, 0.7)
    assert encoded.origins[0].tolist() == [0, 1, 3, 4, 5, 7, 8]
    assert encoded.sounds.shape == (1, 7, 10)
    assert encoded.sounds[0, 1].tolist() == (2.5 * DIRECTIONS[1]).tolist()
    assert encoded.sounds[0, 0].tolist() == DIRECTIONS[0].tolist()


def test_no_more_than_two_are_joined() -> None:
    encoded = condense([steps(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)], SILENCE, 0.7)
    assert len(encoded.origins[0]) == 7
    assert np.diff(encoded.origins[0]).max() == 2


def test_shorter_windows_are_filled_with_silence_and_longer_ones_fitted() -> None:
    middle, short = steps(*range(8)), steps(0, 1, 2)
    encoded = condense([DIRECTIONS, middle, short], SILENCE, 0.7)
    assert [len(origins) for origins in encoded.origins] == [7, 7, 3]
    assert (encoded.sounds[2, :3] == short).all()
    assert (encoded.sounds[2, 3:] == 7.0).all()


def test_any_sound_can_be_condensed_so_far() -> None:
    random = np.random.default_rng(0)
    for length in (1, 2, 3, 4, 5, 50, 333):
        (origins,) = condense([random.normal(0, 1, (length, 10)).astype(np.float32)], SILENCE, 0.7).origins
        assert len(origins) == round(0.7 * length)
