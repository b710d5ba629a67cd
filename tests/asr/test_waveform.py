"""Waveforms, whole and in part."""

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE, Audio
from asr.waveform import PEAKS, RATE, Waveform, draw


def audio(seconds: int) -> Audio:
    """Second n is n % 100 hundredths of full scale loud, once; the rest of it is silent."""
    samples = np.zeros((1, seconds * SAMPLE_RATE), np.int16)
    samples[0, ::SAMPLE_RATE] = [round(n % 100 * 327.68) for n in range(seconds)]
    return Audio("", samples)


def test_a_long_one_is_kept_closely_and_drawn_coarsely() -> None:
    wave = draw(audio(1200))
    assert len(wave.peaks[0]) == 1200 * RATE
    assert list(wave.peaks[0][::RATE]) == [n % 100 for n in range(1200)]
    whole = wave.part(0, None)
    assert (whole.start, whole.end, len(whole.peaks[0])) == (0, 1200, PEAKS)
    # A second a stretch: its loudest moment is seen.
    assert list(whole.peaks[0][:4]) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("start", "end", "seen"),
    [
        (10, 20, (10, 20)),
        (10.01, 19.99, (10, 20)),  # to where stretches begin
        (1199, 9999, (1199, 1200)),
        (9999, None, (1200, 1200)),
        (1190, 1e308, (1190, 1200)),
        (1e308, 1e308, (1200, 1200)),
        (20, 10, (20, 20)),
    ],
)
def test_a_part_is_seen_closely(start: float, end: float | None, seen: tuple[float, float]) -> None:
    part = draw(audio(1200)).part(start, end)
    assert (part.start, part.end) == pytest.approx(seen)
    assert len(part.peaks[0]) == round((seen[1] - seen[0]) * RATE)
    assert list(part.peaks[0][::RATE]) == [n % 100 for n in range(int(seen[0]), int(seen[1]))]


def test_a_click_has_a_waveform_too() -> None:
    part = draw(Audio("", np.full((1, 16), 16384, np.int16))).part(0, None)
    assert (part.start, part.end, part.peaks) == (0, 0.001, (bytes([50] * 16),))


def test_both_signs_count() -> None:
    samples = np.array([[0, 16384, 0, -32768]], np.int16)
    assert draw(Audio("", samples)).peaks == (bytes([0, 50, 0, 100]),)


def test_nothing_has_no_peaks() -> None:
    assert draw(Audio("", np.zeros((2, 0), np.int16))).part(0, None).peaks == (b"", b"")
    assert Waveform(0, ()).part(0, 5).peaks == ()
