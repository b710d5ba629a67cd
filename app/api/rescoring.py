"""Judging a call again."""

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app import rescoring
from app.api.access import CallId, Retrier, ServiceDep
from app.api.schemas import ScorecardOut, scorecard
from app.errors import Conflict, Unprocessable
from app.masking import masked
from app.schemas import Label
from app.store import calls, scorecards
from rules import RuleError
from scoring import TemplateError

log = structlog.stdlib.get_logger(__name__)

router = APIRouter(prefix="/v1/calls", tags=["通话"])


class RescoreIn(BaseModel):
    """By what to judge; null: by the template that the call was judged by."""

    model_config = ConfigDict(extra="forbid")

    template: Label | None = None


@router.post("/{call_id}/rescore")
def rescore_call(call_id: CallId, service: ServiceDep, who: Retrier, body: RescoreIn | None = None) -> ScorecardOut:
    """Judge a call by the rules of today; the new scorecard counts, and the ones before stay."""
    with service.database.transaction() as session:
        call = calls.get(session, call_id, who)
        calls.lock_scored(session, call)
    template = body.template if body and body.template else call.template
    try:
        service.judge.load(template)
    except TemplateError as error:
        raise Unprocessable(f"template: {error}", code="unknown_template") from error
    except RuleError as error:
        raise Unprocessable(str(error), code="bad_rules") from error
    outcome = rescoring.rescore_calls(service.database, service.judge, [call_id], template)
    if call_id in outcome.failed:  # which may say anything: it is for the log
        log.error("rescore failed", call_id=call_id, reason=outcome.failed[call_id])
        raise RuntimeError("the call could not be judged")
    if not outcome.done:
        raise Conflict(f"通话 {call_id} 未能重新评分：它正在被处理，请稍后重试", code="not_rescored")
    with service.database.transaction() as session:
        newest, transcript = scorecards.newest(session, call_id), calls.transcript_of(session, call_id)
    assert newest is not None
    return scorecard(newest, transcript, masked)
