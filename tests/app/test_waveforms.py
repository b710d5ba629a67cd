"""A recording's waveform, as pages draw it."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, true, update
from starlette.testclient import TestClient

from app.api import waveforms
from app.retention import purged
from app.sealing import Seal, new_key, read_keys
from app.service import Service
from app.tables import Call
from app.tables import Waveform as Row
from asr import sandbox
from asr.audio import Audio

Auth = dict[str, dict[str, str]]


def stereo() -> bytes:
    """Two seconds: the left channel at half scale in the second one, the right at full scale in the first."""
    samples = np.zeros((16_000, 2), np.int16)
    samples[8_000:, 0] = 16_384
    samples[:8_000, 1] = -32_768
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def test_it_is_drawn_once(client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"audio": ("a.wav", stereo())}
    call_id = client.post("/v1/calls", headers=auth["inspector"], files=files).json()["id"]
    answer = client.get(f"/v1/calls/{call_id}/waveform", headers=auth["inspector"])
    assert answer.status_code == 200, answer.text
    drawn = answer.json()
    assert (drawn["duration"], drawn["start"], drawn["end"]) == (2.0, 0.0, 2.0)
    left, right = drawn["peaks"]
    assert (len(left), len(right)) == (1200, 1200)
    # Away from the edges, where resampling rings.
    assert (set(left[10:590]), set(left[610:-10])) == ({0}, {50})
    assert (set(right[10:590]), set(right[610:])) == ({100}, {0})
    monkeypatch.setattr(sandbox, "decode", None)
    assert client.get(f"/v1/calls/{call_id}/waveform", headers=auth["inspector"]).json() == drawn
    part = client.get(f"/v1/calls/{call_id}/waveform?start=0.5&end=1.5", headers=auth["inspector"]).json()
    assert (part["duration"], part["start"], part["end"]) == (2.0, 0.5, 1.5)
    assert part["peaks"] == [channel[300:900] for channel in drawn["peaks"]]


def test_nothing_is_kept_of_a_call_that_goes_meanwhile(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, decode = {"audio": ("a.wav", stereo())}, sandbox.decode
    call_id = client.post("/v1/calls", headers=auth["inspector"], files=files).json()["id"]

    def decode_and_lose(path: Path, max_seconds: float) -> Audio:
        audio = decode(path, max_seconds)
        with service.database.transaction() as session:
            session.execute(update(Call).values(status="failed"))
        assert list(purged(service, "nightly", true())) == [call_id]
        return audio

    monkeypatch.setattr(sandbox, "decode", decode_and_lose)
    assert client.get(f"/v1/calls/{call_id}/waveform", headers=auth["inspector"]).status_code == 404
    with service.database.transaction() as session:
        assert session.scalars(select(Row)).all() == []


@pytest.mark.parametrize("part", ["start=-1", "end=0", "start=nan", "end=soon"])
def test_senseless_parts(client: TestClient, auth: Auth, part: str) -> None:
    assert client.get(f"/v1/calls/1/waveform?{part}", headers=auth["inspector"]).status_code == 422


def test_nobody_waits_for_another_s_decoding(client: TestClient, auth: Auth) -> None:
    files = {"audio": ("a.wav", stereo())}
    call_id = client.post("/v1/calls", headers=auth["inspector"], files=files).json()["id"]
    with waveforms._ONE:
        answer = client.get(f"/v1/calls/{call_id}/waveform", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "5")
    assert client.get(f"/v1/calls/{call_id}/waveform", headers=auth["inspector"]).status_code == 200


def test_without_the_key_it_is_neither_drawn_nor_played(
    client: TestClient, auth: Auth, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.recordings, "_seal", Seal(read_keys(new_key())))
    files = {"audio": ("a.wav", stereo())}
    call_id = client.post("/v1/calls", headers=auth["inspector"], files=files).json()["id"]
    monkeypatch.setattr(service.recordings, "_seal", None)
    answer = client.get(f"/v1/calls/{call_id}/waveform", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_sealed")
    answer = client.get(f"/v1/calls/{call_id}/audio", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (500, "recording_damaged")


def test_a_text_has_none(client: TestClient, auth: Auth) -> None:
    call_id = client.post("/v1/texts", headers=auth["inspector"], json={"utterances": [{"text": ""}]}).json()["id"]
    answer = client.get(f"/v1/calls/{call_id}/waveform", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")
