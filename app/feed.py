"""Which calls have just changed, told by PostgreSQL to every process that asks: one listening connection for each.

The trigger of migration 0004 notifies `tingjian_calls` with the call's id in the transaction that changes its status or
progress. LISTEN needs a connection of its own: a pooler in front of the database must be in session mode.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import structlog

log = structlog.stdlib.get_logger(__name__)

#: Changed calls that a reader may be behind; one who is further behind is told to start afresh.
_MOST = 1000
_PAUSE = 2.0


class Mailbox:
    """What one reader has not been told yet. Holds each call once, however often it changed, so it stays small."""

    def __init__(self) -> None:
        self._changed: set[int] = set()
        self._afresh = False
        self._something = asyncio.Event()
        self.closed = False

    def put(self, call_id: int) -> None:
        """Note that a call changed."""
        self._changed.add(call_id)
        if len(self._changed) > _MOST:
            self.start_afresh()
        self._something.set()

    def start_afresh(self) -> None:
        """Note that changes may have been missed."""
        self._changed.clear()
        self._afresh = True
        self._something.set()

    def close(self) -> None:
        """Note that nothing more will come."""
        self.closed = True
        self._something.set()

    async def take(self, seconds: float) -> set[int] | None:
        """The calls that changed, as soon as there are some and at the latest after `seconds`; None: start afresh."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return set()
        changed, afresh = self._changed, self._afresh
        self._changed, self._afresh = set(), False
        if not self.closed:
            self._something.clear()
        return None if afresh else changed


class Feed:
    """Listens to one database while somebody reads. For one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._mailboxes: set[Mailbox] = set()
        self._listening: asyncio.Task[None] | None = None
        self._connected = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Mailbox]:
        """A mailbox that is filled while the block runs; the first thing in it is to start afresh."""
        mailbox = Mailbox()
        self._mailboxes.add(mailbox)
        if self._connected:
            mailbox.start_afresh()
        if self._listening is None:
            self._loop = asyncio.get_running_loop()
            self._listening = self._loop.create_task(self._listen(), name="feed")
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)
            if not self._mailboxes:
                self._listening.cancel()
                self._listening, self._connected = None, False

    def close(self) -> None:
        """End all readers; to be called from another thread when the process stops."""
        if self._loop is not None:
            for mailbox in list(self._mailboxes):
                self._loop.call_soon_threadsafe(mailbox.close)

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute("LISTEN tingjian_calls")
                    self._connected = True
                    # Only now: what changes from here on is heard, what was before is in the fresh start.
                    for mailbox in self._mailboxes:
                        mailbox.start_afresh()
                    async for notice in connection.notifies():
                        for mailbox in self._mailboxes:
                            mailbox.put(int(notice.payload))
            except (psycopg.Error, ValueError) as error:  # ValueError: somebody else's notice, of no call
                log.warning("feed interrupted", reason=type(error).__name__)
            self._connected = False
            await asyncio.sleep(_PAUSE)
