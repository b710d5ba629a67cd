"""What fits this machine: how many workers, with how many threads, at which precision."""

import ctypes
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Bytes of a worker beside its model: libraries, one long recording, activations. With the packaged model (145 MB) a
#: worker peaks at 445 to 515 MB on calls of a minute.
WORKER = 600 * 1024**2
#: A model needs its file's size in memory, and while it is being loaded once more.
LOADING = 2
#: What the server, the database and the system need.
RESERVED = 1024**3
#: From so many cores on, one is left to them: recording after recording would make the pages wait.
SPARE_FROM = 4
#: On a card: weights, encoder output and a batch's activations, relative to the weights; and the libraries' own.
CARD_SHARE, CARD_OWN = 1.5, 1024**3
#: Best first. float16 is the model as trained; int8_float16 halves its weights; cards before Volta know neither.
CARD_PRECISIONS = ("float16", "int8_float16", "int8_float32", "float32")


#: glibc's names for M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD (malloc.h), and what they are set to: one heap
#: for all threads, from which blocks of up to 256 MB come and to which they go back.
_HEAP = {-8: 1, -3: 256 * 1024**2, -1: 256 * 1024**2}


@dataclass(frozen=True, slots=True)
class Card:
    """One GPU."""

    precisions: frozenset[str]  #: that CTranslate2 supports on it
    memory: int | None = None  #: bytes; None when the driver does not tell


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to work with."""

    cores: int  #: this process may use
    memory: int  #: bytes
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """How to use it."""

    device: str  #: cpu or cuda
    workers: int  #: processes, each with a model of its own; on GPUs one for each card
    threads: int  #: of a worker
    precision: str  #: CTranslate2's compute type, the same on every card


def fit(machine: Machine, model: int) -> Fit:
    """Workers, threads and precision for a model of so many bytes (its float16 weights, as Whisper models come).

    On CPUs one thread for each worker: on 2 cores two processes took 21.5 s for what one took 39 s for, a second
    thread saved next to nothing. Cores that memory leaves without a worker become threads all the same.
    """
    if machine.cards:
        precision = next(one for one in CARD_PRECISIONS if all(_holds(card, one, model) for card in machine.cards))
        return Fit("cuda", len(machine.cards), 1, precision)
    cores = machine.cores - (machine.cores >= SPARE_FROM)
    room = (machine.memory - RESERVED) // (WORKER + LOADING * model)
    workers = max(1, min(cores, room))
    return Fit("cpu", workers, max(1, cores // workers), "int8")


def _holds(card: Card, precision: str, model: int) -> bool:
    """Whether the card can and has the memory; float32, which every card can, is the last resort whatever there is."""
    weights = model * {"float16": 1, "float32": 2}.get(precision, 0.5)
    roomy = card.memory is None or weights * CARD_SHARE + CARD_OWN <= card.memory
    return precision == "float32" or (precision in card.precisions and roomy)


def keep_memory() -> None:
    """Have this process keep the memory it frees, for the next window needs as much again.

    glibc gives large blocks back to the kernel at once, which then clears every page anew: 5 % of recognising's CPU
    (177 000 page faults in 14 s, with this 350), for some 70 MB more at its peak. Other C libraries are left alone.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        for option, value in _HEAP.items():
            library.mallopt(option, value)


def this_machine() -> Machine:
    """The machine this process runs on, within what its container allows."""
    return Machine(len(os.sched_getaffinity(0)), _memory(), _cards() if _has_driver() else ())


def _has_driver() -> bool:
    """Whether NVIDIA's driver is here: without it there is no card, and no need to load what could look for one."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _cards() -> tuple[Card, ...]:
    # Imported here: CTranslate2 and its libraries take a second and 100 MB.
    from asr.whisper import card_precisions

    precisions = card_precisions()
    return tuple(Card(*card) for card in zip(precisions, _card_memory(len(precisions)), strict=True))


def _memory() -> int:
    """Bytes of memory, or of the control group's limit where that is less."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.is_file() else "max"
    return min(installed, int(allowed)) if allowed.isdecimal() else installed


def _card_memory(count: int) -> list[int | None]:
    """Bytes of every card as the driver's own tool tells them."""
    command = shutil.which("nvidia-smi") if count else None
    if command is None:
        return [None] * count
    query = [command, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    told = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30).stdout.split()  # noqa: S603
    return (
        [int(size) * 1024**2 for size in told]
        if len(told) == count and all(map(str.isdecimal, told))
        else [None] * count
    )
