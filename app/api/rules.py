"""The try-it bench: what the rules make of a sentence or a conversation, before anybody says it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool

import rules
from app import intake, pipeline
from app.api.access import ServiceDep, Trier, about
from app.api.schemas import card_quoting
from app.api.uploads import checked, read_body
from app.errors import NotFound, Unprocessable
from app.masking import masked
from app.pipeline import Inspection, Judge
from app.schemas import CallFacts, Label, TextIn, UtteranceIn
from app.security import Principal
from app.service import Service
from app.store import calls, dials, history, packs
from app.turns import Turns
from asr.transcript import Speaker, Transcript
from rules import RuleError
from scoring import TemplateError

router = APIRouter(prefix="/v1/rules", tags=["规则"])

_MAX_TRIAL = 1024 * 1024

#: A hundred thousand characters take seconds to judge.
_TRYING = Turns(2, "正在试评的内容太多，请稍后重试", again=5, patience=5)


def _readable(text: str) -> str:
    try:
        rules.dialogue(text, "agent")
    except ValueError as error:
        raise PydanticCustomError("bad_seconds", "{reason}", {"reason": str(error)}) from error
    return text


class Trial(TextIn):
    """What to try rules on: `text` with a line for each utterance (坐席：…, 客户：…), or `utterances`, or a call."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(max_length=100_000), AfterValidator(_readable)] | None = None
    speaker: Speaker = "agent"  #: of lines in `text` that name none
    utterances: Annotated[list[UtteranceIn], Field(default_factory=list, max_length=20_000)]
    call_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None  #: one that took place, judged on its own facts
    draft: Label | None = None  #: a pack whose draft is tried instead of what is in force

    def transcript(self) -> Transcript:
        """What is to be judged."""
        given = super().transcript()
        if not self.text:
            return given
        return replace(given, utterances=rules.dialogue(self.text.replace("\0", " "), self.speaker))


_BODY = {"required": True, "content": {"application/json": {"schema": Trial.model_json_schema()}}}


@router.post("/try", openapi_extra={"requestBody": _BODY})
async def try_rules(request: Request, who: Trier, service: ServiceDep) -> dict[str, Any]:
    """Judge a text or a past call by the rules of now: findings, promises, scorecard. Nothing is stored."""
    body = await read_body(request, _MAX_TRIAL)
    with checked("body"):
        trial = Trial.model_validate_json(body)
    if trial.call_id:
        about(request, trial.call_id)
    return await run_in_threadpool(tried, service, who, trial)


def tried(service: Service, who: Principal, trial: Trial) -> dict[str, Any]:
    """What is made of a trial, as JSON.

    Raises:
        Unprocessable: there is nothing to judge, or too much, or nothing to judge it by.
        NotFound: there is no such call within reach, or nothing was heard in it.
    """
    if [bool(trial.text), bool(trial.utterances), bool(trial.call_id)].count(True) != 1:
        raise Unprocessable("text、utterances 与 call_id 须给出其中之一", code="invalid")
    judge, plain = _judge(service, trial.draft), dict[str, Any]()
    if trial.call_id:
        plain |= _shown(_past(service, judge, who, trial.call_id))
    else:
        template = intake.template_of(service, trial.call)
        plain |= pipeline.to_json(_inspection(judge, trial.transcript(), trial.call.known(), template))
    return plain


def _judge(service: Service, draft: str | None) -> Judge:
    with service.database.transaction() as session:
        judge = packs.follow(session, service.judge)
        kept = packs.draft(session, draft) if draft else None
    if draft is None:
        return judge
    if kept is None:
        raise Unprocessable(f"draft: 规则包 {draft} 没有草稿", code="no_draft")
    try:
        return judge.trying(draft, kept.body)
    except RuleError as error:
        raise Unprocessable(str(error), code="bad_rules") from error


def _past(service: Service, judge: Judge, who: Principal, call_id: int) -> Inspection:
    with service.database.transaction() as session:
        template = calls.get(session, call_id, who).template
        heard = history.heard(session, [call_id])
        counted = dials.contacts_of(session, [call_id]).get(call_id, {})
    if not heard:
        raise NotFound(f"通话 {call_id} 还没有转写")
    facts = counted | CallFacts.model_validate(heard[0].facts).known()
    return _inspection(judge, pipeline.read_transcript(heard[0].body), facts, template)


def _shown(past: Inspection) -> dict[str, Any]:
    # A quote may be half a number: alone it looks like none.
    assert past.transcript is not None
    plain, said = pipeline.to_json(past), rules.mask_transcript(past.transcript)
    card = card_quoting(plain["scorecard"], plain["findings"], said, masked)
    findings = [pipeline.to_json(rules.mask_finding(finding, said)) for finding in past.findings]
    shown: dict[str, Any] = masked(plain | {"scorecard": card, "findings": findings})
    return shown


def _inspection(judge: Judge, transcript: Transcript, facts: Mapping[str, Any], template: str) -> Inspection:
    try:
        with _TRYING:
            made = judge.judge(transcript, facts, template)
    except (RuleError, TemplateError) as error:  # a draft that is not right yet
        raise Unprocessable(str(error), code="bad_rules") from error
    return Inspection("try", "scored", None, transcript, made.findings, made.promises, made.scorecard)
