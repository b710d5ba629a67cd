"""A recording of hours is heard in the memory of a short one."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from asr.audio import SAMPLE_RATE
from tests.asr.recordings import speech, write

MINUTES = 20

PROGRAM = """
import resource, sys
from asr import sandbox
from asr.channels import told_apart
from asr.vad import spans

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

sandbox.LONG = 60.0  # so that a test of twenty minutes shows what hours do
sandbox.decode(sys.argv[2])  # what is loaded once is no sound
before = peak()
audio = sandbox.decode(sys.argv[1])
audio, levels = told_apart(audio)
heard = sum(len(audio.cut(span.channel, span.start, span.end)) for span in spans(levels))
print(len(audio.samples), audio.duration, heard / 16000, peak() - before)
"""


def test_the_sound_of_hours_is_not_kept_in_memory(tmp_path: Path) -> None:
    call = speech("threat")
    path = write(tmp_path / "long.wav", np.tile(call, MINUTES * 60 * SAMPLE_RATE // call.shape[1]))
    short = write(tmp_path / "short.wav", call)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(short)], capture_output=True, text=True, check=True
    )
    channels, duration, heard, grown = (float(word) for word in done.stdout.split())
    assert channels == 2
    assert duration > MINUTES * 60 - 60
    assert heard > 0.4 * duration
    assert grown < 40  # MB; its sound is 77
