"""The try-it bench: what the rules make of a sentence or a conversation, before anybody says it."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.concurrency import run_in_threadpool

import rules
from app import intake, pipeline
from app.api.access import ServiceDep, Trier
from app.api.uploads import checked, read_body
from app.errors import Unprocessable
from app.pipeline import Inspection
from app.schemas import PostedText, UtteranceIn
from app.service import Service
from asr.transcript import Speaker, Transcript

router = APIRouter(prefix="/v1/rules", tags=["规则"])

_MAX_TRIAL = 1024 * 1024


class Trial(PostedText):
    """A conversation to try rules on: `text` with a line for each utterance (坐席：…, 客户：…), or `utterances`."""

    text: Annotated[str, StringConstraints(max_length=100_000)] | None = None
    speaker: Speaker = "agent"  #: of lines in `text` that name none
    heard: bool = False  #: match by sound too, as in a recording that was transcribed
    utterances: Annotated[list[UtteranceIn], Field(default_factory=list, max_length=20_000)]

    def transcript(self) -> Transcript:
        """What is to be judged."""
        given = super().transcript()
        said = rules.dialogue(self.text.replace("\0", " "), self.speaker) if self.text else given.utterances
        return Transcript("heard" if self.heard else "given", "zh", given.duration, "given", said)


_BODY = {"required": True, "content": {"application/json": {"schema": Trial.model_json_schema()}}}


@router.post("/try", openapi_extra={"requestBody": _BODY})
async def try_rules(request: Request, _: Trier, service: ServiceDep) -> dict[str, Any]:
    """Judge a text as a call would be: findings with their evidence, promises, scorecard. Nothing is stored."""
    body = await read_body(request, _MAX_TRIAL)
    with checked("body"):
        trial = Trial.model_validate_json(body)
    if bool(trial.text) == bool(trial.utterances):
        raise Unprocessable("text 与 utterances 须给出其中之一", code="invalid")
    return await run_in_threadpool(_judge, service, trial)


def _judge(service: Service, trial: Trial) -> dict[str, Any]:
    template, transcript = intake.template_of(service, trial.call), trial.transcript()
    made = service.judge.judge(transcript, trial.call.known(), template)
    inspection = Inspection("try", "scored", None, transcript, made.findings, made.promises, made.scorecard)
    plain: dict[str, Any] = pipeline.to_json(inspection)
    return plain
