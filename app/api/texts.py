"""Messages, visit notes and transcripts made elsewhere: inspected by the same rules."""

from fastapi import APIRouter, Response

from app import intake
from app.api.access import Poster, ServiceDep
from app.api.schemas import CallState
from app.schemas import TextIn

router = APIRouter(prefix="/v1/texts", tags=["通话"])


@router.post("", status_code=202)
def post_text(text: TextIn, response: Response, who: Poster, service: ServiceDep) -> CallState:
    """Store a text and queue its inspection: 202 when new, 200 with the same call when `external_id` is known."""
    posted = intake.take_text(service, who, text)
    response.status_code = 202 if posted.created else 200
    return CallState.model_validate(posted.call)
