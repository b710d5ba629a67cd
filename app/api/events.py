"""How calls come along, as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.types import Send

from app.api.access import Reader, ServiceDep
from app.api.schemas import CallProgress
from app.feed import Feed
from app.security import Principal
from app.service import Service
from app.store import progress

router = APIRouter(prefix="/v1", tags=["通话"])

#: Seconds: between two signs of life, between two looks at what changed, and until a reader has to come again, which
#: asks for its key anew.
_BEAT = 15.0
_GATHER = 0.5
_LONGEST = 900.0


#: Told last, to a reader who may be told no more.
_END = "event: end\ndata: {}\n\n"

#: Who a reader is by now, if it is still anybody.
Anew = Callable[[Session], Principal | None]


class _EventStream(StreamingResponse):
    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        # Without this, what a reader holds who went away is let go only when the generator is collected as garbage.
        async with aclosing(cast(AsyncGenerator[str, None], self.body_iterator)):
            await super().stream_response(send)


@router.get("/events", response_class=_EventStream)
async def get_events(request: Request, service: ServiceDep, _: Reader) -> StreamingResponse:
    """Calls within reach, as they change: `event: call` with id, status, progress and result.

    The first event, also after an interruption, is a `snapshot`: how many calls wait and all that are being worked on.
    A call that was worked on before and is not in it has come further meanwhile: look at it. No event is ever repeated,
    so Last-Event-ID is not needed. A reader who is slow gets the latest state of a call, not every one.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return _EventStream(_stream(request.app.state.feed, service, request.state.anew), 200, headers)


async def _stream(feed: Feed, service: Service, anew: Anew) -> AsyncGenerator[str, None]:
    end = time.monotonic() + _LONGEST
    yield "retry: 2000\n\n"
    async with feed.reading() as mailbox:
        while time.monotonic() < end and not mailbox.closed:
            changed = await mailbox.take(_BEAT)
            told = [": \n\n"] if changed == set() else await run_in_threadpool(_told, service, anew, changed)
            for event in told:
                yield event
            if told == [_END]:
                return
            # Gathered for a moment: many changes are one query.
            await asyncio.sleep(_GATHER)


def _told(service: Service, anew: Anew, changed: set[int] | None) -> list[str]:
    """Who a reader is, is asked anew: a key may have been revoked, a role or a team been taken away."""
    with service.database.transaction() as session:
        who = anew(session)
        if who is None or not who.may("read"):
            return [_END]
        if changed is not None:
            return [_event("call", call) for call in _plain(progress.of(session, who, changed))]
        waiting, working = progress.waiting(session, who), progress.working(session, who)
        return [_event("snapshot", {"queued": waiting, "calls": _plain(working)})]


def _plain(calls: Sequence[Any]) -> list[dict[str, Any]]:
    return [CallProgress.model_validate(call).model_dump(mode="json") for call in calls]


def _event(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
