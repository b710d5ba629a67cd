"""What was heard for what was said -> whether it still counts, and how sure."""

from pathlib import Path

import pytest

from asr.transcript import Transcript, Utterance
from rules import check, load_pack
from rules.arrays import codes
from rules.lexicon import parse_family
from rules.matcher import Matcher
from rules.phonetics import by_sound, confusable, evidence, likeliest
from rules.text import normalise
from tests.rules.helpers import judge


@pytest.mark.parametrize(
    ("written", "heard", "alike"),
    [
        ("逾期", "于七", True),
        ("欠款", "千款", True),
        ("起诉", "启束", True),
        ("征信", "正信", True),
        ("拘留", "居留", True),
        ("法院", "花院", True),
        ("老赖", "脑奈", True),
        ("坐牢", "做老", True),
        ("坐牢", "做饭", False),
        ("起诉", "投诉", False),
    ],
)
def test_what_sounds_alike(written: str, heard: str, alike: bool) -> None:
    assert (by_sound(written) == by_sound(heard)) == alike


@pytest.mark.parametrize(
    ("syllable", "plain"),
    [
        ("zhang", "zan"),
        ("shi", "si"),
        ("nan", "lan"),
        ("ren", "len"),
        ("hua", "fa"),
        ("hu", "fu"),
        ("he", "he"),
        ("jing", "jin"),
        ("leng", "len"),
        ("liang", "liang"),
        ("e", "e"),
    ],
)
def test_confusions(syllable: str, plain: str) -> None:
    assert confusable(syllable) == plain


@pytest.mark.parametrize(
    ("written", "heard", "support"),
    [
        ("欠款", "欠款", (1.0, 1.0)),
        ("欠款", "千款", (0.75, 1.0)),
        ("法院", "花院", (0.5, 1.0)),
        ("还款", "环款", (0.75, 1.0)),
        ("还款", "付款", (0.0, 1.0)),
    ],
)
def test_evidence(written: str, heard: str, support: tuple[float, ...]) -> None:
    assert (*evidence(codes(written), codes(heard)),) == support


@pytest.mark.parametrize(
    ("family", "heard", "confidence"),
    [
        ("强制执行", "强制制行", 0.938),
        ("已经 ~3 逾期", "已经预期九十天", 0.938),
        ("已经 ~3 逾期", "已经于762天", 0.875),
        ("坐牢", "做老", None),  # two syllables alone are too little
        ("分 ~8 71 个月", "分极本二十四期一个月", None),  # 期一 is no 71: a short number is written as one
        ("一期 ~6 三百", "您一七的五千三百元", None),  # nor is 一七, which is how 逾期 is heard, a 一期
        ("让{你} ~4 坐牢", "让你做牢", 0.938),
        ("欠款 ~4 <数>", "千款12300", 0.938),
        ("不得安宁", "不的安宁", 0.938),
        ("通知你的紧急联系人", "通知你的紧急联系任", 0.972),
        ("身份证号码", "身份认号码", 0.8),  # one syllable wrong in five
        ("死皮赖脸", "此平赖脸", None),  # two wrong in four
        ("抓你", "抓您", None),
    ],
)
def test_families_by_ear(family: str, heard: str, confidence: float | None) -> None:
    matcher = Matcher({"it": [parse_family(family, {"你": "你|您"})]})
    spans = matcher.scan(normalise(heard), by_ear=True).found("it")
    assert [span.confidence for span in spans] == ([] if confidence is None else [confidence])
    assert not [span for span in matcher.scan(normalise(heard)).found("it") if span.confidence < 1]


@pytest.mark.parametrize(
    ("heard", "words", "meant"),
    [
        ("骂您怎么了", {"骂你怎么了", "威胁怎么了", "怎么了"}, "骂你怎么了"),
        ("于七", {"逾期", "余额"}, "逾期"),
        ("逾期", {"逾期", "预期"}, "逾期"),
        ("一万二", {"逾期"}, "一万二"),  # as long as none of them
    ],
)
def test_what_was_meant_is_told(heard: str, words: set[str], meant: str) -> None:
    assert likeliest(heard, words) == meant


@pytest.mark.parametrize(("engine", "verdict"), [("faster-whisper", "failed"), ("given", "passed")])
def test_only_what_a_recogniser_wrote_is_matched_by_sound(engine: str, verdict: str) -> None:
    said = Utterance("agent", "再不还我们就申请强治制行", 1.0, 3.0, 0.9)
    findings = check(load_pack("collection-standard"), Transcript(engine, "zh", 9.0, "channels", (said,)))
    finding = next(one for one in findings if one.rule == "false-legal.enforcement")
    assert finding.verdict == verdict
    if verdict == "failed":
        assert finding.evidence[0].confidence < 0.9
        assert "“强治制行”按读音当作“强制执行”" in finding.evidence[0].note


def test_a_number_is_not_taken_for_another_word(tmp_path: Path) -> None:
    said = Utterance("agent", "再不还我们就申请强治制行五百二十三块", 1.0, 3.0, 0.9)
    heard = Transcript("faster-whisper", "zh", 9.0, "channels", (said,))
    finding = judge(tmp_path, "{phrases: {families: [强制执行 <数>]}}", heard)
    assert finding.evidence[0].note == "“强治制行”按读音当作“强制执行”，可能是识别错字"
