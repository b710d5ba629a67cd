"""What calls are judged by: every pack and its rules, for reading."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import unified_diff
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from app.api import drafts as drafts_api
from app.api import packs as packs_api
from app.api import publishing as publishing_api
from app.api import rules as rules_api
from app.api.access import RuleWriter, ServiceDep, SessionDep, Trier, about
from app.errors import NotFound, Unprocessable
from app.kinds import kind
from app.schemas import CALL_ZONE
from app.security import Principal
from app.store import hits, packs, reach
from app.store.statistics import Period
from app.web.charts import SMALL
from app.web.pages import PageRoute, in_words, page, texts
from asr.transcript import Speaker
from rules.places import Places


class Given(BaseModel):
    """The form of the bench."""

    text: str = ""
    speaker: Speaker = "agent"
    heard: bool = False
    call: str = ""
    draft: str = ""

    def trial(self) -> rules_api.Trial:
        """As the API takes it.

        Raises:
            Unprocessable: it cannot be tried.
        """
        call = {"call_id": self.call.strip().removeprefix("#")} if self.call.strip() else {}
        said = {"text": self.text, "speaker": self.speaker, "heard": self.heard} if self.text.strip() else {}
        try:
            return rules_api.Trial.model_validate(call | said | {"draft": self.draft or None})
        except ValidationError as error:
            raise Unprocessable(in_words(error, {}), code="invalid") from error


router = APIRouter(route_class=PageRoute)

#: Of calls to compare by, at most.
Last = Annotated[int, Query(ge=1, le=500)]

#: Days that the numbers beside rules are of.
_DAYS = 30


@router.get("/rules")
def rules_page(request: Request, service: ServiceDep, session: SessionDep, who: Trier) -> Response:
    """Every pack with its rules, and how they did."""
    listed = {"packs": packs_api.list_packs(service, session, who), "drafts": packs.drafts(session)}
    outgrown = packs.outgrown(session, service.judge.book)
    return page(request, "rules.html", {**listed, "outgrown": outgrown, **_numbers(session, who)}, who)


@router.get("/rules/try")
def bench_page(request: Request, session: SessionDep, who: Trier, call: str = "", draft: str = "") -> Response:
    """The try-it bench: a sentence, a conversation or a past call."""
    return page(request, "try.html", {"call": call, "draft": draft, "drafts": packs.drafts(session)}, who)


@router.post("/rules/try")
def try_rules(request: Request, service: ServiceDep, who: Trier, given: Annotated[Given, Form()]) -> Response:
    """What the rules make of it, as a piece of that page."""
    trial = given.trial()
    if trial.call_id:
        about(request, trial.call_id)
    made = rules_api.tried(service, who, trial)
    told = [finding for finding in made["findings"] if _worth_telling(finding)]
    return page(request, "tried.html", {"made": made, "told": told, "call": given.call}, who)


@router.get("/rules/{pack}")
def pack_page(pack: str, request: Request, service: ServiceDep, session: SessionDep, who: Trier) -> Response:
    """One pack: each rule with its basis, examples and text."""
    detail = packs_api.get_pack(pack, service, session, who)
    shown = {"pack": detail, "written": Places(detail.text).rules(), **_numbers(session, who)}
    shown["draft"] = packs.draft(session, pack)
    newer = packs.outgrown(session, service.judge.book).get(pack)
    return page(request, "pack.html", {**shown, "changes": _changes(detail.text, newer) if newer else None}, who)


def _changes(old: str, new: str) -> list[tuple[str, str]]:
    """The lines that differ and some around, each with what it is: `add`, `remove`, `place` or nothing."""
    lines = list(unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2))[2:]
    return [({"+": "add", "-": "remove", "@": "place"}.get(line[0], ""), line) for line in lines]


@router.get("/rules/{pack}/edit")
def edit_page(
    pack: str, request: Request, service: ServiceDep, session: SessionDep, who: RuleWriter, file: bool = False
) -> Response:
    """The editor, with the draft if there is one and what is in force otherwise; `file`: with what its file says."""
    book = packs.follow(session, service.judge).book
    text = book.text(pack)
    kept = packs.draft(session, pack)
    draft = drafts_api.get_draft(pack, request, service, session, who) if kept else None
    faults = [fault.model_dump() for fault in draft.faults] if draft else []
    begun = draft.text if draft else text
    newer = packs.newer(book, pack, kept.base, begun) if kept and not file else None
    shown = {"pack": pack, "draft": draft, "text": book.file(pack) or begun if file else begun, "faults": faults}
    base = kept.base if kept and not file else packs.file_digest(book, pack)
    more = {"base": base, "changes": _changes(begun, newer) if newer else None}
    return page(request, "edit.html", {**shown, **more, "saved": begun}, who)


@router.get("/rules/{pack}/compare")
def compare_page(pack: str, request: Request, service: ServiceDep, who: RuleWriter, last: Last = 200) -> Response:
    """What the draft would change in the newest calls."""
    with service.database.transaction() as session:  # not the request's: comparing takes its time
        draft = drafts_api.get_draft(pack, request, service, session, who)
    shown = {"pack": pack, "draft": draft, "last": last, "templates": service.judge.book.using(pack)}
    asked = drafts_api.CompareIn(last=last)
    found = None if draft.faults else drafts_api.compare_draft(pack, service, who, asked)
    return page(request, "compare.html", {**shown, "found": found}, who)


@router.post("/rules/{pack}/publish")
def publish(
    pack: str,
    service: ServiceDep,
    session: SessionDep,
    who: RuleWriter,
    digest: Annotated[str, Form()] = "",
    since: Annotated[str, Form()] = "",
) -> Response:
    """Publish the draft that was looked at, and go to what is in force then."""
    try:
        body = publishing_api.PublishIn.model_validate({"digest": digest, "rescore_since": since or None})
    except ValidationError as error:
        raise Unprocessable(in_words(error, {}), code="invalid") from error
    publishing_api.publish_pack(pack, body, service, session, who)
    return Response(headers={"HX-Redirect": f"/rules/{pack}"})


@router.get("/rules/{pack}/words/{name}")
def lexicon_page(
    pack: str, name: str, request: Request, service: ServiceDep, session: SessionDep, who: Trier
) -> Response:
    """The phrases of one lexicon that a pack looks for."""
    book = packs.follow(session, service.judge).book
    book.text(pack)
    for rule in book.pack(pack).rules:
        for lexicon in rule.lexicons():
            if lexicon.name == name:
                return page(request, "lexicon.html", {"pack": pack, "lexicon": lexicon}, who)
    raise NotFound(texts()["rules"]["no_lexicon"].format(name=name), code="no_lexicon")


def _worth_telling(finding: Mapping[str, Any]) -> bool:
    """Whether a finding is more than the absence of what should be absent."""
    return finding["verdict"] != "passed" or kind(finding["category"]) in ("step", "promise")


def _numbers(session: Session, who: Principal) -> Mapping[str, Any]:
    """How rules did of late, for those who may see statistics."""
    if not who.may("statistics"):
        return {"hits": None}
    today = datetime.now(CALL_ZONE).date()
    period = Period(today - timedelta(days=_DAYS - 1), today, reach.team_of(who))
    scored, found = hits.by_rule(session, period)
    return {"hits": found, "scored": scored, "first": period.first, "nothing": hits.Hits(""), "small": SMALL}
