"""File names that could be read in several ways, or are made to cost time."""

import pytest

from app.filenames import FileName


@pytest.mark.parametrize(
    ("pattern", "name", "facts"),
    [
        ("{a}_{b}_{c}.wav", "x_y_z_w.wav", {"a": "x", "b": "y", "c": "z_w"}),
        ("{a}_{b}_end.wav", "x_y_end_end.wav", {"a": "x", "b": "y_end"}),
        ("{a}{b}.wav", "xyz.wav", {"a": "x", "b": "yz"}),
        ("{a}_{_}_{b}.wav", "x_y.wav", None),
        ("{a}_{b}.wav", "x_y.wav\n", None),
        # Every way to split it would take years.
        ("{a}_{b}_{c}_{d}_{e}_{f}_{g}.wav", "_" * 250 + ".mp3", None),
        ("{a}_{b}_{c}_{d}_{e}_{f}_{started_at:%Y}.wav", "_" * 250 + ".wav", None),
    ],
)
def test_the_first_place_that_fits(pattern: str, name: str, facts: dict[str, str] | None) -> None:
    assert FileName(pattern).read(name) == facts


def test_what_stands_before_a_moment_may_hold_the_separator() -> None:
    found = FileName("{a}_{b}_{started_at:%Y}.wav").read("x_y_z_2026.wav")
    assert found
    assert (found["a"], found["b"], found["started_at"].year) == ("x", "y_z", 2026)
