"""Calls: post, list, look at, retry."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from structlog.contextvars import bind_contextvars

from app import intake, pipeline
from app.api.access import (
    Assigner,
    CallId,
    Holder,
    Poster,
    Reader,
    Retrier,
    Reviewer,
    ServiceDep,
    SessionDep,
    Watcher,
    about,
)
from app.api.schemas import CallDetail, CallOut, CallPage, CallState, ScorecardOut, detail, listed, scorecard, state
from app.api.uploads import BODY, posted_call
from app.errors import Conflict, NotFound, Unprocessable
from app.masking import masked, shown
from app.schemas import Label
from app.service import Service
from app.store import calls, lists, reviews, scorecards, users
from app.tables import Call, Transcript
from asr import AsrError
from asr.roles import swap_speakers

router = APIRouter(prefix="/v1/calls", tags=["通话"])

Unmask = Annotated[bool, Query(description="显示未脱敏的内容；需要权限，并记入审计日志")]


@router.post("", status_code=202, openapi_extra={"requestBody": BODY})
async def post_call(request: Request, response: Response, who: Poster, service: ServiceDep) -> CallState:
    """Store a recording and queue its inspection: 202 when new, 200 with the same call when `external_id` is known."""
    await run_in_threadpool(intake.check_disk, service)
    async with posted_call(request, service) as sent:
        posted = await run_in_threadpool(intake.take_call, service, who, sent)
    bind_contextvars(call_id=posted.call.id)  # for the request's line in the log
    about(request, posted.call.id)
    response.status_code = 202 if posted.created else 200
    return state(posted.call, who)


@router.get("")
def list_calls(
    service: ServiceDep, session: SessionDep, who: Reader, query: Annotated[lists.Query, Query()]
) -> CallPage:
    """Calls that pass every filter given, a page at a time."""
    found, more = lists.page(session, query, who)
    if not found:
        check_rule(service, session, query)
    hits = lists.hits(session, query, found)
    return CallPage(calls=[listed(call, hits.get(call.id), masked) for call in found], next=more)


def check_rule(service: Service, session: Session, query: lists.Query) -> None:
    """See that no list is empty because a rule's id is misspelt: old calls keep ids that packs have no more.

    Raises:
        Unprocessable: neither any call nor any pack knows the rule.
    """
    rule = query.rule
    if rule and not lists.ever_failed(session, rule) and not service.judge.book.has_rule(rule):
        raise Unprocessable(f"rule: 没有编号为“{rule}”的规则", code="unknown_rule")


@router.get("/{call_id}")
def get_call(call_id: CallId, session: SessionDep, who: Watcher, unmask: Unmask = False) -> CallDetail | CallState:
    """Everything about a call, or its state alone for a role that only follows its own calls."""
    call = calls.get(session, call_id, who)
    if not who.may("read"):
        return state(call, who)
    return _detail(session, call, shown(who, unmask=unmask))


def _detail(session: Session, call: Call, show: Callable[[Any], Any]) -> CallDetail:
    transcript, newest = calls.transcript_of(session, call.id), scorecards.newest(session, call.id)
    given = reviews.of_call(session, call.id)
    corrected = scorecards.corrected(session, newest)[1] if newest and call.reviewed_at else None
    return detail(call, transcript, newest, given, corrected, show)


@router.get("/{call_id}/transcript")
def get_transcript(call_id: CallId, session: SessionDep, who: Reader, unmask: Unmask = False) -> dict[str, Any]:
    """What was said."""
    show = shown(who, unmask=unmask)
    calls.get(session, call_id, who)
    body: dict[str, Any] = show(_transcript(session, call_id).body)
    return body


@router.get("/{call_id}/scorecards")
def get_scorecards(call_id: CallId, session: SessionDep, who: Reader, unmask: Unmask = False) -> list[ScorecardOut]:
    """Every scorecard the call was ever given, newest first."""
    show = shown(who, unmask=unmask)
    calls.get(session, call_id, who)
    transcript = calls.transcript_of(session, call_id)
    return [scorecard(card, transcript, show) for card in scorecards.every(session, call_id)]


@router.post("/{call_id}/retry", status_code=202)
def retry_call(call_id: CallId, session: SessionDep, who: Retrier) -> CallState:
    """Start a failed call afresh."""
    call = calls.get(session, call_id, who)
    calls.retry(session, call)
    session.flush()
    return state(call, who)


@router.post("/{call_id}/swap-speakers", status_code=202)
def swap_call_speakers(call_id: CallId, session: SessionDep, who: Reviewer) -> CallState:
    """Exchange agent and customer, and judge the call again; where they are unknown, the likelier one is the agent."""
    call = calls.get(session, call_id, who)
    if call.channel != "call":
        raise Conflict("短信和外访记录的说话人由来源给定，不能对调", code="written")
    heard = _transcript(session, call_id)
    try:
        swapped = swap_speakers(pipeline.read_transcript(heard.body))
    except AsrError as error:
        raise Conflict(str(error), code=error.code) from error
    calls.correct(session, call, pipeline.transcript_row(swapped))
    session.flush()
    return state(call, who)


def _transcript(session: Session, call_id: int) -> Transcript:
    transcript = calls.transcript_of(session, call_id)
    if transcript is None:
        raise NotFound(f"通话 {call_id} 还没有转写", code="no_transcript")
    return transcript


class Hold(BaseModel):
    """Why a call must not be deleted; null: it may be, once it is old enough."""

    reason: Label | None


@router.put("/{call_id}/hold")
def hold_call(call_id: CallId, hold: Hold, session: SessionDep, who: Holder) -> CallState:
    """Keep a call for as long as a dispute or an inquiry needs it."""
    call = calls.get(session, call_id, who)
    call.hold = hold.reason
    session.flush()
    return state(call, who)


class Assignee(BaseModel):
    """Who is to look at a call; null: nobody in particular."""

    user: Label | None


@router.put("/{call_id}/assignee")
def assign_call(call_id: CallId, assignee: Assignee, session: SessionDep, who: Assigner) -> CallOut:
    """Give a call to an inspector."""
    call = calls.get(session, call_id, who)
    if assignee.user:
        users.assign(call, users.named(session, assignee.user), who)
    else:
        call.assigned_to = None
    session.flush()
    return listed(call, None, masked)
