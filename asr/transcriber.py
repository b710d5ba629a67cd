"""One recording to one Transcript: decode, find speech, pack, recognise, put every character back in its place."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from asr.acoustics import measure
from asr.audio import MAX_SECONDS, SAMPLE_RATE, Audio, decode
from asr.errors import AsrError
from asr.hearing import confidence, hear
from asr.models import Progress
from asr.normalise import normalise
from asr.recogniser import Heard, Recogniser
from asr.silero import voice_probabilities
from asr.transcript import Speaker, Transcript, Utterance
from asr.vad import Span, frame_levels, spans

Side = Literal["left", "right"]

#: Silero must be this sure somewhere in a span before Whisper hears it.
VOICE = 0.5
VOICE_PAD = SAMPLE_RATE // 4
#: Dual-mono: both channels this close (dB) in nearly all loud frames carry the same sound.
SAME_LEVEL = 1.0
#: A channel that never rises above this (dB) is not connected: a line has noise, even of comfort.
DEAD = -85.0


class Transcriber:
    """Turns recordings into transcripts with one recogniser. Use one per process or thread."""

    def __init__(
        self,
        recogniser: Recogniser,
        max_seconds: float = MAX_SECONDS,
        decode: Callable[[str | Path, float], Audio] = decode,
    ) -> None:
        self._recogniser = recogniser
        self._max_seconds = max_seconds
        self._decode = decode
        self.engine = recogniser.engine

    def transcribe(
        self, path: str | Path, agent_channel: Side = "left", progress: Progress | None = None
    ) -> Transcript:
        """What was said in the recording at `path`, by whom and when.

        Two channels give agent (on `agent_channel`) and customer; a mono recording, or two channels that carry the
        same sound or of which one is dead, gives speaker `unknown`. `progress` is told the share done, 0 to 1.
        Raises AsrError.
        """
        report = progress or (lambda _: None)
        report(0.0)
        audio, levels = _told_apart(self._decode(path, self._max_seconds))
        speakers = _speakers(audio, agent_channel)
        found = [span for span in spans(levels) if _is_voice(audio, span)]
        report(0.05)
        said = hear(self._recogniser, audio, found, lambda share: report(0.05 + 0.9 * share))
        utterances = [utterance for span in found for utterance in _utterance(span, said[span], speakers)]
        report(1.0)
        return Transcript(
            engine=self.engine,
            language="zh",
            duration=round(audio.duration, 3),
            speakers="channels" if len(speakers) == 2 else "unknown",
            utterances=tuple(utterances),
            acoustics=measure(levels, found, utterances, speakers),
        )


def _utterance(span: Span, heard: list[Heard], speakers: list[Speaker]) -> Iterator[Utterance]:
    """The utterance of a span, if anything was said in it."""
    if text := normalise("".join(piece.text for piece in heard)):
        start, end, sure = span.start / SAMPLE_RATE, span.end / SAMPLE_RATE, confidence(heard)
        rounded = None if sure is None else round(sure, 3)
        yield Utterance(speakers[span.channel], text, round(start, 2), round(end, 2), rounded)


def _speakers(audio: Audio, agent_channel: Side) -> list[Speaker]:
    if agent_channel not in get_args(Side):
        raise AsrError("bad_option", f"坐席声道只能是 left 或 right，得到：{agent_channel}")
    if len(audio.samples) == 1:
        return ["unknown"]
    return ["agent", "customer"] if agent_channel == "left" else ["customer", "agent"]


def _is_voice(audio: Audio, span: Span) -> bool:
    """Tones, ring-back and most noise are loud but no voice: nothing that Whisper should get to guess about."""
    start, end = max(span.start - VOICE_PAD, 0), span.end + VOICE_PAD
    return bool(voice_probabilities(audio.cut(span.channel, start, end)).max() >= VOICE)


def _told_apart(audio: Audio) -> tuple[Audio, NDArray[np.float32]]:
    """Audio and levels, of one channel when the two do not tell the speakers apart.

    Some exchanges save a mono line as stereo, the same sound on both channels, or on one and nothing on the other.
    Taken as two speakers, each sentence would be said by both, or the agent would have said the customer's.
    """
    levels = frame_levels(audio)
    live = [channel for channel, row in enumerate(levels) if row.max(initial=DEAD) > DEAD]
    if len(levels) == 2 and (len(live) == 1 or _same(levels)):
        only = slice(live[0], live[0] + 1)
        return Audio(audio.source, audio.samples[only]), levels[only]
    return audio, levels


def _same(levels: NDArray[np.float32]) -> bool:
    loudest = levels.max(axis=0)
    if not len(loudest):
        return False
    differences = np.abs(levels[0] - levels[1])[loudest > np.percentile(loudest, 60)]
    return len(differences) > 0 and float(np.mean(differences < SAME_LEVEL)) > 0.95
