"""Numerals as heard -> the number."""

import pytest

from rules.numerals import find_numbers


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("一万二千三百", ["12300"]),
        ("一万二", ["12000"]),
        ("三千五", ["3500"]),
        ("一百零五", ["105"]),
        ("一百五", ["150"]),
        ("两万零五百", ["20500"]),
        ("一亿两千万", ["120000000"]),
        ("十五", ["15"]),
        ("二十", ["20"]),
        ("八零二六", ["8026"]),
        ("幺二三七八", ["12378"]),
        ("1.5万", ["15000"]),
        ("12,300", ["12300"]),
        ("5千", ["5000"]),
        ("3.5", ["3.5"]),
        ("两三千", ["2000"]),
        ("三四百", ["300"]),
        ("五十六十", ["50", "60"]),
        ("三千一个月", ["3000", "1"]),
        ("三千一直不接", ["3000", "1"]),
        ("千万别", []),
        ("1" * 100, ["1" * 64, "1" * 36]),
    ],
)
def test_find_numbers(text: str, digits: list[str]) -> None:
    assert [number.digits for number in find_numbers(text)] == digits


def test_the_value_of_every_number_can_be_told() -> None:
    assert all(number.value for number in find_numbers("九" + "万" * 5000 + "1" * 5000 + "百"))
