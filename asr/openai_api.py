"""Any server with OpenAI's /v1/audio/transcriptions: vLLM, speaches, FunASR or SenseVoice behind an adapter.

Protocol: https://platform.openai.com/docs/api-reference/audio/createTranscription (multipart `file`, `model`,
`language`, `response_format=verbose_json`, `timestamp_granularities[]`). Servers differ in what they send back: words
with times, segments with times, or the text alone; the finest that came is used.
"""

import io
import math
import time
import wave
from collections.abc import Iterable, Iterator, Mapping

import httpx2
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from asr.audio import SAMPLE_RATE
from asr.errors import AsrError
from asr.recogniser import Heard, Sound

#: Answers that another try may better: too many requests, and what a restarting server or its proxy says.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Answers that are about what was sent. Any other, such as 401 for a key that ran out, is about the server.
REFUSED = frozenset({400, 413, 415, 422})


class _Timed(BaseModel):
    """A word or a segment of the answer."""

    model_config = ConfigDict(allow_inf_nan=False)

    start: float
    end: float
    text: str | None = None  #: of a segment
    word: str | None = None
    avg_logprob: float | None = None


class _Answer(BaseModel):
    """What a server sends, as far as we read it."""

    text: str
    words: list[_Timed] | None = None
    segments: list[_Timed] | None = None


class OpenAiRecogniser:
    """Sends each window as a WAV and reads the text back."""

    def __init__(
        self,
        model: str,
        url: str,
        key: str | None = None,
        timeout: float = 60.0,
        tries: int = 3,
        times: bool = True,
        pause: float = 1.0,
    ) -> None:
        """Use `model` on the server at `url` (up to and including /v1).

        `timeout`: seconds for one window. A failed try is repeated up to `tries` in all, after `pause` seconds,
        doubled each time, or after what the server's Retry-After says. With `times` the server must send words or
        segments with times, and gets packed windows of 30 s; without, it gets every utterance by itself.
        """
        self.windows: tuple[float, ...] = (30.0 if times else 0.0,)
        self._times = times
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.Client(headers=headers, timeout=timeout)
        self._address = f"{url.rstrip('/')}/audio/transcriptions"
        self._model, self._tries, self._pause = model, tries, pause
        self.engine = f"openai-api/{model}/{httpx2.URL(url).host}"

    def hear(self, sounds: Iterable[Sound]) -> Iterator[list[Heard]]:
        """See `Recogniser.hear`. Confidence is the segment's mean token probability, where the server tells it."""
        for sound in sounds:
            answer = self._ask(_wav(sound))
            yield list(self._heard(answer, len(sound) / SAMPLE_RATE))

    def _ask(self, wav: bytes) -> _Answer:
        for number in range(1, self._tries + 1):
            try:
                reply = self._post(wav)
                if reply.is_success:
                    return self._read(reply.content)
                reason, wait = f"HTTP {reply.status_code}：{reply.text[:200]}", _retry_after(reply.headers)
                code = "backend_failed" if reply.status_code in REFUSED else "backend_away"
                if reply.status_code not in PASSING:
                    break
            except httpx2.TransportError as error:
                reason, wait, code = type(error).__name__, None, "backend_away"
            if number < self._tries:
                time.sleep(self._pause * 2 ** (number - 1) if wait is None else wait)
        raise AsrError(code, f"语音识别服务 {self._address} 失败（{reason}），已尝试 {number} 次")

    def _post(self, wav: bytes) -> httpx2.Response:
        form = {
            "model": self._model,
            "language": "zh",
            "response_format": "verbose_json",
            "temperature": "0",
            "timestamp_granularities[]": ["word", "segment"],
        }
        return self._client.post(self._address, data=form, files={"file": ("window.wav", wav, "audio/wav")})

    def _read(self, content: bytes) -> _Answer:
        try:
            return _Answer.model_validate_json(content)
        except ValidationError as error:
            what = error.errors()[0]
            message = f"语音识别服务 {self._address} 的回答无法解读（{what['loc']}：{what['msg']}）"
            raise AsrError("backend_failed", message) from error

    def _heard(self, answer: _Answer, seconds: float) -> Iterator[Heard]:
        if not self._times:
            yield Heard(answer.text, 0.0, seconds, _mean_sure(answer.segments or []))
        elif answer.words:
            for word in answer.words:
                yield Heard(word.word or word.text or "", word.start, word.end, _sure(word, answer.segments or []))
        elif answer.segments:
            for segment in answer.segments:
                yield from _spread(segment.text or "", segment.start, segment.end, _sure(segment, [segment]))
        elif answer.text.strip():
            message = f"语音识别服务 {self._address} 没有返回时间，无法对应到句子；请用 times=False 逐句识别"
            raise AsrError("backend_failed", message)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait, a minute at most."""
    asked = headers.get("Retry-After", "")
    return min(float(asked), 60.0) if asked.isdecimal() else None


def _spread(text: str, start: float, end: float, sure: float | None) -> Iterator[Heard]:
    """A sentence may run over several utterances of a window: its characters, evenly over its time."""
    pace = (end - start) / max(len(text), 1)
    for index, character in enumerate(text):
        yield Heard(character, start + index * pace, start + (index + 1) * pace, sure)


def _sure(piece: _Timed, segments: list[_Timed]) -> float | None:
    """Mean token probability of the segment that a piece lies in."""
    return _mean_sure([segment for segment in segments if segment.start <= piece.end <= segment.end])


def _mean_sure(segments: list[_Timed]) -> float | None:
    logs = [segment.avg_logprob for segment in segments if segment.avg_logprob is not None]
    return math.exp(min(sum(logs) / len(logs), 0.0)) if logs else None


def _wav(sound: Sound) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((sound * 32767).clip(-32768, 32767).astype(np.int16).tobytes())
    return buffer.getvalue()
