"""Publishing rule packs: what calls are judged by from then on, and those before if that is wanted."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.access import RuleWriter, ServiceDep, SessionDep
from app.api.drafts import Digest, checked_faults, draft_of
from app.errors import Conflict, Forbidden, Unprocessable
from app.pipeline import Judge
from app.schemas import CALL_ZONE
from app.security import digest
from app.store import packs, queue
from rules import RuleError

router = APIRouter(prefix="/v1/rules/packs", tags=["规则"])


class PublishIn(BaseModel):
    """The digest of the draft that was looked at, and from which day on calls are judged again; null: none are."""

    model_config = ConfigDict(extra="forbid")

    digest: Digest
    rescore_since: date | None = None


class PublishedOut(BaseModel):
    """What is in force now."""

    pack: str
    version: str
    digest: str  #: as scorecards name it


@router.post("/{pack}/publish")
def publish_pack(pack: str, body: PublishIn, service: ServiceDep, session: SessionDep, who: RuleWriter) -> PublishedOut:
    """Judge by the pack's draft from now on, every worker from its next call. Its version must be a new one."""
    if who.role == "supervisor" and who.team:
        raise Forbidden("规则对全部团队生效，须由不限团队的主管或管理员发布")
    kept, judge = draft_of(session, pack, lock=True), packs.follow(session, service.judge)
    if digest(kept.body) != body.digest:
        raise Conflict("草稿已被别人改动，请刷新页面，看过以后再发布", code="draft_changed")
    if faults := checked_faults(judge, pack, kept.body):
        told = "；".join(f"第 {fault.line} 行 {fault.message()}" for fault in faults[:5])
        raise Unprocessable(f"草稿有 {len(faults)} 处错误：{told}", code="bad_rules")
    made = judge.trying(pack, kept.body).book.pack(pack)
    if made.version == _in_force(judge, pack):
        raise Conflict(f"规则包 {pack} 生效的就是版本 {made.version}，请改写 version", code="same_version")
    packs.publish(session, kept, made.version, who)
    if body.rescore_since:
        since = datetime.combine(body.rescore_since, datetime.min.time(), CALL_ZONE)
        queue.defer_renewal(session, queue.Renewal(pack, since.isoformat()))
    return PublishedOut(pack=pack, version=made.version, digest=made.digest)


def _in_force(judge: Judge, pack: str) -> str | None:
    try:
        return judge.book.pack(pack).version
    except RuleError:  # then there is nothing that a version could be taken for
        return None
