"""Of the ways in which a text holds a family the nearest are found, whatever else the pack looks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.transcript import Transcript, Utterance
from rules.lexicon import parse_family
from rules.matcher import Matcher, Span
from rules.speech import join
from rules.text import WALL, Text, normalise

#: In company with these another slot of a family is the most telling one, and growth begins there.
COMPANY = {
    "alone": [],
    "common first": ["扯呼 了", "扯呼 ~3 么", "扯 呼 扯 呼", "你 他", "不还 你"],
    "common last": ["投诉 坐牢", "坐 牢 坐 牢", "律师函 人家 人", "<数> 个", "<数> 元", "<数> 天", "<数> 号"],
}


def found(family: str, text: Text, companions: list[str], *, by_ear: bool = False) -> list[Span]:
    groups = {"companions": companions, "it": [family]}
    matcher = Matcher({name: [parse_family(one, {}) for one in families] for name, families in groups.items()})
    return list(matcher.scan(text, by_ear=by_ear).found("it"))


@pytest.mark.parametrize("companions", COMPANY.values(), ids=COMPANY)
@pytest.mark.parametrize(
    ("family", "text", "quotes"),
    [
        # of two, the nearer
        ("扯呼 ~6 <数>", "扯呼一二，三四", ["扯呼一二"]),
        ("<数> ~6 扯呼", "一二，三四扯呼", ["三四扯呼"]),
        ("扯呼 ~6 <数>", "扯呼，扯呼一二", ["扯呼一二"]),
        ("扯呼 ~6 坐牢 ~6 <数>", "扯呼坐牢，坐牢一，二", ["扯呼坐牢，坐牢一"]),
        # and every one that has no other within
        ("扯呼 ~6 <数>", "扯呼一二，扯呼三四", ["扯呼一二", "扯呼三四"]),
        ("扯呼 ~6 坐牢", "扯呼坐牢扯呼坐牢", ["扯呼坐牢", "扯呼坐牢"]),
        # of those that begin or end at one place the longest
        ("找 ~4 人|人家", "找过人家", ["找过人家"]),
        ("你|你们 ~4 坐牢", "你们都坐牢", ["你们都坐牢"]),
        ("投诉|要投诉", "我要投诉", ["要投诉"]),
        ("是不是 ~9 坐牢|坐 $", "是不是坐坐牢", ["是不是坐坐牢"]),
    ],
)
def test_the_nearest_is_found(family: str, text: str, quotes: list[str], companions: list[str]) -> None:
    normal = normalise(text)
    spans = found(family, normal, companions)
    assert [text[slice(*normal.original(span.start, span.end))] for span in spans] == quotes


@pytest.mark.parametrize("companions", COMPANY.values(), ids=COMPANY)
@pytest.mark.parametrize(
    ("family", "heard", "confidences"),
    [
        ("不还 ~6 坐牢", "不环坐牢", [0.938]),
        ("你 ~6 坐牢", "你做老坐牢", [1.0]),
        ("不还 ~6 坐牢", "不还坐劳坐牢", [0.938, 1.0]),
        ("你 ~6 坐牢", "你做老", []),
    ],
)
def test_what_only_sounds_so_hides_no_word(
    family: str, heard: str, confidences: list[float], companions: list[str]
) -> None:
    spans = found(family, normalise(heard), companions, by_ear=True)
    assert [span.confidence for span in spans] == confidences


@pytest.mark.parametrize("reply", ["不", "没", "嗯", "好的", "没没没"])
@pytest.mark.parametrize("gap", ["~9", "~~9"])
def test_nothing_is_found_across_a_reply(gap: str, reply: str) -> None:
    said = [Utterance("agent", "再拖"), Utterance("customer", reply), Utterance("agent", "坐牢")]
    text = join(Transcript("given", "zh", None, "given", tuple(said))).text
    assert found(f"再拖 {gap} 坐牢", text, []) == []


LETTERS = "还环坐做牢老一不"
CORES = st.lists(st.text(LETTERS, min_size=1, max_size=3), min_size=1, max_size=3).map("|".join)
SLOTS = CORES | st.just("<数>")
GAPS = st.sampled_from([" ", " ~1 ", " ~3 ", " ~~5 "])
FAMILIES = st.builds(
    lambda start, first, more, end: start + first + "".join(map("".join, more)) + end,
    st.sampled_from(["", "^ "]),
    SLOTS,
    st.lists(st.tuples(GAPS, SLOTS), max_size=3),
    st.sampled_from(["", " $", " ~2 $"]),
)


@given(FAMILIES, st.lists(FAMILIES, max_size=6), st.text(LETTERS + "，" + WALL, max_size=30), st.booleans())
def test_companions_change_nothing(family: str, companions: list[str], text: str, by_ear: bool) -> None:
    said = normalise(text)
    assert found(family, said, companions, by_ear=by_ear) == found(family, said, [], by_ear=by_ear)
