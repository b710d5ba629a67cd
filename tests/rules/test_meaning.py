"""The second net: sentences that no family was written for, and that nothing was learned from."""

from pathlib import Path

import numpy as np
import pytest

from asr.transcript import Speaker, Transcript, Utterance
from rules import RuleError, check, load_pack
from rules.learning import digest, read_examples
from rules.meaning import FOLDERS, LONGEST, load_meanings, pieces_of, spelled
from rules.text import normalise

GUILTY = [
    ("threat", "你家住几栋几单元我们都清楚，别逼我们过去坐坐"),
    ("threat", "你晚上走夜路最好回头看看"),
    ("threat", "我认识你们那边道上的兄弟，你想好"),
    ("third_party", "我这就给你通讯录里的人挨个儿打过去"),
    ("third_party", "你们单位人事的电话我已经查到了，要不要我跟他们领导聊聊你的事"),
    ("impersonate", "我是市中级人民法院执行局的，你这个案子今天立案"),
    ("induce", "你把钱转到我个人微信上，我帮你销账"),
    ("abuse", "欠钱不还你还有脸活着"),
]
INNOCENT = [
    "请问您对还款方案还有什么疑问吗",
    "如果您一直不还款，我行可能会依法向法院提起诉讼",
    "有人冒充法院打电话要钱，您千万别信",
    "您说有人上门威胁您，我帮您记录一下",
    "您爱人知道这笔借款吗，不知道的话我们也不会跟她说",
    "麻烦您转告他给我们回个电话，别的我就不多说了",
    "法院的传票您收到了吗，请您按时出庭",
    "别想不开啊，钱的事都能商量",
    "不能帮您删征信，任何说能删的都是骗子",
]


@pytest.mark.parametrize(("category", "said"), GUILTY)
def test_suspected(category: str, said: str) -> None:
    seen = load_meanings().suspect(normalise(said).chars)
    assert (seen.probability >= 0.7, seen.category) == (True, category)
    assert seen.telling
    assert all(piece in normalise(said).chars for piece in seen.telling)


@pytest.mark.parametrize("said", INNOCENT)
def test_not_suspected(said: str) -> None:
    assert load_meanings().suspect(normalise(said).chars).probability < 0.7


#: In words that no family of steps.yaml has: what an agent says, and which step it does.
STEPS = [
    ("step.debt", "您刷出去那一万六，回来的才两千", True),
    ("step.debt", "化肥款那一千六，秋后到这会儿还空着呢", True),
    ("step.debt", "您这几天身体好些了没有", False),
    ("step.offer", "您先拿一半，另一半等工钱下来", True),
    ("step.offer", "你到底哪天才肯拿钱出来", False),
    ("step.offer", "分期不可能给你分", False),
    ("step.self-intro", "对，还是我，天信的老薛", True),
    ("step.self-intro", "我是公安局的", False),
    ("step.identity", "麻烦说下您户口本上的名字", True),
    ("step.identity", "您在外地打工也不容易", False),
    ("step.identity", "喂，是王先生家里人吧", False),
    ("step.identity", "你管我叫什么名字", False),
]


@pytest.mark.parametrize(("rule", "said", "done"), STEPS)
def test_a_step_in_new_words(rule: str, said: str, done: bool) -> None:
    transcript = Transcript("given", "zh", None, "given", (Utterance("agent", said), Utterance("customer", "是的")))
    findings = {finding.rule: finding for finding in check(load_pack("collection-standard"), transcript, {})}
    assert bool(findings[rule].evidence) == done


@pytest.mark.parametrize("said", ["", "嗯", "hello", "🙂" * 50, "𠮷"])
def test_anything_can_be_weighed(said: str) -> None:
    assert 0 <= load_meanings().suspect(normalise(said).chars).probability <= 1


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_a_model_is_learned_from_what_lies_beside_it(folder: Path) -> None:
    with np.load(folder / "model.npz") as kept:
        assert str(kept["learned_from"]) == digest(read_examples(folder)), "run: python -m rules.learning"


@pytest.mark.parametrize(
    ("speaker", "said", "suspected"),
    [
        ("agent", "再拖下去，后面来找你的人可就没我这么客气了", True),
        ("customer", "再拖下去，后面来找你的人可就没我这么客气了", False),
        ("agent", "您慢慢说，有什么困难我们一起想办法", False),
    ],
)
def test_a_rule_that_suspects(speaker: Speaker, said: str, suspected: bool) -> None:
    transcript = Transcript("given", "zh", None, "given", (Utterance(speaker, said),))
    findings = {finding.rule: finding for finding in check(load_pack("collection-standard"), transcript, {})}
    finding = findings["suspected.threat"]
    assert (finding.verdict == "failed") == suspected
    assert [evidence.quote for evidence in finding.evidence] == [said.rstrip("。")] * suspected
    assert all("把握" in evidence.note for evidence in finding.evidence)


@pytest.mark.parametrize(
    ("said", "suspected"),
    [
        (["信不信我打断你的腿，让你在床上躺半年"], []),
        (["信不信我打断你的腿，让你在床上躺半年", "再拖下去，后面来找你的人可就没我这么客气了"], [1]),
        (["信不信我打断你的腿。再拖下去，后面来找你的人可就没我这么客气了"], [0]),
    ],
)
def test_what_is_convicted_is_not_suspected_again(said: list[str], suspected: list[int]) -> None:
    transcript = Transcript("given", "zh", None, "given", tuple(Utterance("agent", one) for one in said))
    findings = {finding.rule: finding for finding in check(load_pack("collection-standard"), transcript, {})}
    assert any(one.verdict == "failed" for name, one in findings.items() if name.startswith("threat."))
    finding = findings["suspected.threat"]
    assert [evidence.utterance for evidence in finding.evidence] == suspected
    assert finding.verdict == ("failed" if suspected else "passed")
    assert suspected or "已由其他规则认定" in finding.message


def test_what_is_only_minor_is_still_suspected() -> None:
    """Bad manners cost a point: by that alone nobody would look at the call."""
    transcript = Transcript("given", "zh", None, "given", (Utterance("agent", "你听不懂人话吗，我说几遍了"),))
    findings = {one.rule: one for one in check(load_pack("collection-standard"), transcript, {})}
    assert findings["attitude"].verdict == findings["suspected.attitude"].verdict == "failed"


def pack(folder: Path, meaning: str) -> Path:
    """A pack of one rule."""
    file = folder / "own.yaml"
    file.write_text(
        "id: own\nversion: '1'\ntitle: t\nrules:\n"
        "- {id: a.b, category: threat, title: t, severity: info, expect: absent, scope: {speaker: agent},"
        f" basis: [{{document: d, note: n, label: P}}], find: {{meaning: {meaning}}},"
        " examples: {hit: [您好啊], miss: [您好]}}\n",
        "utf-8",
    )
    return file


TALK = "昨天跟孩子去河边放风筝，风太大线断了，一直追到桥那头才捡回来"


@pytest.mark.parametrize(
    ("before", "suspected"),
    [
        ([], True),  # too little to tell what it is about
        ([("customer", TALK)], False),
        ([("customer", TALK), ("customer", "我欠款的事你跟我妈说")], True),
        ([("customer", "没有欠款"), ("agent", TALK)], True),
    ],
)
def test_the_same_words_mean_less_in_talk_of_something_else(
    tmp_path: Path, before: list[tuple[Speaker, str]], suspected: bool
) -> None:
    about = "about: {phrases: {families: [欠款]}}, elsewhere: 0.999"
    own = load_pack(pack(tmp_path, f"{{category: threat, score: 0.5, {about}}}"))
    said = [*before, ("agent", "你晚上走夜路最好回头看看")]
    transcript = Transcript("given", "zh", None, "given", tuple(Utterance(who, words) for who, words in said))
    assert (check(own, transcript)[0].verdict == "failed") == suspected


@pytest.mark.parametrize(
    ("meaning", "fault"),
    [
        ("{category: nonsense}", "nonsense"),
        ("{category: threat, elsewhere: 0.9}", "about 与 elsewhere 必须同时写"),
        ("{category: threat, about: {phrases: {families: [欠款]}}}", "about 与 elsewhere 必须同时写"),
        ("{category: threat, about: {phrases: {lexicon: nonsense}}, elsewhere: 0.9}", "nonsense"),
    ],
)
def test_faults(tmp_path: Path, meaning: str, fault: str) -> None:
    with pytest.raises(RuleError, match=fault):
        load_pack(pack(tmp_path, meaning))


def test_pieces() -> None:
    said = ["还钱还", "", "今天不还不行"]
    read = pieces_of(said)
    found = [*zip(read.of.tolist(), spelled(read.key), strict=True)]
    times = dict(zip(found, read.times, strict=True))
    assert {piece: count for (at, piece), count in times.items() if at == 0} == dict.fromkeys(
        ["钱", "还钱", "钱还", "还钱还"], 1
    ) | {"还": 2}
    assert times[2, "不"] == 2
    assert max(len(piece) for _, piece in found) == LONGEST
    assert len(set(read.key)) == len({piece for _, piece in found})
