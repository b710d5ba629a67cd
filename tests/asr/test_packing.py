"""Packing: every sample of speech in exactly one window, channels apart, nothing too long, times found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import SAMPLE_RATE, Audio
from asr.packing import PAD_SECONDS, pack
from asr.vad import Span

LIMIT = 20.0


@st.composite
def calls(draw: st.DrawFn) -> tuple[list[Span], int]:
    found: list[Span] = []
    total = 0
    for channel in (0, 1):
        second = 0.0
        for gap, length in draw(st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.1, 14.0)), max_size=12)):
            start, second = second + gap, second + gap + length
            found.append(Span(int(start * SAMPLE_RATE), int(second * SAMPLE_RATE), channel))
        total = max(total, int(second * SAMPLE_RATE))
    return sorted(found), total


@given(calls())
def test_windows(call: tuple[list[Span], int]) -> None:
    found, total = call
    windows = pack(found, total, LIMIT)
    pieces = [piece for window in windows for piece in window.pieces]
    assert sorted(piece.span for piece in pieces) == found
    for window in windows:
        assert window.length <= LIMIT * SAMPLE_RATE + 1
        assert len({piece.span.channel for piece in window.pieces}) == 1
        for left, right in zip(window.pieces, window.pieces[1:], strict=False):
            assert right.offset == left.offset + left.end - left.start
            assert left.end <= right.start
    for piece in pieces:
        assert 0 <= piece.start <= piece.span.start < piece.span.end <= piece.end <= total
        assert piece.end - piece.start <= piece.span.end - piece.span.start + 2 * PAD_SECONDS * SAMPLE_RATE + 1


def test_times_lead_back_to_their_span() -> None:
    found = [Span(SAMPLE_RATE * start, SAMPLE_RATE * (start + 2), 0) for start in (1, 10, 20)]
    (window,) = pack(found, SAMPLE_RATE * 30, LIMIT)
    assert [piece.offset / SAMPLE_RATE for piece in window.pieces] == pytest.approx([0, 2.6, 5.2])
    # Speech lies at 0.3-2.3, 2.9-4.9 and 5.5-7.5 seconds of the window.
    ends = [0.0, 0.1, 2.3, 2.5, 2.8, 4.9, 5.1, 5.6, 99.0]
    assert [window.piece_of(end) for end in ends] == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_the_sound_is_the_speech_and_what_surrounds_it() -> None:
    samples = np.arange(SAMPLE_RATE * 20, dtype=np.int64).astype(np.int16)[np.newaxis]
    (window,) = pack([Span(SAMPLE_RATE * 5, SAMPLE_RATE * 6, 0)], samples.shape[1], LIMIT)
    sound = window.sound(Audio("ramp", samples))
    pad = int(PAD_SECONDS * SAMPLE_RATE)
    expected = samples[0, SAMPLE_RATE * 5 - pad : SAMPLE_RATE * 6 + pad]
    assert sound * 32768 == pytest.approx(expected)


def test_windows_of_a_channel_are_about_equally_long() -> None:
    found = [Span(SAMPLE_RATE * start, SAMPLE_RATE * (start + 3), 0) for start in range(0, 40, 5)]
    windows = pack(
        found, SAMPLE_RATE * 40, LIMIT
    )  # 24 s of speech, 28.5 with its padding: two windows, not 18 and 10.5
    assert [len(window.pieces) for window in windows] == [4, 4]
