"""Recordings made for a test."""

import io
import wave
from pathlib import Path

import av
import numpy as np


def wav(seconds: float = 1.0, channels: int = 2, seed: int = 0) -> bytes:
    """Faint noise as a 16-bit 8 kHz WAV; another seed is another recording."""
    noise = np.random.default_rng(seed).integers(-3, 4, size=int(seconds * 8000) * channels, dtype=np.int16)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(noise.tobytes())
    return buffer.getvalue()


def long_silence(path: Path, hours: int) -> None:
    """Hours of digital silence as FLAC, which makes it small."""
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8000, layout="mono")
        for minute in range(hours * 60):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000 * 60), dtype=np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8000, minute * 8000 * 60
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
