"""Is this stretch of sound a voice? Silero VAD, as faster-whisper ships it, asked only about what energy found."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Samples per probability.
STEP = 512
#: Silero must be this sure somewhere in a sound.
VOICE = 0.5
#: Share of a sound's steps that must be voice. Of 201 utterances of development calls with 0.25 s around them, one of
#: 0.19 s has 0.23 and all others 0.36 and more; noise that a damaged file makes jump has up to 0.15 (Whisper wrote
#: 嗯嗯嗯), a street with horns 0.12.
SHARE = 0.2
#: A voice shows at once: only what does not in so many samples is looked at whole.
FIRST = 16_000


@functools.cache
def _model() -> Any:
    from faster_whisper.vad import get_vad_model

    return get_vad_model()


def voice_probabilities(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of a voice in every STEP samples of 16 kHz sound (the last step padded with silence)."""
    padded = np.pad(sound, (0, -len(sound) % STEP))
    probabilities: NDArray[np.float32] = np.asarray(_model()(padded), np.float32).reshape(-1)
    return probabilities


def is_voice(sound: NDArray[np.float32]) -> bool:
    """Whether 16 kHz sound is a voice, from its beginning or on the whole."""
    looks = [sound[:FIRST], sound] if len(sound) > FIRST else [sound]
    return any(np.mean(voice_probabilities(look) >= VOICE) >= SHARE for look in looks)
