"""Who is the agent: from what was said, as it was heard; and what a person can put right."""

import pytest

from asr import AsrError, swap_speakers
from asr.roles import BELIEVED, BY_HAND, NAMED, Side, by_channel, by_voice, guess_agent
from asr.transcript import Acoustics, Speaker, SpeakerSource, Stretch, Transcript, Utterance, Voice

A: Speaker = "agent"
C: Speaker = "customer"
U: Speaker = "unknown"


def said(*lines: str, speaker: Speaker = "unknown") -> list[Utterance]:
    """Utterances of two voices in turn, the first line by voice 0; an empty line is a turn in which nobody spoke."""
    return [Utterance(speaker, text, float(at), at + 1.0, 0.9, at % 2) for at, text in enumerate(lines) if text]


#: (lines in turn, index of the agent's voice)
CALLS = [
    (["您好请问是张建国先生吗", "我是你哪位", "我是金诚资产的客服工号8026本次通话将被录音"], 0),
    (["喂", "您好，请问是李梅女士本人吗", "是我，什么事", "您的信用卡已经逾期六十天了"], 1),
    # As a recogniser writes it: 工号 as 公好, 逾期 as 于七, 欠款 as 千款, 客服 as 克服.
    (["你好我是京城资产的克服公好8029通化录影", "嗯", "您的信用卡于七三十天", "我现在没前"], 0),
    (["你欠我们的钱到底还不还？再不还我就找人上门", "你们怎么这样，我要投诉你们"], 0),
    (["", "我现在没钱，工资还没发", "您看您什么时候方便处理一下"], 0),
    (["打错了，不认识这个人", "不好意思，打扰您了，祝您生活愉快"], 1),
    (["我是公安局的王警官", "我没有诈骗啊，怎么了"], 0),
]


@pytest.mark.parametrize(("lines", "agent"), CALLS)
def test_the_agent_is_known_by_the_words(lines: list[str], agent: int) -> None:
    cast = by_voice(said(*lines), 2)
    assert cast.speakers == ((A, C) if agent == 0 else (C, A))
    assert cast.source == "diarised"
    assert NAMED <= (cast.confidence or 0) <= 1


@pytest.mark.parametrize("lines", [[], ["喂", "喂"], ["好", "再见", "再见"], ["嗯嗯", "那个合同我看一下"]])
def test_words_that_tell_nothing_name_nobody(lines: list[str]) -> None:
    cast = by_voice(said(*lines), 2)
    assert (cast.speakers, cast.source) == ((U, U), "unknown")
    assert 0.5 <= (cast.confidence or 0) < NAMED
    assert "可人工指定" in cast.notes[0]


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        ("您好我是金诚资产的客服工号8026请您尽快处理欠款祝您生活愉快", (A,)),
        ("您拨打的电话正在通话中请稍后再拨", (U,)),
        ("我现在没钱别再打了", (U,)),
    ],
)
def test_one_voice_is_the_agents_or_unknown(text: str, speakers: tuple[str, ...]) -> None:
    cast = by_voice(said(text), 1)
    assert cast.speakers == speakers
    assert "只听到一个人的声音" in cast.notes[0]


REVERSED = ["我是，你哪位，什么事", "您好我是金诚资产的客服工号8026本次通话录音", "我现在没钱"]
USUAL = ["", *REVERSED]
NOTHING = ["喂", "喂你好"]


@pytest.mark.parametrize(
    ("lines", "told", "speakers", "note"),
    [
        (USUAL, None, (A, C), ""),
        (REVERSED, None, (C, A), "已按此区分"),
        (REVERSED, "right", (C, A), ""),
        (REVERSED, "left", (A, C), "请核对"),  # what was told holds
        (USUAL, "right", (C, A), "请核对"),
        (NOTHING, None, (A, C), ""),
        (NOTHING, "right", (C, A), ""),
        ([], None, (A, C), ""),
    ],
)
def test_channels(lines: list[str], told: Side | None, speakers: tuple[str, str], note: str) -> None:
    cast = by_channel(said(*lines), told)
    assert (cast.speakers, cast.source) == (speakers, "channels")
    assert [note in one for one in cast.notes] == ([True] if note else [])


def test_the_usual_side_is_given_up_only_when_sure() -> None:
    lines = ["什么事", "您好"]
    assert guess_agent(said(*lines)).agent == 1
    assert NAMED - 0.2 < guess_agent(said(*lines)).confidence < BELIEVED
    assert by_channel(said(*lines), None).speakers == (A, C)


def call(source: SpeakerSource, *utterances: Utterance) -> Transcript:
    overlap = Stretch(1.0, 2.0, utterances[0].speaker)
    voices = (Voice(utterances[0].speaker, 3.0, 0.6, 240.0, 0.5, -20.0, (Stretch(1.0, 2.0, A, 9.0),), 1),)
    return Transcript("e", "zh", 9.0, source, utterances, Acoustics(voices, (), (overlap,)), 0.93, ("旧",))


@pytest.mark.parametrize("source", ["channels", "diarised", "given"])
def test_swapping_is_its_own_inverse(source: SpeakerSource) -> None:
    agent, customer = Utterance("agent", "一", 0.0, 1.0), Utterance("customer", "二", 1.0, 2.0)
    before = call(source, agent, customer, Utterance("unknown", "三"))
    swapped = swap_speakers(before)
    assert [one.speaker for one in swapped.utterances] == [C, A, U]
    assert [one.text for one in swapped.utterances] == ["一", "二", "三"]
    assert swapped.acoustics is not None
    assert [voice.speaker for voice in swapped.acoustics.voices] == [C]
    assert [jump.speaker for jump in swapped.acoustics.voices[0].jumps] == [C]
    assert [overlap.speaker for overlap in swapped.acoustics.overlaps] == [C]
    assert (swapped.speakers, swapped.speaker_confidence, swapped.notes) == (source, None, (BY_HAND,))
    assert swap_speakers(swapped).utterances == before.utterances
    assert swap_speakers(swapped).acoustics == before.acoustics


def test_unknown_voices_are_first_assigned_then_swapped() -> None:
    unnamed = call("unknown", *said("喂", "您好", "什么事"))
    assigned = swap_speakers(unnamed)
    assert [one.speaker for one in assigned.utterances] == [C, A, C]
    assert assigned.speakers == "diarised"
    assert [one.speaker for one in swap_speakers(assigned).utterances] == [A, C, A]


def test_what_was_not_told_apart_cannot_be_swapped() -> None:
    with pytest.raises(AsrError) as caught:
        swap_speakers(call("unknown", Utterance("unknown", "您好", 0.0, 1.0)))
    assert caught.value.code == "not_told_apart"
