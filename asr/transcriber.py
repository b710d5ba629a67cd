"""One recording to one Transcript: decode, find speech, pack, recognise, put every character back in its place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from asr.acoustics import measure
from asr.audio import MAX_SECONDS, SAMPLE_RATE, Audio, decode
from asr.channels import told_apart
from asr.errors import AsrError
from asr.hearing import hear, trust
from asr.models import Progress
from asr.normalise import normalise
from asr.recogniser import Heard, Recogniser
from asr.roles import SIDES, Cast, Side, by_channel, by_voice
from asr.silero import is_voice
from asr.speakers import Separated, Separator
from asr.transcript import Transcript, Utterance
from asr.vad import Span, spans

#: Sound around a span in which a voice may show, too.
VOICE_PAD = SAMPLE_RATE // 4

#: Why the speakers of a mono recording are unknown.
NOT_INSTALLED = "单声道录音，坐席与客户未区分：未安装声纹组件，安装命令 uv sync --extra speakers。"
NOT_SEPARABLE = "单声道录音，坐席与客户未区分：声音太少或太相近，无法确定是一个人还是两个人。"


class Transcriber:
    """Turns recordings into transcripts with one recogniser. Use one per process or thread."""

    def __init__(
        self,
        recogniser: Recogniser,
        max_seconds: float = MAX_SECONDS,
        decode: Callable[[str | Path, float], Audio] = decode,
        separator: Separator | None = None,
    ) -> None:
        self._recogniser = recogniser
        self._max_seconds = max_seconds
        self._decode = decode
        self._separator = separator
        self.engine = recogniser.engine

    def transcribe(
        self, path: str | Path, agent_channel: Side | None = None, progress: Progress | None = None
    ) -> Transcript:
        """What was said in the recording at `path`, by whom and when.

        Two channels give agent (on `agent_channel`) and customer; when that is not given, the agent is on the left
        unless what is said clearly tells otherwise. In a mono recording, or two channels that carry the same sound or
        of which one is dead, voices are told apart where there is a separator, and named by what they say; else the
        speakers are `unknown`, and a note says why. `progress` is told the share done, 0 to 1. Raises AsrError.
        """
        _require_side(agent_channel)
        report = progress or (lambda _: None)
        report(0.0)
        audio, levels = told_apart(self._decode(path, self._max_seconds))
        found = [span for span in spans(levels) if _is_voice(audio, span)]
        report(0.05)
        mono = len(audio.samples) == 1
        apart = self._separator.separate(audio, levels, found) if mono and self._separator else None
        if apart:
            audio, found, levels = apart.audio, apart.spans, levels.repeat(len(apart.audio.samples), axis=0)
        said = hear(self._recogniser, audio, found, lambda share: report(0.05 + 0.9 * share))
        heard = [one for span in found for one in _utterance(span, said[span], voiced=bool(apart) or not mono)]
        cast = self._mono_cast(heard, apart) if mono else by_channel(heard, agent_channel)
        utterances = [replace(one, speaker=cast.speakers[one.voice or 0]) for one in heard]
        report(1.0)
        return Transcript(
            engine=self.engine,
            language="zh",
            duration=round(audio.duration, 3),
            speakers=cast.source,
            utterances=tuple(utterances),
            acoustics=measure(levels, found, utterances, cast.speakers),
            speaker_confidence=cast.confidence,
            notes=cast.notes,
        )

    def _mono_cast(self, heard: Sequence[Utterance], apart: Separated | None) -> Cast:
        if apart:
            return by_voice(heard, len(apart.audio.samples))
        return Cast(("unknown",), "unknown", notes=(NOT_SEPARABLE if self._separator else NOT_INSTALLED,))


def _require_side(agent_channel: Side | None) -> None:
    if agent_channel not in (None, *SIDES):
        raise AsrError("bad_option", f"坐席声道只能是 left 或 right，得到：{agent_channel}")


def _utterance(span: Span, heard: list[Heard], *, voiced: bool) -> Iterator[Utterance]:
    """The utterance of a span, if anything was said in it; `voiced`: its channel is a voice."""
    if text := normalise("".join(piece.text for piece in heard)):
        start, end, voice = span.start / SAMPLE_RATE, span.end / SAMPLE_RATE, span.channel if voiced else None
        yield Utterance("unknown", text, round(start, 2), round(end, 2), trust(span, heard), voice)


def _is_voice(audio: Audio, span: Span) -> bool:
    """Tones, ring-back and most noise are loud but no voice: nothing that Whisper should get to guess about."""
    start, end = max(span.start - VOICE_PAD, 0), span.end + VOICE_PAD
    return is_voice(audio.cut(span.channel, start, end))
