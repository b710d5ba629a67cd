"""Recordings made for a test: real speech in every format, and sound that is no speech."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE, decode

SAMPLES = Path(__file__).parents[2] / "samples"
Samples = NDArray[np.int16]

#: file name -> (container, encoder, sample rate, channels)
FORMATS = {
    "pcm.wav": ("wav", "pcm_s16le", 8000, 2),
    "pcm16k.wav": ("wav", "pcm_s16le", 16000, 2),
    "mulaw.wav": ("wav", "pcm_mulaw", 8000, 2),
    "alaw.wav": ("wav", "pcm_alaw", 8000, 2),
    "call.mp3": ("mp3", "libmp3lame", 16000, 2),
    "call.m4a": ("ipod", "aac", 16000, 2),
    "call.amr": ("amr", "libopencore_amrnb", 8000, 1),
    "call.opus": ("ogg", "libopus", 48000, 2),
    "call.webm": ("webm", "libopus", 48000, 2),
    "call.flac": ("flac", "flac", 8000, 2),
}


def speech(name: str = "threat", start: float = 0.0, end: float = 1e9) -> Samples:
    """Seconds `start` to `end` of a sample recording: 16 kHz, shape (2, samples)."""
    return decode(SAMPLES / f"{name}.wav").samples[:, int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]


def write(path: Path, samples: Samples, container: str = "wav", encoder: str = "pcm_s16le", rate: int = 8000) -> Path:
    """Encode 16 kHz samples of shape (channels, samples); a 2-to-1 mix where the format wants one channel."""
    layout = "mono" if len(samples) == 1 else "stereo"
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(encoder, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16p", layout=layout)
        frame.sample_rate, frame.pts = SAMPLE_RATE, 0
        for packet in stream.encode(frame):
            out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


def write_as(folder: Path, name: str, samples: Samples) -> Path:
    """Encode samples the way FORMATS says for `name`."""
    container, encoder, rate, channels = FORMATS[name]
    kept = samples if channels == 2 else (samples.astype(np.int32).sum(axis=0, keepdims=True) // 2).astype(np.int16)
    return write(folder / name, kept, container, encoder, rate)


def tone(seconds: float, hertz: float, level: float = 0.3) -> NDArray[np.float64]:
    """A sine between -level and level at 16 kHz."""
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def as_samples(*rows: NDArray[np.float64]) -> Samples:
    """Rows between -1 and 1 as int16 of shape (channels, samples)."""
    return (np.stack(rows).clip(-1, 1) * 32767).astype(np.int16)


Make = Callable[[Path], Path]
