"""Calls: post, list, look at, retry."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from app import intake
from app.api.access import CallId, Poster, Reader, Retrier, ServiceDep, SessionDep, Watcher
from app.api.schemas import CallDetail, CallOut, CallPage, CallState, ScorecardOut, detail
from app.api.uploads import audio_of, facts_of, upload_form
from app.errors import NotFound
from app.store import calls, lists

router = APIRouter(prefix="/v1/calls", tags=["通话"])

_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["audio"],
                "properties": {
                    "audio": {"type": "string", "format": "binary", "description": "wav mp3 m4a amr opus flac"},
                    "metadata": {"type": "string", "description": "JSON 对象：external_id, agent_id, started_at, …"},
                },
            }
        }
    },
}


@router.post("", status_code=202, openapi_extra={"requestBody": _FORM})
async def post_call(request: Request, response: Response, who: Poster, service: ServiceDep) -> CallState:
    """Store a recording and queue its inspection: 202 when new, 200 with the same call when `external_id` is known."""
    async with upload_form(request, service.settings.max_upload) as form:
        audio = audio_of(form)
        try:
            facts = facts_of(form)
        except ValidationError as error:
            raise RequestValidationError(
                [fault | {"loc": ("metadata", *fault["loc"])} for fault in error.errors()]
            ) from error
        name = audio.filename or "audio"
        posted = await run_in_threadpool(intake.take_recording, service, who, audio.file, name, facts)
    response.status_code = 202 if posted.created else 200
    return CallState.model_validate(posted.call)


@router.get("")
def list_calls(
    session: SessionDep,
    _: Reader,
    status: str | None = None,
    flagged: bool | None = None,
    passed: bool | None = None,
    category: str | None = None,
    rule: str | None = None,
    agent_id: str | None = None,
    team: str | None = None,
    channel: str | None = None,
    external_id: str | None = None,
    since: Annotated[datetime | None, Query(alias="from")] = None,
    until: Annotated[datetime | None, Query(alias="to")] = None,
    score_lt: float | None = None,
    score_gte: float | None = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    sort: lists.Sort = "-received_at",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CallPage:
    """Calls that pass every filter given, a page at a time."""
    filters = lists.Filters(
        status=status, flagged=flagged, passed=passed, category=category, rule=rule, agent_id=agent_id, team=team,
        channel=channel, external_id=external_id, since=since, until=until, score_lt=score_lt, score_gte=score_gte, q=q,
    )  # fmt: skip
    found, more = lists.page(session, filters, sort, cursor, limit)
    return CallPage(calls=[CallOut.model_validate(call) for call in found], next=more)


@router.get("/{call_id}")
def get_call(call_id: CallId, session: SessionDep, who: Watcher) -> CallDetail | CallState:
    """Everything about a call, or its state alone for a role that only follows its own calls."""
    call = calls.get(session, call_id, who)
    if not who.may("read"):
        return CallState.model_validate(call)
    return detail(call, calls.transcript_of(session, call_id), calls.result(session, call_id))


@router.get("/{call_id}/transcript")
def get_transcript(call_id: CallId, session: SessionDep, who: Reader) -> dict[str, Any]:
    """What was said."""
    calls.get(session, call_id, who)
    transcript = calls.transcript_of(session, call_id)
    if transcript is None:
        raise NotFound(f"通话 {call_id} 还没有转写", code="no_transcript")
    return transcript.body


@router.get("/{call_id}/scorecards")
def get_scorecards(call_id: CallId, session: SessionDep, who: Reader) -> list[ScorecardOut]:
    """Every scorecard the call was ever given, newest first."""
    calls.get(session, call_id, who)
    return [ScorecardOut.model_validate(card) for card in calls.scorecards_of(session, call_id)]


@router.post("/{call_id}/retry", status_code=202)
def retry_call(call_id: CallId, session: SessionDep, who: Retrier) -> CallState:
    """Start a failed call afresh."""
    call = calls.get(session, call_id, who)
    calls.retry(session, call)
    session.flush()
    return CallState.model_validate(call)
