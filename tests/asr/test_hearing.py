"""Putting text back in its place, and hearing again what cannot be right."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE, Audio
from asr.hearing import hear, place, score, trust
from asr.packing import pack
from asr.recogniser import Heard, Sound
from asr.vad import Span


def span(start: float, end: float, channel: int = 0) -> Span:
    return Span(int(start * SAMPLE_RATE), int(end * SAMPLE_RATE), channel)


def said(text: str, confidence: float | None = 0.9, start: float = 0.5, pace: float = 0.2) -> list[Heard]:
    return [Heard(c, start + i * pace, start + (i + 1) * pace, confidence) for i, c in enumerate(text)]


class Scripted:
    """A recogniser that says what it is told, call by call, and remembers how much it was given."""

    engine = "scripted"
    windows: tuple[float, ...] = (15.0,)

    def __init__(self, *rounds: list[list[Heard]]) -> None:
        self.rounds = list(rounds)
        self.given: list[list[float]] = []

    def hear(self, sounds: Iterable[Sound]) -> Iterator[list[Heard]]:
        lengths = [len(sound) / SAMPLE_RATE for sound in sounds]
        self.given.append(lengths)
        if lengths:
            yield from self.rounds.pop(0)


def audio(seconds: float) -> Audio:
    return Audio("made", np.zeros((2, int(seconds * SAMPLE_RATE)), np.int16))


def text(heard: list[Heard]) -> str:
    return "".join(piece.text for piece in heard)


def test_characters_go_to_the_span_in_which_they_end() -> None:
    # Speech at 0.3-2.3 and 2.9-4.9 of the window.
    (window,) = pack([span(1, 3), span(10, 12)], 20 * SAMPLE_RATE, 20.0)
    pieces = [
        *said("您好请问", start=0.5),
        Heard("？", 1.3, 3.4, 0.9),
        Heard("你", 3.4, 3.6, 0.5),
        *said("哪位", start=3.7),
    ]
    assert [text(heard) for heard in place(window, pieces).values()] == ["您好请问？", "你哪位"]


@pytest.mark.parametrize(
    ("seconds", "text", "confidence", "expected"),
    [
        (2.0, "我要投诉你们", 0.9, 0.9),
        (2.0, "我要投诉你们", None, 1.0),
        (5.0, "我要", 0.9, -0.1),  # two characters in five seconds: the rest was dropped
        (1.0, "还钱" * 10, 0.9, -0.1),  # twenty in one: made up
        (0.4, "嗯", 0.8, 0.8),
        (0.4, "", None, 0.0),
        (3.0, "", None, -1.0),
    ],
)
def test_score(seconds: float, text: str, confidence: float | None, expected: float) -> None:
    assert score(span(0, seconds), said(text, confidence)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "confidence", "expected"),
    [("我要投诉你们", 0.9, 0.9), ("还钱" * 15, 0.9, 0.0), ("我要投诉你们", None, None), ("还钱" * 15, None, None)],
)
def test_what_nobody_can_have_said_is_not_trusted(text: str, confidence: float | None, expected: float | None) -> None:
    assert trust(span(0, 2), said(text, confidence)) == expected


def test_what_is_sure_is_heard_once() -> None:
    recogniser = Scripted([said("我要投诉你们")])
    assert [text(heard) for heard in hear(recogniser, audio(10), [span(1, 3)], lambda _: None).values()] == [
        "我要投诉你们"
    ]
    assert recogniser.given == [[pytest.approx(2.6)], []]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (said("我", 0.9), said("我要投诉你们", 0.6), "我要投诉你们"),
        ([], said("我要投诉你们", 0.3), "我要投诉你们"),
        (said("还钱" * 30, 0.9), said("还钱还钱", 0.5), "还钱还钱"),
    ],
)
def test_the_better_of_two_hearings_is_kept(first: list[Heard], second: list[Heard], kept: str) -> None:
    recogniser = Scripted([first], [second])
    (heard,) = hear(recogniser, audio(10), [span(1, 3)], lambda _: None).values()
    assert text(heard) == kept


def test_only_what_cannot_be_right_is_heard_again() -> None:
    sure, weak = said("您好请问是张先生", 0.4), said("哦", 0.9, start=3.6)
    recogniser = Scripted([[*sure, *weak]], [said("哦什么事情", 0.8)])
    heard = hear(recogniser, audio(20), [span(1, 3), span(10, 12)], lambda _: None)
    assert [text(pieces) for pieces in heard.values()] == ["您好请问是张先生", "哦什么事情"]
    assert recogniser.given == [[pytest.approx(5.2)], [pytest.approx(2.6)]]


def test_two_hearings_keep_the_surer_text_of_each_span() -> None:
    first = [[*said("您好请问是张先生", 0.9), *said("我事他本人", 0.5, start=3.0)]]
    second = [[*said("您好请问是章先生", 0.7), *said("我是他本人", 0.8, start=3.0)]]
    recogniser = Scripted(first, second)
    recogniser.windows = (20.0, 30.0)
    told: list[float] = []
    heard = hear(recogniser, audio(20), [span(1, 3), span(10, 12)], told.append)
    assert [text(pieces) for pieces in heard.values()] == ["您好请问是张先生", "我是他本人"]
    assert told == [0.5, 1.0]
