"""Rule packs: what they say, and how often each rule is broken and people find that it was not."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.access import ServiceDep, SessionDep, Statistician, Trier
from app.api.statistics import Asked, period_of
from app.rulebook import Origin, Rulebook
from app.store import hits, packs
from rules import Rule, RuleError

router = APIRouter(prefix="/v1/rules", tags=["规则"])


class BasisOut(BaseModel):
    """What a rule rests on; `label` says how well: V1 primary text read … P the institution's own policy."""

    document: str
    note: str
    label: str


class RuleOut(BaseModel):
    """One rule of a pack."""

    id: str
    category: str
    title: str
    severity: str
    expect: str
    basis: list[BasisOut]
    hit: list[str]  #: examples in which it must find what it looks for
    miss: list[str]  #: examples in which it must not
    lexicons: list[str]  #: whose phrases it looks for


class PackOut(BaseModel):
    """A pack in force."""

    name: str
    title: str
    version: str
    digest: str | None  #: of its text and all that it uses, as scorecards name it; null: it cannot be used
    origin: Origin
    templates: list[str]  #: that judge by it
    rules: list[RuleOut]
    faults: list[str] = []


class VersionOut(BaseModel):
    """A version that was published here."""

    version: str
    published_at: datetime
    published_by: str


class PackDetail(PackOut):
    """A pack with its text, and the versions that were published here, newest first."""

    text: str
    versions: list[VersionOut]


class HitsOut(BaseModel):
    """One rule over the calls of a period; see app.store.hits."""

    rule: str
    calls: int
    reviewed: int
    overturned: int
    missed: int
    overturn_rate: float | None


class RuleStatistics(BaseModel):
    """How rules did; `scored`: all calls of the period that were judged."""

    scored: int
    rules: list[HitsOut]


@router.get("/packs")
def list_packs(service: ServiceDep, session: SessionDep, _: Trier) -> list[PackOut]:
    """Every pack in force with its rules."""
    book = packs.follow(session, service.judge).book
    return [PackOut(**_fields(book, name)) for name in book.packs()]


@router.get("/statistics")
def get_rule_statistics(session: SessionDep, who: Statistician, asked: Annotated[Asked, Query()]) -> RuleStatistics:
    """How many calls break each rule, and how often people overturned that."""
    period = period_of(asked, who)
    scored, found = hits.by_rule(session, period)
    rules = [HitsOut.model_validate(found[rule], from_attributes=True) for rule in sorted(found)]
    return RuleStatistics(scored=scored, rules=rules)


@router.get("/packs/{pack}")
def get_pack(pack: str, service: ServiceDep, session: SessionDep, _: Trier) -> PackDetail:
    """One pack with its text."""
    book = packs.follow(session, service.judge).book
    text = book.text(pack)
    versions = [
        VersionOut(version=one.version, published_at=one.published_at, published_by=who)
        for one, who in packs.published(session, pack)
    ]
    return PackDetail(**_fields(book, pack), text=text, versions=versions)


def _fields(book: Rulebook, name: str) -> dict[str, Any]:
    """What there is to say of a pack; of one that cannot be used, why."""
    templates = [template.id for template in book.using(name)]
    common: dict[str, Any] = {"name": name, "origin": book.origin(name), "templates": templates}
    try:
        pack = book.pack(name)
    except RuleError as error:
        broken = {"title": name, "version": "", "digest": None, "rules": [], "faults": list(map(str, error.faults))}
        return {**common, **broken}
    head = {"title": pack.title, "version": pack.version, "digest": pack.digest}
    return {**common, **head, "rules": [_rule(rule) for rule in pack.rules]}


def _rule(rule: Rule) -> RuleOut:
    said = {name: getattr(rule, name) for name in ("id", "category", "title", "severity", "expect")}
    examples = {"hit": rule.examples.hit, "miss": rule.examples.miss}
    return RuleOut(
        **said,
        **{kind: [example.text for example in listed] for kind, listed in examples.items()},
        basis=[BasisOut(**basis.model_dump()) for basis in rule.basis],
        lexicons=[lexicon.name for lexicon in rule.lexicons()],
    )
