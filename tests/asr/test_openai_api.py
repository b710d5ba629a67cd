"""The OpenAI-compatible backend against a real server on this machine: the same Transcript, and clear failures."""

import io
import json
import math
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import asr
from asr import AsrError
from asr.openai_api import OpenAiRecogniser
from tests.asr.recordings import SAMPLES, speech

Reply = tuple[int, dict[str, str], bytes]


class Server(ThreadingHTTPServer):
    """Answers posts with `replies` in turn, the last one for ever, and keeps what was posted."""

    replies: list[Callable[[dict[str, bytes]], Reply]]
    posted: list[dict[str, bytes]]
    keys: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\n\n" + body
        )
        fields: dict[str, bytes] = {}
        for part in message.iter_parts():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            fields[str(part.get_param("name", header="content-disposition"))] = content
        self.server.posted.append(fields)
        self.server.keys.append(self.headers["Authorization"])
        reply = self.server.replies.pop(0) if len(self.server.replies) > 1 else self.server.replies[0]
        status, headers, answer = reply(fields)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(answer))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def serving(*replies: Callable[[dict[str, bytes]], Reply]) -> Iterator[tuple[Server, str]]:
    server = Server(("127.0.0.1", 0), Handler)
    server.replies, server.posted, server.keys = list(replies), [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(**answer: Any) -> Callable[[dict[str, bytes]], Reply]:
    return lambda _: (200, {"Content-Type": "application/json"}, json.dumps(answer).encode())


def fails(status: int, **headers: str) -> Callable[[dict[str, bytes]], Reply]:
    return lambda _: (status, headers, b"no")


@pytest.mark.parametrize(
    ("answer", "confidence"),
    [
        ({"text": "", "segments": [{"start": 0.5, "end": 2.0, "text": "我要投訴你們", "avg_logprob": -0.1}]}, 0.905),
        ({"text": "", "segments": [{"start": 0.5, "end": 2.0, "text": "我要投訴你們", "avg_logprob": 1e4}]}, 1.0),
        ({"text": "", "words": [{"word": w, "start": 0.5, "end": 1.0} for w in ("我要", "投訴", "你們")]}, None),
    ],
)
def test_what_servers_send_becomes_an_utterance(answer: dict[str, Any], confidence: float | None) -> None:
    with serving(says(**answer)) as (server, url):
        transcript = asr.load_transcriber("openai", model="paraformer", url=url, key="k").transcribe(
            SAMPLES / "threat.wav"
        )
    assert transcript.engine == "openai-api/paraformer/127.0.0.1"
    assert transcript.speakers == "channels"
    assert "我要投诉你们" in {u.text for u in transcript.utterances}
    # The words are the same for every stretch; one too short for them gets no confidence at all.
    assert {u.confidence for u in transcript.utterances} - {0.0} == {confidence}
    assert {u.speaker for u in transcript.utterances} == {"agent", "customer"}
    assert set(server.keys) == {"Bearer k"}


def test_what_is_posted_is_the_sound_of_a_window() -> None:
    with serving(says(text="好")) as (server, url):
        list(OpenAiRecogniser("m", url, times=False).hear([speech(end=3.0)[0].astype("float32") / 32768]))
    fields = server.posted[0]
    assert (fields["model"], fields["language"], fields["response_format"]) == (b"m", b"zh", b"verbose_json")
    with wave.open(io.BytesIO(fields["file"])) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16000, 1, 48000)
    assert server.keys == [None]


def test_a_server_without_times_hears_every_utterance_alone() -> None:
    with serving(says(text="我要投訴你們")) as (server, url):
        alone = asr.load_transcriber("openai", model="m", url=url, times=False).transcribe(SAMPLES / "threat.wav")
        assert {u.text for u in alone.utterances} == {"我要投诉你们"}
        # Seven utterances, and again those so long that six characters cannot be all.
        assert len(alone.utterances) == 7 < len(server.posted) < 14
        with pytest.raises(AsrError, match="没有返回时间"):
            asr.load_transcriber("openai", model="m", url=url).transcribe(SAMPLES / "threat.wav")


@pytest.mark.parametrize("passing", [fails(503), fails(429, **{"Retry-After": "0"}), fails(502)])
def test_a_passing_failure_is_tried_again(passing: Callable[[dict[str, bytes]], Reply]) -> None:
    with serving(passing, passing, says(text="好的")) as (server, url):
        (heard,) = OpenAiRecogniser("m", url, times=False, pause=0.01).hear([speech(end=1.0)[0].astype("float32")])
    assert "".join(piece.text for piece in heard) == "好的"
    assert len(server.posted) == 3


@pytest.mark.parametrize(
    ("reply", "tries", "reason", "code"),
    [
        (fails(400), 1, "HTTP 400", "backend_failed"),
        (fails(413), 1, "HTTP 413", "backend_failed"),
        (fails(401), 1, "HTTP 401", "backend_away"),
        (fails(404), 1, "HTTP 404", "backend_away"),
        (fails(503), 3, "HTTP 503", "backend_away"),
        (lambda _: (200, {}, b"<html>login</html>"), 1, "无法解读", "backend_failed"),
        (says(words=[]), 1, "无法解读", "backend_failed"),
        (says(text="好", words=[{"word": "好", "start": 0.0, "end": math.nan}]), 1, "无法解读", "backend_failed"),
    ],
)
def test_a_lasting_failure_is_told(
    reply: Callable[[dict[str, bytes]], Reply], tries: int, reason: str, code: str
) -> None:
    with serving(reply) as (server, url):
        with pytest.raises(AsrError, match=reason) as caught:
            list(OpenAiRecogniser("m", url, pause=0.01).hear([speech(end=1.0)[0].astype("float32")]))
        assert url in str(caught.value)
    assert caught.value.code == code
    assert len(server.posted) == tries


def test_a_server_that_does_not_answer() -> None:
    waiting = threading.Event()

    def hang(_: dict[str, bytes]) -> Reply:
        waiting.wait(10)
        return 200, {}, b"{}"

    with serving(hang) as (_, url):
        with pytest.raises(AsrError, match="ReadTimeout") as caught:
            list(
                OpenAiRecogniser("m", url, timeout=0.2, tries=2, pause=0.01).hear(
                    [speech(end=1.0)[0].astype("float32")]
                )
            )
        waiting.set()
    assert caught.value.code == "backend_away"


def test_nobody_there() -> None:
    with serving(says(text="")) as (_, url):
        pass
    with pytest.raises(AsrError, match="ConnectError") as caught:
        list(OpenAiRecogniser("m", url, tries=1).hear([speech(end=1.0)[0].astype("float32")]))
    assert caught.value.code == "backend_away"


def test_an_address_is_needed() -> None:
    with pytest.raises(AsrError) as caught:
        asr.load_transcriber("openai", model="m")
    assert caught.value.code == "bad_option"
