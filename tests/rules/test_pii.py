"""What was said -> what is shown."""

import pytest

from rules.pii import find_pii, mask


@pytest.mark.parametrize(
    ("text", "kinds", "shown"),
    [
        ("我电话13800138000", ["phone"], "我电话138****8000"),
        ("我电话一三八零零一三八零零零", ["phone"], "我电话一三八****八零零零"),
        ("幺三八 零零幺三 八零零零", ["phone"], "幺三八******八零零零"),
        ("身份证110101199003077758", ["id_card"], "身份证110***********7758"),
        ("身份证11010119900307775X。", ["id_card"], "身份证110***********775X。"),
        ("我住朝阳区建国路八十八号三单元五零二室", ["address"], "我住朝阳区**************"),
        ("欠款一万二千三百元逾期九十天", [], "欠款一万二千三百元逾期九十天"),
        ("尾号三五七八工号八零二六", [], "尾号三五七八工号八零二六"),
        ("投诉打12378", [], "投诉打12378"),
        ("您走到路口就是一号店", [], "您走到路口就是一号店"),
        ("", [], ""),
    ],
)
def test_mask(text: str, kinds: list[str], shown: str) -> None:
    assert [pii.kind for pii in find_pii(text)] == kinds
    assert mask(text) == shown
    assert len(shown) == len(text)


def test_a_spaced_card_keeps_its_ends() -> None:
    masked = mask("卡号6222 0212 3456 7890 123。")
    assert masked.startswith("卡号6222*")
    assert masked.endswith("* 123。")
    assert "0212" not in masked
    assert "3456" not in masked
