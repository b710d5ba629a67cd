"""Whoever may not see a number does not hear it either."""

import gc
import io
import wave
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import insert, text
from starlette.testclient import TestClient

from app.api import audio as audio_api
from app.beeping import Beeped, secret_seconds
from app.pipeline import to_json
from app.service import Service
from app.tables import Transcript
from app.turns import Turns
from asr import sandbox
from asr.audio import SAMPLE_RATE, Audio
from asr.transcript import Transcript as Said
from asr.transcript import Utterance
from tests.app.sounds import wav
from tests.app.test_access import Auth

NUMBER = "13812345678"


def _said(*utterances: tuple[str, float, float]) -> Said:
    heard = tuple(Utterance("customer", text, start, end, 0.9, 1) for text, start, end in utterances)
    return Said("x", "zh", 9.0, "channels", heard)


@pytest.mark.parametrize(
    ("said", "stretches"),
    [
        ([("您好", 0, 1)], []),
        ([(NUMBER, 1, 2)], [(0.5, 2.5)]),
        ([("我的手机号码就是" + NUMBER, 0, 1.9)], [(0.2, 2.4)]),  # from the eighth of 19 characters on
        ([("幺三八幺二三", 1, 2), ("四五六七八", 3, 4)], [(0.5, 2.5), (2.5, 4.5)]),
        ([(NUMBER, 0, 1), ("您好", 5, 6)], [(0.0, 1.5)]),
    ],
)
def test_when_a_number_is_said(said: list[tuple[str, float, float]], stretches: list[tuple[float, float]]) -> None:
    assert secret_seconds(_said(*said)) == [pytest.approx(stretch) for stretch in stretches]


def _sound(content: bytes) -> NDArray[np.int16]:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (SAMPLE_RATE, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, file.getnchannels())


@pytest.mark.parametrize("channels", [1, 2])
def test_only_the_secret_is_covered(channels: int) -> None:
    noise = np.random.default_rng(0).integers(-9, 9, size=(5 * SAMPLE_RATE, channels), dtype=np.int16)
    beeped = Beeped(Audio("a", noise.T), ((1.0, 2.5),))
    whole = b"".join(beeped.read(0, beeped.size))
    assert len(whole) == beeped.size
    heard, secret = _sound(whole), slice(SAMPLE_RATE, int(2.5 * SAMPLE_RATE))
    assert (np.delete(heard, np.r_[secret], axis=0) == np.delete(noise, np.r_[secret], axis=0)).all()
    assert np.abs(heard[secret]).max() > 3000
    assert (heard[secret] == heard[secret][:, :1]).all()
    for start, end in ((0, 44), (10, 60), (44, 47), (63_999, 64_101), (128_044, beeped.size), (5, beeped.size - 3)):
        assert b"".join(beeped.read(start, end)) == whole[start:end]


def _listen(client: TestClient, headers: dict[str, str], call_id: int, **more: str) -> Any:
    return client.get(f"/v1/calls/{call_id}/audio", headers=headers | more)


def _call(client: TestClient, auth: Auth, service: Service) -> int:
    """A call of four seconds in which a number is said in the third."""
    call_id: int = client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a.wav", wav(4.0))}).json()["id"]
    _transcribed(service, call_id)
    return call_id


def _transcribed(service: Service, call_id: int) -> None:
    with service.database.transaction() as session:
        body = to_json(_said(("您好", 0, 1), (NUMBER, 2, 3)))
        session.execute(insert(Transcript).values(call_id=call_id, engine="x", body=body, said="", marks=[]))


def test_whoever_may_not_unmask_hears_a_tone(client: TestClient, auth: Auth, service: Service) -> None:
    sent = wav(4.0)
    call_id = client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a.wav", sent)}).json()["id"]
    assert _listen(client, auth["inspector"], call_id).content == sent
    service.settings.beep = True
    early = _listen(client, auth["inspector"], call_id)
    assert (early.status_code, early.json()["code"]) == (409, "no_transcript")
    _transcribed(service, call_id)
    assert _listen(client, auth["supervisor"], call_id).content == sent
    played = _listen(client, auth["inspector"], call_id)
    assert (played.status_code, played.headers["content-type"]) == (200, "audio/wav")
    loud = np.abs(_sound(played.content)).max(axis=1) > 1000
    seconds = np.flatnonzero(loud) / SAMPLE_RATE
    assert (seconds.min(), seconds.max()) == (pytest.approx(1.5, abs=0.01), pytest.approx(3.5, abs=0.01))
    part = _listen(client, auth["inspector"], call_id, Range="bytes=100-299")
    assert (part.status_code, part.content) == (206, played.content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(played.content)}"
    assert (
        part.headers["etag"] == played.headers["etag"] != _listen(client, auth["supervisor"], call_id).headers["etag"]
    )


def test_a_recording_that_is_gone_is_told(client: TestClient, auth: Auth, service: Service) -> None:
    service.settings.beep = True
    call_id = client.post("/v1/calls", headers=auth["dialer"], files={"audio": ("a.wav", wav())}).json()["id"]
    with service.database.transaction() as session:
        session.execute(text("UPDATE calls SET recording = repeat('0', 64)"))
    assert _listen(client, auth["inspector"], call_id).json()["code"] == "recording_missing"


def test_nothing_of_what_was_decoded_is_kept(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when it was played nor when only a part was: `tingjian purge` is another process, and tells nobody."""
    service.settings.beep = True
    call_id, decode, decoded = _call(client, auth, service), sandbox.decode, list[weakref.ref[Any]]()

    def watched(path: Path, max_seconds: float) -> Audio:
        audio = decode(path, max_seconds)
        decoded.append(weakref.ref(audio.samples))
        return audio

    monkeypatch.setattr(sandbox, "decode", watched)
    for asked in ({}, {"Range": "bytes=100-299"}):
        assert _listen(client, auth["inspector"], call_id, **asked).is_success
    gc.collect()
    assert [kept() for kept in decoded] == [None, None]


def test_no_more_are_decoded_at_once_than_there_is_room_for(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.settings.beep = True
    call_id, one = _call(client, auth, service), Turns(1, "忙", again=5)
    monkeypatch.setattr(audio_api, "_COVERING", one)
    with one:
        answer = _listen(client, auth["inspector"], call_id)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "5")
        assert _listen(client, auth["supervisor"], call_id).status_code == 200
    assert _listen(client, auth["inspector"], call_id).status_code == 200
