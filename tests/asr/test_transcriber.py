"""The real model on real recordings: what was said, by whom, when; and nothing where nobody spoke."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from asr import AsrError, Transcriber
from asr.audio import SAMPLE_RATE
from asr.transcript import Transcript, Utterance
from tests.asr.recordings import FORMATS, SAMPLES, Samples, as_samples, speech, tone, write, write_as

#: sample -> (speaker, a phrase said by that speaker, second in which its utterance lies). Only what every processor
#: hears: rounding differs from one to the next, and on one of them 威胁 was heard as 危险.
HEARD = [
    ("compliant", "agent", "本次通话将被录音", 8.0),
    ("compliant", "customer", "知道了", 49.5),
    ("threat", "agent", "你怎么了", 15.0),
    ("threat", "customer", "我要投诉你们", 21.5),
    ("impersonate", "agent", "公安局", 3.0),
    ("hardship", "customer", "生病住院", 17.5),
]


def at(utterances: tuple[Utterance, ...], second: float, speaker: str) -> str:
    return "".join(u.text for u in utterances if u.speaker == speaker and (u.start or 0) <= second <= (u.end or 0))


@pytest.fixture(scope="module")
def hear(transcriber: Transcriber) -> Callable[[str], Transcript]:
    """The transcript of a sample, made once."""
    return functools.cache(lambda name: transcriber.transcribe(SAMPLES / f"{name}.wav"))


@pytest.mark.parametrize(("name", "speaker", "phrase", "second"), HEARD)
def test_samples(hear: Callable[[str], Transcript], name: str, speaker: str, phrase: str, second: float) -> None:
    transcript = hear(name)
    assert phrase in at(transcript.utterances, second, speaker)
    assert transcript.speakers == "channels"
    assert transcript.engine == "faster-whisper/packaged/cpu/int8/fast"
    assert list(transcript.utterances) == sorted(transcript.utterances, key=lambda u: u.start or 0)
    assert all(0 < (u.confidence or 0) <= 1 for u in transcript.utterances)


def test_progress_runs_from_nothing_to_all(transcriber: Transcriber) -> None:
    told: list[float] = []
    transcriber.transcribe(SAMPLES / "threat.wav", progress=told.append)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert told == sorted(told)
    assert len(told) > 3


def test_the_agent_may_be_on_the_right(transcriber: Transcriber) -> None:
    transcript = transcriber.transcribe(SAMPLES / "threat.wav", agent_channel="right")
    assert "你怎么了" in at(transcript.utterances, 15.0, "customer")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_heard(transcriber: Transcriber, tmp_path: Path, name: str) -> None:
    path = write_as(tmp_path, name, speech("threat", 4.0, 11.7))
    transcript = transcriber.transcribe(path)
    speakers = {"agent"} if FORMATS[name][3] == 2 else {"agent", "unknown"}  # of so little mono sound, who knows
    assert "还不还" in "".join(u.text for u in transcript.utterances if u.speaker in speakers)
    assert transcript.duration == pytest.approx(7.7, abs=0.1)


def mixed(name: str, start: float = 0.0, end: float = 1e9) -> Samples:
    """Both channels of a sample on one."""
    both = speech(name, start, end).astype(np.int32).sum(axis=0, keepdims=True)
    mono: Samples = both.clip(-32768, 32767).astype(np.int16)
    return mono


@pytest.mark.parametrize("channels", ["one", "both", "left", "right"])
def test_mono_without_voice_prints_has_unknown_speakers(
    transcriber: Transcriber, tmp_path: Path, channels: str
) -> None:
    mono = mixed("threat", 0.0, 14.0)
    nothing = np.zeros_like(mono)
    # A mono line saved as stereo must not give every sentence to both speakers, or the customer's to the agent.
    rows = {"one": [mono], "both": [mono, mono], "left": [mono, nothing], "right": [nothing, mono]}[channels]
    path = write(tmp_path / "mono.wav", np.concatenate(rows))
    transcript = Transcriber(transcriber._recogniser).transcribe(path)
    assert transcript.speakers == "unknown"
    assert {(u.speaker, u.voice) for u in transcript.utterances} == {("unknown", None)}
    assert "".join(u.text for u in transcript.utterances).count("让你全家都不得") == 1
    assert "--extra speakers" in transcript.notes[0]


#: As HEARD, in the mono mix: the noise of both lines is on it, so that a word here and there is heard otherwise.
HEARD_MONO = [*HEARD[:2], ("threat", "agent", "你出门小心一点", 15.0), HEARD[3]]


@pytest.mark.parametrize("name", ["compliant", "threat"])
def test_mono_speakers_are_told_by_voice_and_words(transcriber: Transcriber, tmp_path: Path, name: str) -> None:
    transcript = transcriber.transcribe(write(tmp_path / "mono.wav", mixed(name)))
    assert transcript.speakers == "diarised"
    assert (transcript.speaker_confidence or 0) > 0.95
    assert transcript.acoustics is not None
    assert {voice.speaker for voice in transcript.acoustics.voices} == {"agent", "customer"}
    for speaker, phrase, second in [row[1:] for row in HEARD_MONO if row[0] == name]:
        assert phrase in at(transcript.utterances, second, speaker)


def test_one_voice_alone(transcriber: Transcriber, tmp_path: Path) -> None:
    """The agent's channel of a call is as a message left on a mailbox: one person, and who it is can be heard."""
    transcript = transcriber.transcribe(write(tmp_path / "mailbox.wav", speech("compliant")[:1]))
    assert transcript.speakers == "diarised"
    assert {(u.speaker, u.voice) for u in transcript.utterances} == {("agent", 0)}
    assert "只听到一个人的声音" in transcript.notes[0]


def test_channels_the_wrong_way_round_are_noticed(transcriber: Transcriber, tmp_path: Path) -> None:
    path = write(tmp_path / "reversed.wav", speech("compliant", 0.0, 30.0)[::-1])
    decided = transcriber.transcribe(path)
    assert "本次通话将被录音" in at(decided.utterances, 8.0, "agent")
    assert "已按此区分" in decided.notes[0]


def silence() -> Samples:
    return as_samples(np.zeros(30 * SAMPLE_RATE), np.zeros(30 * SAMPLE_RATE))


def line_noise() -> Samples:
    noise = np.random.default_rng(1).normal(0, 0.004, (2, 30 * SAMPLE_RATE))
    return as_samples(*noise)


def loud_noise() -> Samples:
    noise = np.random.default_rng(2).normal(0, 0.1, (2, 30 * SAMPLE_RATE))
    bursts = (np.arange(30 * SAMPLE_RATE) // SAMPLE_RATE) % 3 == 0
    return as_samples(*(noise * bursts))


def ring_back() -> Samples:
    """China's ring-back tone: 450 Hz, one second on, four off (GB/T 3380)."""
    cycle = np.concatenate([tone(1.0, 450), np.zeros(4 * SAMPLE_RATE)])
    return as_samples(np.tile(cycle, 6), np.zeros(30 * SAMPLE_RATE))


def busy_tone() -> Samples:
    cycle = np.concatenate([tone(0.35, 450), np.zeros(int(0.35 * SAMPLE_RATE))])
    return as_samples(np.tile(cycle, 40), np.tile(cycle, 40) * 0)


def keypad() -> Samples:
    """DTMF digits."""
    pairs = [(697, 1209), (770, 1336), (852, 1477), (941, 1336)]
    keys = [np.concatenate([tone(0.2, a) + tone(0.2, b), np.zeros(SAMPLE_RATE // 5)]) for a, b in pairs]
    return as_samples(np.tile(np.concatenate(keys), 10), np.zeros(16 * SAMPLE_RATE)[: 10 * sum(map(len, keys))])


def hold_music() -> Samples:
    """A plucked melody with chords, like an exchange's waiting music."""
    notes = [523, 587, 659, 784, 659, 587, 523, 392] * 6
    fade = np.exp(-3 * np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE)
    melody = np.concatenate([fade * sum(tone(0.5, n * k, 0.2 / k) for k in (1, 2, 3)) for n in notes])
    chords = np.concatenate([sum(tone(2.0, n * f, 0.05) for f in (0.5, 0.63, 0.75)) for n in notes[::4]])
    return as_samples(melody + chords[: len(melody)], np.zeros(len(melody)))


def hum() -> Samples:
    mains = np.sum([tone(20.0, 50 * k, 0.1 / k) for k in (1, 2, 3, 4, 5)], axis=0)
    return as_samples(mains, 0.3 * mains)


def clicks() -> Samples:
    row = np.zeros(20 * SAMPLE_RATE)
    row[:: SAMPLE_RATE // 2] = 0.9
    return as_samples(row, np.roll(row, 4000))


def pink(seconds: int, seed: int) -> NDArray[np.float64]:
    """Noise with the same power in every octave, as wind and rooms make it."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, seconds * SAMPLE_RATE))
    row = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)))
    return 0.05 * row / np.std(row)


def white_noise() -> Samples:
    return as_samples(*np.random.default_rng(3).normal(0, 0.05, (2, 30 * SAMPLE_RATE)))


def pink_noise() -> Samples:
    return as_samples(pink(30, 4), pink(30, 5))


def street() -> Samples:
    """Cars that come and go, and two horns."""
    swell = 1.2 + np.sin(2 * np.pi * np.arange(30 * SAMPLE_RATE) / (7 * SAMPLE_RATE))
    row = 2 * pink(30, 6) * swell
    for second, hertz in ((6, 420), (7, 420), (19, 330)):
        horn = tone(0.6, hertz, 0.2) + tone(0.6, hertz * 1.25, 0.2) + tone(0.6, hertz * 2, 0.1)
        row[second * SAMPLE_RATE :][: len(horn)] += horn
    return as_samples(row, 0.1 * pink(30, 7))


NO_SPEECH: list[Callable[[], Samples]] = [
    silence,
    line_noise,
    loud_noise,
    ring_back,
    busy_tone,
    keypad,
    hold_music,
    hum,
    clicks,
    white_noise,
    pink_noise,
    street,
]


@pytest.mark.parametrize("make", NO_SPEECH)
def test_no_speech_gives_no_text(transcriber: Transcriber, tmp_path: Path, make: Callable[[], Samples]) -> None:
    path = write(tmp_path / "call.wav", make())
    assert transcriber.transcribe(path).utterances == ()


def test_a_recording_shorter_than_a_frame(transcriber: Transcriber, tmp_path: Path) -> None:
    assert transcriber.transcribe(write(tmp_path / "blip.wav", speech(end=0.005))).utterances == ()


def test_the_limit_is_the_transcribers(transcriber: Transcriber, tmp_path: Path) -> None:
    strict = Transcriber(transcriber._recogniser, max_seconds=10)
    with pytest.raises(AsrError) as caught:
        strict.transcribe(SAMPLES / "threat.wav")
    assert caught.value.code == "too_long"
