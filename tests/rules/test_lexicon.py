"""A family as written -> what it finds, and what cannot be read."""

import pytest

from rules.lexicon import parse_family
from rules.matcher import Matcher
from rules.text import normalise

WORDS = {"家人": "爸|妈|{配偶}", "配偶": "老公|老婆", "圈": "{圈}"}


def found(written: str, text: str) -> list[str]:
    normal = normalise(text)
    spans = Matcher({"it": [parse_family(written, WORDS)]}).scan(normal).found("it")
    return [text[slice(*normal.original(span.start, span.end))] for span in spans]


@pytest.mark.parametrize(
    ("written", "text", "quotes"),
    [
        ("坐牢", "让你坐牢", ["坐牢"]),
        ("坐牢|判刑", "不判刑也坐牢", ["判刑", "坐牢"]),
        ("再不还 ~6 坐牢|抓你", "再不还钱我就让你坐牢", ["再不还钱我就让你坐牢"]),
        ("再不还 ~3 坐牢", "再不还钱我就让你坐牢", []),
        ("再不还 ~6 坐牢", "再不还钱，我就，让你坐牢", ["再不还钱，我就，让你坐牢"]),
        ("再不还 ~8 坐牢", "坐牢你再不还", []),
        ("我们 是 法院", "我们是法院", ["我们是法院"]),
        ("我们 是 法院", "我们也是法院", []),
        ("收 ~8 手续费", "我们收您手续费", ["收您手续费"]),
        ("收 ~8 手续费", "收款人没有手续费", []),
        ("收 ~~8 手续费", "收款人没有手续费", ["收款人没有手续费"]),
        ("儿子 ~12 欠", "你儿子一直不还欠着", ["儿子一直不还欠"]),
        ("找{家人}", "去找老婆", ["找老婆"]),
        ("你{家人}|邻居", "你妈和邻居", ["你妈", "邻居"]),
        ("打 <数> 个", "打一百个", ["打一百个"]),
        ("打 <数> 个", "打300个", ["打300个"]),
        ("一点", "十一点", []),
        ("^ 等着 $", "你等着", []),
        ("你 等着 $", "你等着", ["你等着"]),
        ("你 等着 $", "你等着收短信", []),
        ("你 等着 $", "你等着，收短信", ["你等着"]),
        ("是不是 ~4 $", "是不是陈刚", ["是不是"]),
        ("是不是 ~4 $", "是不是陈刚先生他们家", []),
        ("投訴", "我要投诉", ["投诉"]),
    ],
)
def test_families(written: str, text: str, quotes: list[str]) -> None:
    assert found(written, text) == quotes


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "没有任何词"),
        ("~6", "没有任何词"),
        ("坐牢|", "空的"),
        ("，", "空的"),
        ("坐牢 ~6 ~7 抓", "相连的间隔"),
        ("坐牢 ~99 抓", "超过上限"),
        ("坐牢~ 抓", "读不懂"),
        ("坐牢 ^ 抓", "只能在最前"),
        ("你{邻居}", "没有名为“邻居”"),
        ("{圈}", "引用了自己"),
        ("{家人", "读不懂"),
    ],
)
def test_what_cannot_be_read(written: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_family(written, WORDS)


def test_growing_numbers_of_families_do_not_change_what_is_found() -> None:
    families = [parse_family(f"词{at}甲 ~4 词{at}乙", {}) for at in range(1000)]
    scan = Matcher({"many": families}).scan(normalise("词37甲在这里词37乙，词1甲词2乙"))
    assert [span.family.written for span in scan.found("many")] == ["词37甲 ~4 词37乙"]
