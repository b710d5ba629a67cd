"""Whether the service lives, and whether it can serve."""

import asyncio
import time
from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from app.errors import AppError
from app.intake import check_room
from app.service import Service
from app.store import packs, tallies

router = APIRouter(tags=["运行"])

#: Seconds that a step may be due before somebody should have taken it: a worker's start with its model.
_PATIENT = 60

#: Seconds after which a worker that had just put a job down has taken the next: between two it looks idle.
_BETWEEN = 0.5

#: Seconds for which what was found is told again: however many ask, the database is asked no more often.
_FRESH = 1.0


class Readiness:
    """What was found when somebody last looked. All who ask meanwhile wait for one look, and take no thread for it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._looking = asyncio.Lock()
        self._found: Mapping[str, str] = {}
        self._until = 0.0

    async def checks(self) -> Mapping[str, str]:
        """Each check's name and `ok`, or what is not."""
        async with self._looking:
            if time.monotonic() >= self._until:
                self._found = await run_in_threadpool(_look, self._service)
                self._until = time.monotonic() + _FRESH
            return self._found


@router.get("/healthz")
async def live() -> dict[str, str]:
    """The process answers, on the event loop: threads that are all busy do not make it look dead."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """Whether calls can be taken in and are worked on: 200, or 503 and what is not as it should be."""
    readiness: Readiness = request.app.state.readiness
    results = dict(await readiness.checks())
    fine = all(result == "ok" for result in results.values())
    return JSONResponse({"status": "ok" if fine else "unavailable", "checks": results}, 200 if fine else 503)


def _look(service: Service) -> dict[str, str]:
    checks = {"database": _database, "recordings": _recordings, "room": _room, "queues": _queues, "rules": _rules}
    return {name: _run(check, service) for name, check in checks.items()}


def _run(check: Callable[[Service], str], service: Service) -> str:
    try:
        return check(service)
    except AppError as error:
        return error.code
    except (SQLAlchemyError, OSError) as error:
        return type(error).__name__


def _database(service: Service) -> str:
    return "ok" if service.database.is_current() else "schema is not current"


def _recordings(service: Service) -> str:
    service.recordings.blobs.check()
    return "ok"


def _room(service: Service) -> str:
    check_room(service)
    return "ok"


def _queues(service: Service) -> str:
    """What is due is taken: late is a full queue's right, but somebody has to be coming to it."""
    left = _unattended(service)
    if left:
        time.sleep(_BETWEEN)
        left &= _unattended(service)
    return f"nobody takes {', '.join(sorted(queue for queue, _ in left))}" if left else "ok"


def _unattended(service: Service) -> set[tuple[str, int]]:
    with service.database.transaction() as session:
        return tallies.unattended(session, _PATIENT)


def _rules(service: Service) -> str:
    """What was published can still be judged by; calls wait for it otherwise. Why not, the page of rules says."""
    with service.database.transaction() as session:
        unusable = packs.follow(session, service.judge).book.unusable
    return f"cannot judge by {', '.join(unusable)}" if unusable else "ok"
