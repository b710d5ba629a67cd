"""Decoding: every format a recorder writes, and a clear reason for every file that cannot be judged."""

import time
from pathlib import Path

import av
import numpy as np
import pytest

from asr import AsrError, probe
from asr.audio import SAMPLE_RATE, decode
from asr.vad import frame_levels
from tests.app.sounds import long_silence
from tests.asr.recordings import FORMATS, Make, as_samples, speech, tone, write, write_as


@pytest.mark.parametrize("name", FORMATS)
def test_formats(tmp_path: Path, name: str) -> None:
    original = speech()
    path = write_as(tmp_path, name, original)
    info, audio = probe(path), decode(path)
    assert info.channels == len(audio.samples) == FORMATS[name][3]
    assert audio.duration == pytest.approx(29.1, abs=0.1)
    if len(audio.samples) == 2:  # the agent stays on the left: each channel's loudness follows its original
        expected = frame_levels(decode(write(tmp_path / "original.wav", original)))
        heard = frame_levels(audio)[:, : expected.shape[1]]
        for channel in (0, 1):
            assert np.corrcoef(heard[channel], expected[channel, : heard.shape[1]])[0, 1] > 0.9


@pytest.mark.parametrize("share", [0.5, 0.9, 0.97])
@pytest.mark.parametrize("name", FORMATS)
def test_cut_files(tmp_path: Path, name: str, share: float) -> None:
    path = write_as(tmp_path, name, speech(end=12.0))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(AsrError, match=name) as caught:
        decode(path)
    # Codecs that check their frames may notice the last one first.
    assert caught.value.code in (("corrupt", "truncated") if name in ("call.amr", "call.flac") else ("truncated",))


@pytest.mark.parametrize("name", ["call.mp3", "call.m4a", "call.amr", "call.opus", "call.flac"])
def test_damaged_files(tmp_path: Path, name: str) -> None:
    path = write_as(tmp_path, name, speech(end=12.0))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 1500] = bytes(byte ^ 0x5A for byte in data[middle : middle + 1500])
    path.write_bytes(data)
    with pytest.raises(AsrError, match="音频流 0") as caught:
        decode(path)
    assert caught.value.code in ("corrupt", "truncated")


def text_file(folder: Path) -> Path:
    path = folder / "notes.wav"
    path.write_text("今天给张先生打了电话。\n" * 500, encoding="utf-8")
    return path


def empty_file(folder: Path) -> Path:
    path = folder / "empty.wav"
    path.touch()
    return path


def header_only(folder: Path) -> Path:
    path = write(folder / "header.wav", speech(end=1.0))
    data = path.read_bytes()
    start = data.index(b"data")
    path.write_bytes(data[: start + 4] + bytes(4))
    return path


def folder_instead(folder: Path) -> Path:
    path = folder / "folder.wav"
    path.mkdir()
    return path


def playlist(folder: Path) -> Path:
    secret = write(folder / "secret.wav", speech(end=1.0))
    path = folder / "list.wav"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{secret}\n#EXT-X-ENDLIST\n")
    return path


def three_channels(folder: Path) -> Path:
    path = folder / "three.wav"
    with av.open(str(path), "w", format="wav") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="2.1")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 24000), np.int16), format="s16", layout="2.1")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    return path


def two_streams(folder: Path) -> Path:
    path = folder / "two.mka"
    with av.open(str(path), "w", format="matroska") as out:
        for stream in [out.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(2)]:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4000), np.int16), format="s16", layout="mono")
            frame.sample_rate = 8000
            out.mux(stream.encode(frame))
    return path


def film_without_sound(folder: Path) -> Path:
    path = folder / "film.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return path


BAD = {
    "empty": empty_file,
    "not_audio": text_file,
    "unreadable": folder_instead,
    "not_found": lambda folder: folder / "absent.wav",
    "too_many_channels": three_channels,
    "several_streams": two_streams,
    "no_audio_stream": film_without_sound,
}


@pytest.mark.parametrize(("code", "make"), BAD.items())
def test_bad_files(tmp_path: Path, code: str, make: Make) -> None:
    path = make(tmp_path)
    for look in (probe, decode):
        with pytest.raises(AsrError, match=path.name) as caught:
            look(path)
        assert caught.value.code == code


def test_a_header_without_sound_is_empty(tmp_path: Path) -> None:
    with pytest.raises(AsrError, match="没有任何声音数据") as caught:
        decode(header_only(tmp_path))
    assert caught.value.code == "empty"


def test_a_playlist_cannot_make_us_read_other_files(tmp_path: Path) -> None:
    with pytest.raises(AsrError) as caught:
        decode(playlist(tmp_path))
    assert caught.value.code == "not_audio"


def test_a_name_that_looks_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "http:call.wav", speech(end=2.0))
    monkeypatch.chdir(tmp_path)
    assert decode("http:call.wav").duration == pytest.approx(2.0)


def test_five_hours_are_refused_at_once(tmp_path: Path) -> None:
    long_silence(tmp_path / "long.flac", hours=5)
    began = time.process_time()
    for look in (probe, decode):
        with pytest.raises(AsrError, match=r"5\.0 小时超过上限 4\.0 小时") as caught:
            look(tmp_path / "long.flac")
        assert caught.value.code == "too_long"
    assert time.process_time() - began < 1.0


def test_a_container_that_lies_about_its_length(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    long_silence(path, hours=1)
    data = bytearray(path.read_bytes())
    # STREAMINFO (RFC 9639, section 8.2): the number of samples is the last 36 of the 64 bits at byte 18.
    assert data[:4] == b"fLaC"
    data[21] &= 0xF0
    data[22:26] = (8000 * 60).to_bytes(4, "big")
    path.write_bytes(data)
    assert probe(path, max_seconds=600).duration == pytest.approx(60)
    with pytest.raises(AsrError, match="实际时长超过上限") as caught:
        decode(path, max_seconds=600)
    assert caught.value.code == "too_long"


def test_a_recording_still_open_when_copied_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "open.wav", speech(end=3.0))
    data = bytearray(path.read_bytes())
    start = data.index(b"data") + 4
    data[start : start + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert decode(path).duration == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize(
    ("name", "head", "chunk"),
    [("a.wav", b"RIFF\xff\xff\xff\x7fWAVE", b"junk\0\0\0\0"), ("a.m4a", b"\0\0\0\x08ftyp", b"\0\0\0\x08free")],
)
def test_millions_of_empty_chunks(tmp_path: Path, name: str, head: bytes, chunk: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(head + chunk * 3_000_000)
    began = time.process_time()
    with pytest.raises(AsrError, match=name):
        probe(path)
    assert time.process_time() - began < 3


def test_samples_are_placed_on_the_clock(tmp_path: Path) -> None:
    silence = np.zeros(SAMPLE_RATE)
    beep = np.concatenate([silence, tone(1.0, 440), silence])
    levels = frame_levels(decode(write(tmp_path / "beep.wav", as_samples(beep, 0 * beep))))
    loud = np.flatnonzero(levels[0] > -40)
    assert (loud[0], loud[-1]) == (pytest.approx(100, abs=2), pytest.approx(199, abs=2))
    assert levels[1].max() < -90


def test_a_recorder_may_start_its_clock_before_the_sound(tmp_path: Path) -> None:
    samples = np.ascontiguousarray(speech(end=3.0)[:, ::2].T.reshape(1, -1))
    with av.open(str(tmp_path / "late.mka"), "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="stereo")
        for first in range(0, samples.shape[1], 2 * 1024):
            frame = av.AudioFrame.from_ndarray(samples[:, first : first + 2 * 1024], format="s16", layout="stereo")
            frame.sample_rate, frame.pts = 8000, 4000 + first // 2
            out.mux(stream.encode(frame))
    assert decode(tmp_path / "late.mka").duration == pytest.approx(3.0, abs=0.001)


@pytest.mark.parametrize("name", ["x" * 300 + ".wav", "长" * 100 + ".wav", "a\0b.wav", "d/" * 3000 + "x.wav"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(AsrError, match=r"\.wav"):
        decode(tmp_path / name)


def test_a_name_as_long_as_a_name_can_be(tmp_path: Path) -> None:
    assert decode(write(tmp_path / ("长" * 83 + ".wav"), speech(end=1.0))).duration == pytest.approx(1.0)
