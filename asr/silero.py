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
#: 嗯嗯嗯).
SHARE = 0.2
#: Or so many of LOOK steps anywhere, 0.2 of 0.7 s: a short answer is heard together with a noise before it. A street
#: with horns has 5.
DENSE, LOOK = 6, 22
#: Samples. A voice shows at once: only what does not in so many is looked at whole.
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
    """Whether there is a voice in 16 kHz sound."""
    looks = [sound[:FIRST], sound] if len(sound) > FIRST else [sound]
    return any(_speaks(voice_probabilities(look) >= VOICE) for look in looks)


def _speaks(voiced: NDArray[np.bool_]) -> bool:
    return bool(voiced.mean() >= SHARE or np.convolve(voiced, np.ones(LOOK)).max() >= DENSE)
