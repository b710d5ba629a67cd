"""Judging history again by a pack that was published: one chain for each pack, until there is nothing left to do."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from app import renewal
from app.jobs import Bench
from app.security import Principal
from app.service import Service
from app.store import packs, queue, users
from app.store.queue import Renewal
from rules.pack import BUILT_IN
from tests.app.test_jobs import post_text, upkeep
from tests.packs import RULE

Auth = dict[str, dict[str, str]]

PACK = "collection-standard"
SINCE = "2020-01-01T00:00:00+08:00"


def taken(service: Service) -> list[Renewal]:
    """What waits to be judged again; it no longer does."""
    statement = "DELETE FROM procrastinate_jobs WHERE task_name = 'rescore' AND status = 'todo' RETURNING args"
    with service.database.transaction() as session:
        return [Renewal(**args) for args in session.scalars(text(statement))]


def publish(service: Service) -> None:
    with service.database.transaction() as session:
        user = users.named(session, "supervisor")
        who = Principal(user.id, user.name, "supervisor")
        kept = packs.save(session, PACK, (BUILT_IN / f"{PACK}.yaml").read_text("utf-8") + RULE, None, who, None)
        packs.publish(session, kept, "renewed", who)


def execute(service: Service, statement: str) -> Any:
    with service.database.transaction() as session:
        return session.execute(text(statement))


def test_passes_go_on_until_one_finds_nothing(
    client: TestClient, auth: Auth, service: Service, bench: Bench, work_off: Callable[[], None]
) -> None:
    call_id = post_text(client, auth["dialer"])
    work_off()
    publish(service)
    seen, pending = [], [Renewal(PACK, SINCE)]
    while pending:
        (now,) = pending
        seen.append((now.after, now.again))
        renewal.go_on(bench, now)
        pending = taken(service)
        if len(seen) == 1:  # a worker that had it in hand all the while keeps what the version before says
            execute(service, "UPDATE scorecards SET packs = '{}'")
    assert seen == [(0, True), (call_id, True), (0, False), (call_id, True), (0, False)]
    assert execute(service, "SELECT count(*) FROM scorecards").scalar() == 3


def test_two_publishings_are_one_chain(service: Service) -> None:
    older, newer = "2026-09-01T00:00:00+08:00", "2026-10-01T00:00:00+08:00"
    for one in (Renewal(PACK, newer, after=70, again=False), Renewal(PACK, older), Renewal("other", newer)):
        with service.database.transaction() as session:
            queue.defer_renewal(session, one)
            assert session.scalar(text("SELECT 1")) == 1  # what it is part of goes on
    assert taken(service) == [Renewal(PACK, older), Renewal("other", newer)]


def test_a_worker_that_dies_leaves_its_piece_to_another(service: Service, bench: Bench) -> None:
    with service.database.transaction() as session:
        queue.defer_renewal(session, Renewal(PACK, SINCE, after=7))
    execute(service, "UPDATE procrastinate_jobs SET status = 'doing'")
    with service.database.transaction() as session:
        queue.defer_renewal(session, Renewal(PACK, SINCE, after=100))  # published again meanwhile
    asyncio.run(upkeep(bench))
    assert taken(service) == [Renewal(PACK, SINCE, after=7)]
    assert execute(service, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'").scalar() == 0


@pytest.mark.parametrize(("failures", "then"), [(0, [1]), (99, [100]), (100, [])])
def test_a_piece_that_fails_is_tried_again(
    service: Service, bench: Bench, monkeypatch: pytest.MonkeyPatch, failures: int, then: list[int]
) -> None:
    def broken(*_: object) -> None:
        raise TypeError("secret")

    monkeypatch.setattr(renewal, "_piece", broken)
    renewal.go_on(bench, Renewal(PACK, SINCE, after=7, failures=failures))
    assert taken(service) == [Renewal(PACK, SINCE, after=7, failures=number) for number in then]


def test_what_cannot_be_judged_again_is_told(
    client: TestClient, auth: Auth, service: Service, bench: Bench, work_off: Callable[[], None]
) -> None:
    call_id = post_text(client, auth["dialer"])
    work_off()
    execute(service, "UPDATE scorecards SET packs = '{}'")
    execute(service, "UPDATE transcripts SET body = '{}'")
    with capture_logs() as told:
        renewal.go_on(bench, Renewal(PACK, SINCE, again=False))
    assert [(line["event"], line["call_id"]) for line in told] == [("rescore failed", call_id)]
    assert taken(service) == [Renewal(PACK, SINCE, after=call_id, again=False)]  # nothing was judged: no further pass
