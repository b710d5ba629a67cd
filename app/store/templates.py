"""Scoring templates as they were when a call was judged by them, so that a review can score the call again."""

import hashlib
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.tables import StoredTemplate
from scoring import Template


@lru_cache(maxsize=64)
def digest(template: Template) -> str:
    """What tells this template from any other text, also from one of the same name and version."""
    return hashlib.sha256(template.model_dump_json().encode()).hexdigest()


def keep(session: Session, template: Template) -> str:
    """Keep the template's text; returns its digest."""
    made = insert(StoredTemplate).values(digest=digest(template), body=template.model_dump(mode="json"))
    session.execute(made.on_conflict_do_nothing())
    return digest(template)


def get(session: Session, wanted: str) -> Template:
    """The template kept under a digest.

    Raises:
        Conflict: the scorecard is from a version that did not keep it.
    """
    body = session.scalars(select(StoredTemplate.body).where(StoredTemplate.digest == wanted)).one()
    if body is None:
        raise Conflict("这份评分卡由旧版本生成，没有保存评分模板；请先重新评分", code="rescore_first")
    return Template.model_validate(body)
