"""What fits a machine: workers, threads and precision, from a laptop to eight cards."""

import platform
import subprocess
import sys

import pytest

from asr.machine import Card, Fit, Machine, fit, this_machine

GB = 1024**3
BASE, TURBO, LARGE = 145_217_532, int(1.6e9), int(3.1e9)
MODERN = frozenset({"float32", "float16", "int8", "int8_float32", "int8_float16", "bfloat16"})
PASCAL = frozenset({"float32", "int8", "int8_float32"})
MAXWELL = frozenset({"float32"})


@pytest.mark.parametrize(
    ("machine", "model", "expected"),
    [
        (Machine(1, 2 * GB), BASE, Fit("cpu", 1, 1, "int8")),
        (Machine(2, 4 * GB), BASE, Fit("cpu", 2, 1, "int8")),
        (Machine(2, 1 * GB), BASE, Fit("cpu", 1, 2, "int8")),
        (Machine(4, 16 * GB), BASE, Fit("cpu", 3, 1, "int8")),
        (Machine(16, 32 * GB), BASE, Fit("cpu", 15, 1, "int8")),
        (Machine(16, 8 * GB), BASE, Fit("cpu", 8, 1, "int8")),
        (Machine(16, 16 * GB), LARGE, Fit("cpu", 2, 7, "int8")),
        (Machine(16, 32 * GB, (Card(MODERN, 24 * GB),)), LARGE, Fit("cuda", 1, 1, "float16")),
        (Machine(64, 256 * GB, (Card(MODERN, 80 * GB),) * 8), LARGE, Fit("cuda", 8, 1, "float16")),
        (Machine(8, 16 * GB, (Card(MODERN, 4 * GB),)), LARGE, Fit("cuda", 1, 1, "int8_float16")),
        (Machine(8, 16 * GB, (Card(MODERN, 4 * GB),)), TURBO, Fit("cuda", 1, 1, "float16")),
        (Machine(8, 16 * GB, (Card(MODERN, 24 * GB), Card(MODERN, 4 * GB))), LARGE, Fit("cuda", 2, 1, "int8_float16")),
        (Machine(8, 16 * GB, (Card(PASCAL, 8 * GB),)), TURBO, Fit("cuda", 1, 1, "int8_float32")),
        (Machine(8, 16 * GB, (Card(MAXWELL, 8 * GB),)), BASE, Fit("cuda", 1, 1, "float32")),
        (Machine(8, 16 * GB, (Card(MODERN),)), LARGE, Fit("cuda", 1, 1, "float16")),
    ],
)
def test_fit(machine: Machine, model: int, expected: Fit) -> None:
    assert fit(machine, model) == expected


def test_this_machine() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory > GB // 2
    assert fit(machine, BASE).workers >= 1


#: Takes and frees 40 MB ten times; prints how many pages the kernel had to clear for it after the first time.
FAULTS = """
import resource, numpy as np
from asr.machine import keep_memory
{first}
np.ones(5_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(5_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_memory_is_kept() -> None:
    faults = [
        int(subprocess.run([sys.executable, "-c", FAULTS.format(first=first)], capture_output=True, check=True).stdout)
        for first in ("", "keep_memory()")
    ]
    assert faults[1] < 0.1 * faults[0]
