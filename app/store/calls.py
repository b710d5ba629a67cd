"""Calls: stored once, moved through their states, looked up and listed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

import rules
from app.errors import Conflict, NotFound
from app.pipeline import read_transcript
from app.security import Principal
from app.store import queue, search, tallies
from app.store.reach import known_to, within
from app.tables import Call, Transcript

#: Failed attempts after which a call is given up.
MAX_FAILURES = 3

#: The same for one whose recording is still to be fetched: it may be written only hours later.
MAX_FETCH_FAILURES = 6

#: States in which nothing more happens by itself.
FINAL = ("scored", "failed")


@dataclass(frozen=True, slots=True)
class Posted:
    """The call a post stands for, and whether this post made it."""

    call: Call
    created: bool


def post(
    session: Session, who: Principal, values: Mapping[str, Any], transcript: Mapping[str, Any] | None = None
) -> Posted:
    """Store a call and queue its first step, unless its `external_id` is known already.

    Args:
        who: the sender.
        values: columns of the new call.
        transcript: columns of the transcript of a call that comes as text.

    Raises:
        Conflict: see `known`.
    """
    call_id = session.scalar(
        insert(Call).values(**values).on_conflict_do_nothing(index_elements=["external_id"]).returning(Call.id)
    )
    if call_id is None and (same := known(session, who, values["external_id"], values["content"])):
        return same
    call = session.get_one(Call, call_id)
    if transcript:
        _keep_transcript(session, call, transcript)
    queue.defer(session, "judge" if transcript else _to_hear(call), call)
    return Posted(call, created=True)


def known(session: Session, who: Principal, external_id: str, content: str) -> Posted | None:
    """The call that was posted under `external_id`, None if there is none.

    Raises:
        Conflict: it was posted with another content, or by a sender whose calls `who` must not know of.
    """
    found = session.execute(select(Call, known_to(who)).where(Call.external_id == external_id)).one_or_none()
    if found is None:
        return None
    call, told = found
    if not told or call.content != content:  # in the same words: whether the other's is alike is not told either
        raise Conflict(f"external_id {external_id} 已对应另一份录音或文本", code="external_id_taken")
    return Posted(call, created=False)


def get(session: Session, call_id: int, who: Principal) -> Call:
    """The call, if it is within the reach of `who`.

    Raises:
        NotFound: otherwise.
    """
    call = session.scalars(select(Call).where(Call.id == call_id, within(who))).one_or_none()
    if call is None:
        raise NotFound(f"没有编号为 {call_id} 的通话")
    return call


def lock_scored(session: Session, call: Call) -> None:
    """Lock a call whose result is there, so that nobody else changes it meanwhile.

    Raises:
        Conflict: it has no result now.
    """
    session.refresh(call, with_for_update=True)
    if call.status != "scored":
        raise Conflict(f"通话 {call.id} 的状态是 {call.status}，质检完成后才能操作", code="not_scored")


def waiting(session: Session, at_most: int) -> int:
    """How many calls are not finished, counted up to `at_most`."""
    some = select(Call.id).where(Call.status.not_in(FINAL)).limit(at_most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def claim(session: Session, call_id: int, attempt: int, status: str | None = None) -> Call | None:
    """Lock the call for writing if `attempt` is still its current one and it is unfinished; None tells a job to stop.

    This is the fence: a worker that was paused, given up and wakes again finds another attempt here.
    """
    current = select(Call).where(Call.id == call_id, Call.attempt == attempt, Call.status.not_in(FINAL))
    call = session.scalars(current.with_for_update()).one_or_none()
    if call and status:
        call.status = status
    return call


def transcript_of(session: Session, call_id: int) -> Transcript | None:
    """The call's newest transcript."""
    newest = select(Transcript).where(Transcript.call_id == call_id).order_by(Transcript.id.desc()).limit(1)
    return session.scalars(newest).one_or_none()


def add_transcript(session: Session, call: Call, transcript: Mapping[str, Any], duration: float | None) -> None:
    """Keep what was heard and queue the judging."""
    _keep_transcript(session, call, transcript)
    call.status, call.duration, call.progress = "judging", duration, None
    queue.defer(session, "judge", call)


def _keep_transcript(session: Session, call: Call, transcript: Mapping[str, Any]) -> None:
    # What is masked is not to be found either: a few searches would tell it, digit by digit.
    shown = rules.mask_transcript(read_transcript(transcript["body"]))
    said = search.searchable(utterance.text for utterance in shown.utterances)
    session.add(Transcript(call_id=call.id, said=said, marks=search.marks(call), **transcript))


def fail(session: Session, call: Call, reason: str, code: str) -> None:
    """Give the call up: a person has to look, so it is flagged."""
    tallies.add(session, tallies.Counts({("finished", "failed"): 1}))
    call.status, call.progress = "failed", None
    call.flagged, call.error, call.error_code = True, reason, code


def again(session: Session, call: Call, reason: str, delay: int | None = None) -> None:
    """Count a failed attempt and queue the step that is due once more; give up after the most there may be.

    Args:
        delay: seconds until it is due; None: longer each time.
    """
    call.failures += 1
    call.error = reason
    if call.failures >= (MAX_FETCH_FAILURES if _due(session, call) == "fetch" else MAX_FAILURES):
        fail(session, call, f"{call.failures} 次处理均失败：{reason}", "gave_up")
    else:
        _requeue(session, call, 10 * 6 ** (call.failures - 1) if delay is None else delay)


def hand_back(session: Session, call: Call, delay: int = 0) -> None:
    """Queue the step that is due once more, under the next attempt and counting nothing against the call."""
    _requeue(session, call, delay)


def note_progress(session: Session, call_id: int, attempt: int, share: float) -> None:
    """Keep the share of the recording that is transcribed, 0 to 1, if `attempt` is still the current one."""
    current = update(Call).where(Call.id == call_id, Call.attempt == attempt, Call.status == "transcribing")
    session.execute(current.values(progress=share))


def retry(session: Session, call: Call) -> None:
    """Start a failed call afresh, on somebody's request.

    Raises:
        Conflict: the call did not fail.
    """
    # Locked, so that of two requests at once the second one finds it queued.
    session.refresh(call, with_for_update=True)
    if call.status != "failed":
        raise Conflict(f"通话 {call.id} 的状态是 {call.status}，只有 failed 可以重试", code="not_failed")
    call.failures, call.error, call.error_code, call.flagged = 0, None, None, None
    _requeue(session, call)


def correct(session: Session, call: Call, transcript: Mapping[str, Any]) -> None:
    """Put a corrected transcript beside the one the call was judged by, and queue the judging of it.

    Raises:
        Conflict: the call is not judged yet.
    """
    lock_scored(session, call)
    _keep_transcript(session, call, transcript)
    call.failures = 0
    _requeue(session, call)


def _requeue(session: Session, call: Call, delay: int = 0) -> None:
    call.status, call.progress = "queued", None
    call.attempt += 1
    queue.defer(session, _due(session, call), call, delay)


def _due(session: Session, call: Call) -> queue.Step:
    return "judge" if transcript_of(session, call.id) else _to_hear(call)


def _to_hear(call: Call) -> queue.Step:
    return "transcribe" if call.recording else "fetch"
