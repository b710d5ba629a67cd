"""What the recogniser wrote -> what phrases are matched against, and the way back."""

import pytest

from rules.text import fold, normalise


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        ("我要投訴你們", "我要投诉你们"),
        ("ＡＰＰ　Ｘ１", "appx1"),
        ("打12378投诉", "打12378投诉"),
        ("打一二三七八投诉", "打12378投诉"),
        ("打幺二三七八投诉", "打12378投诉"),
        ("拘留十五天", "拘留15天"),
        ("欠款一万二千三百元", "欠款12300元"),
        ("欠款12,300元", "欠款12300元"),
        ("欠款1.5万", "欠款15000"),
        ("欠了三千一直不接", "欠了30001直不接"),
        ("千万不要", "千万不要"),
        ("什么時候怎麼还", "什么时候怎么还"),
        ("您好，请问…是张先生吗？", "您好请问是张先生吗"),
        ("", ""),
        ("，。！", ""),
    ],
)
def test_normalise(text: str, chars: str) -> None:
    assert normalise(text).chars == chars


@pytest.mark.parametrize(
    ("text", "found", "original"),
    [
        ("您好，我要投訴！", "投诉", "投訴"),
        ("拨打，一二三七八。", "12378", "一二三七八"),
        ("共一万二千三百元整", "12300元", "一万二千三百元"),
        ("İ是他们，㎏投诉", "投诉", "投诉"),
        ("欠 12,300 元", "12300", "12,300"),
    ],
)
def test_the_way_back(text: str, found: str, original: str) -> None:
    normal = normalise(text)
    at = normal.chars.index(found)
    start, end = normal.original(at, at + len(found))
    assert text[start:end] == original


@pytest.mark.parametrize("text", ["㎏İ投訴ＡＢ㊗", "漢字", "Ａ，Ｂ", "🀄️我"])
def test_folding_keeps_every_position(text: str) -> None:
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize(("text", "stops"), [("不会，起诉", {2}), ("不会起诉", set()), ("不会 起诉。好", {2, 4})])
def test_clauses_end_where_punctuation_says(text: str, stops: set[int]) -> None:
    assert set(normalise(text).stops) == stops
