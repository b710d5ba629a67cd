"""Logs say what happened, to which call, on whose request; never what was said, a key or a number."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import TypeAdapter
from sqlalchemy import text
from starlette.testclient import TestClient

import rules
from app import jobs, logs
from app.api.requests import _new_id
from app.jobs import Bench
from app.service import Service
from tests.app.test_jobs import Auth, post_text
from tests.logged import LogLines

WORDS = "再不还钱我就找人上门让你全家不得安宁"
PHONE, CARD = "13812345678", "6222021234567890128"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as a service logs it."""
    before = logging.getLogger().handlers[:]
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel(logging.WARNING)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def _pydantic() -> None:
    TypeAdapter(int).validate_python(WORDS + PHONE)


def _number() -> None:
    int(WORDS)


def _caused() -> None:
    try:
        _pydantic()
    except ValueError as error:
        raise RuntimeError(f"{CARD} {WORDS}") from error


@pytest.mark.parametrize("fault", [_pydantic, _number, _caused])
def test_an_exception_is_told_without_what_it_quotes(log: io.StringIO, fault: Callable[[], None]) -> None:
    for logger in (structlog.stdlib.get_logger("app.x"), logging.getLogger("library")):
        try:
            fault()
        except Exception:
            logger.exception("it broke")
    told = lines(log)
    assert [line["event"] for line in told] == ["it broke"] * 2
    assert all(fault.__name__ in line["exception"] and "Error: " in line["exception"] for line in told)
    for secret in (WORDS, WORDS[:4], PHONE, CARD):
        assert secret not in log.getvalue()


@pytest.mark.parametrize(
    "secret", [PHONE, CARD, "11010519491231002X", "tj_0123456789abcdefghij", "Bearer eyJhbGciOiJIUzI1NiJ9.x"]
)
def test_what_slips_in_is_masked(log: io.StringIO, secret: str) -> None:
    structlog.stdlib.get_logger("app.x").info("seen", about=f"id {secret} end")
    logging.getLogger("app.y").warning("seen %s", secret)
    assert secret not in log.getvalue()
    assert all("***" in line.get("about", line["event"]) for line in lines(log))


def test_nothing_of_a_run_is_in_its_log(
    log: io.StringIO, client: TestClient, auth: Auth, service: Service, bench: Bench, work_off: Callable[[], None]
) -> None:
    """A run with everything that may go wrong in it: refused posts, a step that fails, a fault of the service."""
    dialer, reader = auth["dialer"], auth["supervisor"]
    call_id = post_text(client, dialer, f"{WORDS}，我的电话是{PHONE}")
    client.post("/v1/texts", headers=dialer, json={"utterances": [{"text": [WORDS]}], "call": {"amount": PHONE}})
    client.get("/v1/calls", headers=reader, params={"q": WORDS, "external_id": PHONE})
    client.get(f"/v1/calls/{PHONE}{CARD}", headers={"Authorization": f"Bearer tj_{PHONE}abcdef"})

    def fails(*_: object) -> None:
        raise RuntimeError(WORDS)

    jobs.run_step(fails, bench, call_id, 1)
    with service.database.transaction() as session:
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
    work_off()
    with service.database.transaction() as session:
        session.execute(text("ALTER TABLE transcripts RENAME COLUMN body TO body_away"))
    broken = client.get(f"/v1/calls/{call_id}", headers=reader, params={"x": WORDS})
    assert (broken.status_code, broken.json()["code"]) == (500, "internal")
    assert broken.headers["x-request-id"]
    told = lines(log)
    assert {"request", "request failed", "step done", "step failed"} <= {line["event"] for line in told}
    assert any(line.get("call_id") == call_id and line.get("step") == "judge" for line in told)
    posted = next(line for line in told if line["event"] == "request" and line["route"] == "/v1/texts")
    assert (posted["call_id"], posted["status"]) == (call_id, 202)
    (fault,) = [line for line in told if line["event"] == "request failed"]
    assert fault["request_id"] == broken.headers["x-request-id"]
    keys = [header["Authorization"].removeprefix("Bearer ") for header in auth.values()]
    for secret in (WORDS, WORDS[:5], "上门", PHONE, CARD, *keys):
        assert secret not in log.getvalue()


def test_why_a_call_was_not_rescored_quotes_nothing(
    log: io.StringIO,
    client: TestClient,
    auth: Auth,
    service: Service,
    work_off: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call_id = post_text(client, auth["dialer"], WORDS)
    work_off()

    def fails(*_: object) -> None:
        raise RuntimeError(f"cannot read {WORDS}")

    monkeypatch.setattr(type(service.judge), "judge", fails)
    answer = client.post(f"/v1/calls/{call_id}/rescore", headers=auth["supervisor"])
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    (told,) = [line for line in lines(log) if line["event"] == "rescore failed"]
    assert told["reason"] == "RuntimeError: cannot read …"
    assert WORDS[:4] not in answer.text + log.getvalue()


@pytest.mark.parametrize(
    ("line", "leaks"),
    [
        ("tell 13812345678 this", True),
        ('{"call_id": 13812345678}', True),
        ("id 11010519491231002X", True),
        ("138****5678", False),
        ("sha a13812345678f", False),
        ("他说再不还钱我就找人上门", True),
        ("他说再不还钱", False),
        ("通话 5 的状态是 queued，质检完成后才能操作", False),
    ],
)
def test_the_watch_over_every_log_line_of_this_run(line: str, *, leaks: bool) -> None:
    lines = LogLines()
    lines.hear({"utterances": [{"text": WORDS}]})
    lines.write(line)
    assert bool(lines.leaks()) is leaks


def test_this_run_is_watched(log_lines: LogLines, client: TestClient, auth: Auth) -> None:
    before = len(log_lines._lines), len(log_lines._said)
    post_text(client, auth["dialer"], "这一句话以前没有人说过")
    assert len(log_lines._lines) > before[0]
    assert len(log_lines._said) > before[1]


def test_no_request_id_of_ours_is_masked_in_the_log() -> None:
    assert [made for made in (_new_id() for _ in range(300)) if rules.mask(made) != made] == []


@pytest.mark.parametrize(
    ("given", "kept"), [("dialer-42.7", True), ("", False), ("x" * 65, False), ("a b", False), ("电话", False)]
)
def test_a_request_id_is_taken_or_made(client: TestClient, given: str, kept: bool) -> None:
    answer = client.get("/healthz", headers={b"X-Request-ID": given.encode()})
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.headers["x-request-id"]
