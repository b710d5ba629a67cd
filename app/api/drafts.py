"""Drafts of rule packs: written, checked and thrown away; nothing is judged by them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from app import drafts
from app.api.access import RuleWriter, ServiceDep, SessionDep, Trier
from app.errors import NotFound
from app.schemas import printable
from app.security import digest
from app.store import packs
from app.tables import PackVersion, User

router = APIRouter(prefix="/v1/rules/packs", tags=["规则"])

Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class DraftIn(BaseModel):
    """The text, and the digest of the draft that it was made from; null: of none."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(min_length=1, max_length=400_000), AfterValidator(printable)]
    replaces: Digest | None = None


class FaultOut(BaseModel):
    """One thing wrong; `line` is counted from 1."""

    line: int
    message: str


class DraftOut(BaseModel):
    """A draft; one with faults cannot be published."""

    text: str
    digest: str  #: SHA-256 of the text, hex
    saved_at: datetime
    saved_by: str
    faults: Annotated[list[FaultOut], Field(description="逐行的错误；没有错误才能发布")]


@router.get("/{pack}/draft")
def get_draft(pack: str, service: ServiceDep, session: SessionDep, _: Trier) -> DraftOut:
    """The pack's draft and what is wrong with it."""
    kept = packs.draft(session, pack)
    if kept is None:
        raise NotFound(f"规则包 {pack} 没有草稿")
    return _out(session, kept, drafts.faults(service.judge, pack, kept.body))


@router.put("/{pack}/draft")
def save_draft(pack: str, body: DraftIn, service: ServiceDep, session: SessionDep, who: RuleWriter) -> DraftOut:
    """Keep a text as the pack's draft, with faults or without."""
    service.judge.book.text(pack)
    found = drafts.faults(service.judge, pack, body.text)
    return _out(session, packs.save(session, pack, body.text, body.replaces, who), found)


@router.delete("/{pack}/draft", status_code=204)
def discard_draft(pack: str, replaces: Digest, session: SessionDep, _: RuleWriter) -> None:
    """Throw the pack's draft away; `replaces`: the digest of the one meant."""
    packs.discard(session, pack, replaces)


def _out(session: Session, kept: PackVersion, found: list[drafts.Mark]) -> DraftOut:
    session.refresh(kept)
    return DraftOut(
        text=kept.body,
        digest=digest(kept.body),
        saved_at=kept.saved_at,
        saved_by=session.get_one(User, kept.saved_by).name,
        faults=[FaultOut(line=mark.line, message=mark.message) for mark in found],
    )
