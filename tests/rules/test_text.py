"""What the recogniser wrote -> what phrases are matched against, and the way back."""

import pytest

from rules.text import fold, normalise, unspaced


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


@pytest.mark.parametrize(
    ("text", "stops"), [("不会，起诉", {2}), ("不会起诉", set()), ("不会 起诉。好", {2, 4}), ("明天还😀好", {3})]
)
def test_clauses_end_where_punctuation_says(text: str, stops: set[int]) -> None:
    assert set(normalise(text).stops) == stops


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("您 好 请 问 是 张 三 吗", "您好请问是张三吗"),
        ("我 的 APP 登 不 上 去", "我 的 APP 登不上去"),
        ("好 的 ， 您 稍 等", "好的，您稍等"),
        ("欠 款 3 0 0 0 元", "欠款3000元"),
        ("您　好　请　问", "您好请问"),
        ("不会 起诉 您", "不会 起诉 您"),
        ("我 不会 起诉 您 的", "我 不会 起诉 您 的"),
        ("好 好 学习", "好 好 学习"),
        ("是 的", "是 的"),
        ("尾号 1 2 3 4", "尾号 1 2 3 4"),
        ("", ""),
    ],
)
def test_what_a_recogniser_took_apart_is_put_together(text: str, joined: str) -> None:
    assert unspaced(text) == joined
