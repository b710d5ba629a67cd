"""Damaged recordings through the whole transcriber: none may crash it, hang it, or become text where nobody spoke.

    uv run python -m tests.benchmarks.fuzz [--count 520] [--seed 0] [--speech]

Noise in every format, damaged in every way of `tests/asr/damage.py`, one after the other; with `--speech` a sample
recording instead, of which text may come. Prints what came of them, and the seed and format of every failure; exits
with 1 when there is one. 520 files: 196 were heard as sound without words, 324 refused by name, none failed.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

import asr
from asr.audio import SAMPLE_RATE
from tests.asr.damage import damaged
from tests.asr.recordings import FORMATS, as_samples, speech, write_as

#: Seconds that a damaged file of two seconds of sound may take.
PATIENCE = 30.0


def outcome(transcriber: asr.Transcriber, path: Path, may_speak: bool) -> str:
    """`sound`, `text`, an error's code, or what must not happen, in capitals."""
    began = time.monotonic()
    try:
        found = "text" if transcriber.transcribe(path).utterances else "sound"
    except asr.AsrError as error:
        found = error.code if path.name in str(error) else f"UNNAMED {error}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return f"CRASH {type(error).__name__}: {error}"
    if time.monotonic() - began > PATIENCE:
        return f"HANG {time.monotonic() - began:.0f} s"
    return "TEXT FROM NOISE" if found == "text" and not may_speak else found


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=520)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speech", action="store_true")
    options = parser.parse_args()
    noise = as_samples(*np.random.default_rng(7).normal(0, 0.05, (2, 2 * SAMPLE_RATE)))
    samples = speech(start=4.0, end=6.0) if options.speech else noise
    transcriber, outcomes = asr.load_transcriber(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        whole = {name: write_as(Path(folder), name, samples).read_bytes() for name in FORMATS}
        for seed, name in zip(
            range(options.seed, options.seed + options.count), itertools.cycle(FORMATS), strict=False
        ):
            path = Path(folder) / f"damaged-{name}"
            path.write_bytes(damaged(whole[name], seed // len(FORMATS)))
            found = outcome(transcriber, path, options.speech)
            outcomes[found] += 1
            if not found.islower():
                print(f"{name}, seed {seed}: {found}")
    print(f"{options.count} files: {dict(outcomes.most_common())}")
    return int(any(not found.islower() for found in outcomes))


if __name__ == "__main__":
    sys.exit(main())
