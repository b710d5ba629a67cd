"""A sentence with a dangerous word in it -> whether a guard takes it back."""

from pathlib import Path

import pytest

from tests.rules.helpers import call, judge

FIND = "{{phrases: {{families: ['{family}'], guards: [{guards}]}}}}"


@pytest.mark.parametrize(
    ("guard", "family", "sentence", "found"),
    [
        ("negation", "起诉", "我们不会起诉您", False),
        ("negation", "起诉", "我们不起诉您", False),
        ("negation", "拘留", "您不用担心被拘留", False),
        ("negation", "坐牢", "您不会因为这个坐牢", False),
        ("negation", "坐牢", "你不还钱就坐牢", True),
        ("negation", "坐牢", "你要是不能还就等着坐牢", True),
        ("negation", "坐牢", "不是我吓唬你这要坐牢", True),
        ("negation", "上门", "别怪我找人上门", True),
        ("negation", "上门", "你不要逼我上门", True),
        ("negation", "不要脸", "你真不要脸", True),
        ("negation", "起诉", "我们不会客气，起诉你", True),
        ("negation", "起诉", "特别要起诉你", True),
        ("quotation", "混蛋", "您提到之前有人骂您混蛋", False),
        ("quotation", "混蛋", "你就是个混蛋", True),
        ("anti_fraud", "我是公安局", "如果有人自称我是公安局的，请不要相信", False),
        ("anti_fraud", "验证码", "让您提供验证码的都是诈骗", False),
        ("anti_fraud", "出门", "你出门小心点", True),
        ("lawful_frame", "强制执行", "法院判决后仍不履行，法院可以采取强制执行措施", False),
        ("lawful_frame", "强制执行", "明天就强制执行", True),
        ("advice", "联系您的家人", "您可以联系您的家人商量", False),
        ("advice", "联系你的家人", "我明天联系你的家人", True),
        ("approval", "免息", "我帮您申请免息", False),
        ("approval", "免息", "免息要以审批结果为准", False),
        ("approval", "免息", "我给你免息", True),
    ],
)
def test_guards(tmp_path: Path, guard: str, family: str, sentence: str, found: bool) -> None:
    finding = judge(tmp_path, FIND.format(family=family, guards=guard), call(f"坐席：{sentence}"))
    assert (finding.verdict == "failed") == found
