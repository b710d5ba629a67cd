"""Messages, visit notes and transcripts made elsewhere: inspected by the same rules."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from structlog.contextvars import bind_contextvars

from app import intake
from app.api.access import Poster, ServiceDep, about
from app.api.schemas import CallState, state
from app.api.uploads import checked, read_body
from app.schemas import PostedText

router = APIRouter(prefix="/v1/texts", tags=["通话"])

_MAX_TEXT = 8 * 1024 * 1024
_BODY = {"required": True, "content": {"application/json": {"schema": PostedText.model_json_schema()}}}


@router.post("", status_code=202, openapi_extra={"requestBody": _BODY})
async def post_text(request: Request, response: Response, who: Poster, service: ServiceDep) -> CallState:
    """Store a text and queue its inspection: 202 when new, 200 with the same call when `external_id` is known."""
    body = await read_body(request, _MAX_TEXT)
    with checked("body"):
        text = PostedText.model_validate_json(body)
    posted = await run_in_threadpool(intake.take_text, service, who, text)
    bind_contextvars(call_id=posted.call.id)  # for the request's line in the log
    about(request, posted.call.id)
    response.status_code = 202 if posted.created else 200
    return state(posted.call, who)
