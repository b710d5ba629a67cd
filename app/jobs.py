"""The durable steps of a call: transcribe, judge, and taking over what a dead worker left. Run by app.worker.

The call's row is the truth; a job carries only the call's id and the attempt it belongs to. A step reads, works
outside any transaction, then writes everything in one, and only if the attempt is still the current one.
"""

import errno
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import pipeline
from app.database import Database, is_outage
from app.errors import NO_ROOM, AppError, Unavailable
from app.references import References
from app.schemas import CallFacts
from app.sealing import NoKey, SealError
from app.storage import Recordings
from app.store import calls, dials, packs, queue, scorecards, tallies
from app.tables import Call, Transcript
from asr import AsrError, Progress, Transcriber
from asr.errors import HOPELESS
from rules import RuleError
from scoring import TemplateError

log = structlog.stdlib.get_logger(__name__)

#: A transcription may take this many seconds, and this many more per second of recording.
_GRACE, _PACE = 120.0, 5.0

#: A judging may take _GRACE, and this many seconds more per character.
_JUDGE_PACE = 0.001

#: Seconds to write down why, before the process is ended.
TO_NOTE = 5.0

#: Seconds between two looks at a database that is away, then every last one; and between two notes of progress.
_PAUSES = (0.5, 1, 2, 5, 10)
_NOTE_EVERY = 2.0

#: A machine out of room or a storage that is away is no call's fault; it is looked at again after this many seconds.
_PASSING = NO_ROOM | {errno.EIO, errno.ESTALE}
_PASSING_AGAIN = 60

#: Neither is a rule pack that cannot be read until somebody mends it, nor a recogniser elsewhere that is away or
#: overloaded. But one that stumbles over this very recording looks the same, and would hold up the others: it is asked
#: again after a minute more each time, an hour at most, and after so many attempts, in a week and more, it counts.
_AWAY_MOST, _AWAY_LONGEST = 200, 3600

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker works with."""

    database: Database
    recordings: Recordings
    judge: pipeline.Judge
    transcriber: Callable[[], Transcriber]  #: loads the model on first use: a worker that only judges needs none
    max_seconds: float  #: of recording, at most
    references: References  #: fetches recordings that were posted by reference

    def steadily(self, read_or_write: Callable[[Session], _T]) -> _T:
        """One transaction, tried until the database is there: what was heard must not be lost because it restarts."""
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1])):
            try:
                with self.database.transaction() as session:
                    return read_or_write(session)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("database away", reason=type(error).__name__, again_in=pause)
            time.sleep(pause)
        raise AssertionError("unreachable")


def transcribe(bench: Bench, call_id: int, attempt: int) -> None:
    """Hear the recording; store the transcript and queue the judging in one transaction."""
    call = bench.steadily(lambda session: calls.claim(session, call_id, attempt, "transcribing"))
    if call is None or call.recording is None:
        return
    began, transcriber = time.monotonic(), bench.transcriber()
    channel = CallFacts.model_validate(call.facts).agent_channel
    # Not every container says how long it is (AMR, AAC and MP3 streams): then it may be as long as is allowed.
    seconds = bench.max_seconds if call.duration is None else call.duration
    with deadline(bench, call_id, attempt, _GRACE + _PACE * seconds), bench.recordings.opened(call.recording) as path:
        transcript = transcriber.transcribe(path, agent_channel=channel, progress=_noting(bench, call_id, attempt))
    row = pipeline.transcript_row(transcript)
    counts = tallies.step("transcribe", time.monotonic() - began, transcript.duration)

    def keep(session: Session) -> None:
        call = calls.claim(session, call_id, attempt)
        # The status is part of the fence: a commit whose answer was lost is tried again.
        if call and call.status == "transcribing":
            calls.add_transcript(session, call, row, transcript.duration)
            tallies.add(session, counts)

    bench.steadily(keep)


def _noting(bench: Bench, call_id: int, attempt: int) -> Progress:
    """Keep the share done in the call's row, now and then; that it cannot be kept is no reason to stop hearing."""
    noted = time.monotonic()

    def note(share: float) -> None:
        nonlocal noted
        if time.monotonic() - noted < _NOTE_EVERY:
            return
        with suppress(SQLAlchemyError), bench.database.transaction() as session:
            calls.note_progress(session, call_id, attempt, share)
        noted = time.monotonic()

    return note


def judge(bench: Bench, call_id: int, attempt: int) -> None:
    """Judge the transcript and store findings and scorecard in one transaction."""

    def due(session: Session) -> tuple[Call | None, Transcript | None, dict[str, int]]:
        call = calls.claim(session, call_id, attempt, "judging")
        packs.follow(session, bench.judge)
        return call, calls.transcript_of(session, call_id), dials.contacts(session, call) if call else {}

    call, row, counted = bench.steadily(due)
    if call is None or row is None:
        return
    began, facts = time.monotonic(), counted | CallFacts.model_validate(call.facts).known()
    transcript = pipeline.read_transcript(row.body)
    characters = sum(len(utterance.text) for utterance in transcript.utterances)
    with deadline(bench, call_id, attempt, _GRACE + _JUDGE_PACE * characters):
        judgement = bench.judge.judge(transcript, facts, call.template)
    counts = tallies.step("judge", time.monotonic() - began) + tallies.judged(judgement.findings)

    def keep(session: Session) -> None:
        if call := calls.claim(session, call_id, attempt):
            scorecards.add(session, call, row.id, judgement)
            tallies.add(session, counts)

    bench.steadily(keep)


def run_step(step: Callable[[Bench, int, int], None], bench: Bench, call_id: int, attempt: int) -> None:
    """Run one step; what cannot get better fails the call with its reason, anything else is tried again."""
    began = time.monotonic()
    with structlog.contextvars.bound_contextvars(call_id=call_id, attempt=attempt, step=step.__name__):
        try:
            step(bench, call_id, attempt)
            log.info("step done", seconds=round(time.monotonic() - began, 3))
        except Exception as error:  # noqa: BLE001 - whatever it is, the call learns of it
            code = _hopeless(error)
            (log.info if code else log.exception)("step failed", code=code)
            bench.steadily(partial(_set_back, call_id=call_id, attempt=attempt, error=error, code=code))


def _set_back(session: Session, call_id: int, attempt: int, error: Exception, code: str | None) -> None:
    call = calls.claim(session, call_id, attempt)
    if call is None:
        return
    if code:
        calls.fail(session, call, _told(error, call), code)
    elif (delay := _passes_in(error, attempt)) is not None:
        call.error = _told(error, call)
        calls.hand_back(session, call, delay)
    else:
        calls.again(session, call, _told(error, call))


def _passes_in(error: Exception, attempt: int) -> int | None:
    """Seconds after which to look again at what is no fault of the call; None for what counts against it."""
    away = isinstance(error, RuleError) or (isinstance(error, AsrError) and error.code == "backend_away")
    if away and attempt < _AWAY_MOST:
        return min(_PASSING_AGAIN * attempt, _AWAY_LONGEST)
    passing = isinstance(error, OSError) and error.errno in _PASSING
    return _PASSING_AGAIN if passing or isinstance(error, (Unavailable, NoKey)) else None


def _hopeless(error: Exception) -> str | None:
    """The code of a failure that no other try will better; None for any other."""
    if isinstance(error, TemplateError):
        return "bad_template"
    return error.code if isinstance(error, AsrError) and error.code in HOPELESS else None


def _told(error: Exception, call: Call) -> str:
    """What went wrong, of a recording by the name it came under: it is kept, and decoded, under its SHA-256."""
    reason = _reason(error)
    return reason.replace(call.recording, call.recording_name) if call.recording and call.recording_name else reason


def _reason(error: Exception) -> str:
    """What went wrong, for people. A message that is not our own may quote the call, so it stays out."""
    if isinstance(error, (AsrError, RuleError, TemplateError, AppError, SealError)):
        return str(error)
    if isinstance(error, MemoryError):
        return "内存不足"
    if isinstance(error, OSError):
        return f"读写失败（{type(error).__name__}：{error.strerror or '原因不明'}）"
    return f"程序内部错误（{type(error).__name__}），详见日志"


def take_over(bench: Bench) -> None:
    """Queue again every unfinished call that no living job stands for, counting the attempt that was lost.

    It is not counted when the database restarted since: then that, and no fault of the call, ended its worker.
    """
    with bench.database.transaction() as session:
        for call_id, attempt, counts in queue.abandoned(session):
            call = calls.claim(session, call_id, attempt)
            if call is None:
                continue
            log.warning("taking over", call_id=call_id, attempt=attempt, counts=counts)
            if counts:
                # No delay: the death has already cost a minute.
                calls.again(session, call, call.error or "处理进程意外中断", delay=0)
            else:
                calls.hand_back(session, call)


@contextmanager
def deadline(bench: Bench, call_id: int, attempt: int, seconds: float) -> Iterator[None]:
    """End the process when the block takes longer: native code does not listen to anything less."""

    def note() -> None:
        with bench.database.transaction() as session:
            if call := calls.claim(session, call_id, attempt):
                calls.again(session, call, f"处理超过 {seconds:.0f} 秒时限")

    # Two timers: noting why must not be able to keep the process alive when the database is away.
    timers = threading.Timer(seconds, note), threading.Timer(seconds + TO_NOTE, os._exit, [1])
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
