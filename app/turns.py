"""A turn at what takes a core or much memory; whoever finds none free is told to come again."""

import threading

from app.errors import Unavailable


class Turns:
    """At most so many at a time: `with turns:` does the heavy thing, or raises Unavailable.

    Nobody waits longer than `patience`: whoever did would keep a thread from those who want something else.
    """

    def __init__(self, most: int, busy: str, *, again: int, patience: float = 0.0) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._busy = busy  #: what is said, in Simplified Chinese
        self._again = again  #: seconds after which to come again
        self._patience = patience  #: seconds

    def __enter__(self) -> None:
        if not self._free.acquire(timeout=self._patience):
            raise Unavailable(self._busy, code="busy", headers={"Retry-After": str(self._again)})

    def __exit__(self, *_: object) -> None:
        self._free.release()
