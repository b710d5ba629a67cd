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
        ("{a}_{b}_{c}_{d}_{e}_{f}_{started_at:%Y%H}.wav", "_" * 250 + ".wav", None),
    ],
)
def test_the_first_place_that_fits(pattern: str, name: str, facts: dict[str, str] | None) -> None:
    assert FileName(pattern).read(name) == facts


def test_what_stands_before_a_moment_may_hold_the_separator() -> None:
    found = FileName("{a}_{b}_{started_at:%Y%H}.wav").read("x_y_z_202609.wav")
    assert found
    assert (found["a"], found["b"], found["started_at"].hour) == ("x", "y_z", 9)


def test_a_day_without_an_hour_is_refused() -> None:
    with pytest.raises(ValueError, match="started_at 须有钟点"):
        FileName("{agent_id}_{started_at:%Y%m%d}.wav")
