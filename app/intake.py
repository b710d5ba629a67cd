"""Taking a call in: everything that is checked before it is stored, and storing it."""

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app import pipeline
from app.errors import Unavailable, Unprocessable
from app.references import FetchError, told
from app.schemas import CallFacts, TextIn
from app.security import Principal
from app.service import Service
from app.storage import Arrival, Recordings
from app.store import calls, recordings, references
from app.store.calls import Posted
from app.tables import Call
from app.wording import faults_of
from asr import AsrError, sandbox
from rules import RuleError
from scoring import TemplateError

#: Dialer posts come by the thousand; somebody who uploads by hand is waiting.
_PRIORITY = {"dialer": 0}
_BY_HAND = 10

#: How far a sender's clock, or its idea of the time zone, may be ahead of ours.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """One call as it was posted: with its recording, or with where that is to be fetched."""

    facts: CallFacts
    name: str  #: the recording's, as the sender calls it
    arrival: Arrival | None = None
    url: str | None = None


def take_call(service: Service, who: Principal, sent: Sent) -> Posted:
    """Check and store a posted call and queue its first step.

    Raises:
        Unprocessable: the recording, its address, a fact or the template cannot be used.
        Conflict: the `external_id` stands for another recording.
        Unavailable: too much is waiting, or the disk is nearly full.
    """
    facts = completed(service, who, sent)
    if sent.arrival is not None:
        return take_recording(service, who, sent.arrival, facts)
    assert sent.url is not None
    return _take_reference(service, who, sent.url, facts)


def take_recording(service: Service, who: Principal, arrival: Arrival, facts: CallFacts) -> Posted:
    """Check and store a recording that came in and queue its transcription.

    The recording is on disk before its call exists: a crash in between leaves a file without a call, which the
    sender's next try finds again, and never a call without its recording.

    Raises:
        Unprocessable: the recording or the template cannot be used.
        Conflict: the `external_id` stands for another recording.
        Unavailable: too much is waiting, or the disk is nearly full.
    """
    if known := _known(service, who, facts, arrival.sha256):
        return known
    values = _values(service, who, facts, arrival.sha256) | {"duration": _duration(service, arrival)}
    service.recordings.keep(arrival)
    recording = {"recording": arrival.sha256, "recording_bytes": arrival.size, "recording_name": arrival.path.name}
    with service.database.transaction() as session:
        make_sure(session, service.recordings, arrival)
        return calls.post(session, who, values | recording)


def make_sure(session: Session, kept: Recordings, arrival: Arrival) -> None:
    """Have the recording stay until the transaction ends.

    Raises:
        Unavailable: it was deleted with another call since it was kept.
    """
    recordings.share(session, arrival.sha256)
    if not kept.has(arrival.sha256, arrival.size):
        raise Unavailable("同一录音刚随另一通通话被删除，请重新提交", code="recording_deleted")


def _take_reference(service: Service, who: Principal, url: str, facts: CallFacts) -> Posted:
    """Store a call whose recording a worker is to fetch: the sender need not wait for it."""
    try:
        service.references.check(url)
    except FetchError as error:
        raise Unprocessable(str(error), code=error.code) from error
    # Without the query: a dialer's next try carries a fresh signature.
    content = hashlib.sha256(told(url).encode()).hexdigest()
    if known := _known(service, who, facts, content):
        return _readdressed(service, known, url)
    with service.database.transaction() as session:
        posted = calls.post(session, who, _values(service, who, facts, content))
        if posted.created:
            references.add(session, posted.call, url)
        return posted


def _readdressed(service: Service, known: Posted, url: str) -> Posted:
    """The same call, its recording to be fetched from where it is now said to be: signatures run out."""
    with service.database.transaction() as session:
        call = session.get(Call, known.call.id, with_for_update=True)
        if call is None:  # deleted meanwhile
            return known
        if references.replace(session, call, url) and call.status == "failed":
            calls.retry(session, call)
        return Posted(call, created=False)


def take_text(service: Service, who: Principal, text: TextIn) -> Posted:
    """Store a message, visit note or given transcript and queue its judging.

    Raises:
        Unprocessable: the template cannot be used, or it began after now.
        Conflict: the `external_id` stands for another text.
        Unavailable: too much is waiting, or the disk is nearly full.
    """
    _check_begun(text.call)
    heard = b"heard" if text.heard else b""
    content = hashlib.sha256(text.model_dump_json(include={"utterances"}).encode() + heard).hexdigest()
    if known := _known(service, who, text.call, content):
        return known
    transcript = text.transcript()
    values = _values(service, who, text.call, content) | {"duration": transcript.duration}
    with service.database.transaction() as session:
        return calls.post(session, who, values, pipeline.transcript_row(transcript))


def completed(service: Service, who: Principal, sent: Sent) -> CallFacts:
    """What the sender said; failing that what the recording's name says; failing that what settings say of `who`.

    Raises:
        Unprocessable: the name says something that cannot be, or the call began after now.
    """
    known = service.settings.sources.get(who.name, CallFacts()).model_dump(exclude_unset=True)
    named: dict[str, Any] = next(filter(None, (form.read(sent.name) for form in service.file_names)), {})
    try:
        facts = CallFacts.model_validate(known | named | sent.facts.model_dump(exclude_unset=True))
    except ValidationError as error:
        faults = faults_of(error.errors())
        raise Unprocessable(f"{sent.name}: 文件名中的信息有误：{faults}", code="bad_file_name") from error
    _check_begun(facts)
    return facts


def _check_begun(facts: CallFacts) -> None:
    # Here and not in CallFacts: the facts of calls that are stored are read with it too.
    if facts.started_at and facts.started_at > datetime.now(UTC) + _AHEAD:
        raise Unprocessable(f"started_at: {facts.started_at.isoformat()} 在一天以后，请检查时间", code="in_future")


def check_room(service: Service) -> None:
    """Refuse more than the service can take.

    Raises:
        Unavailable: the queue or the disk is over its limit.
    """
    check_disk(service)
    with service.database.transaction() as session:
        _check_queue(service, session)


def _check_queue(service: Service, session: Session) -> None:
    most = service.settings.max_queue
    if calls.waiting(session, most) >= most:
        raise Unavailable("排队的通话过多，请稍后重试", code="queue_full")


def check_disk(service: Service) -> None:
    """Refuse what the disk may not hold.

    Raises:
        Unavailable: the disk is over its limit.
    """
    # What is on its way in lies where recordings are kept, if those are on a disk.
    for place in (service.settings.data, service.recordings.workspaces.folder):
        disk = shutil.disk_usage(place)
        if disk.used / disk.total > service.settings.max_disk_share:
            raise Unavailable("磁盘空间不足，请稍后重试", code="disk_full")


def _known(service: Service, who: Principal, facts: CallFacts, content: str) -> Posted | None:
    """The call that was posted with the same id before. Without one there is room for a new one.

    Raises:
        Conflict: the id stands for another content.
        Unavailable: too much is waiting, or the disk is nearly full.
    """
    with service.database.transaction() as session:
        # First: a repeat is never refused for room.
        if facts.external_id and (known := calls.known(session, who, facts.external_id, content)):
            return known
        _check_queue(service, session)
    check_disk(service)
    return None


def _duration(service: Service, arrival: Arrival) -> float | None:
    try:
        return sandbox.probe(arrival.path, max_seconds=service.settings.max_seconds).duration
    except AsrError as error:
        raise Unprocessable(str(error), code=error.code) from error


def template_of(service: Service, facts: CallFacts) -> str:
    """The name of the template a call is judged by, known to be usable.

    Raises:
        Unprocessable: there is no such template.
        Unavailable: one of its packs has faults.
    """
    template = facts.template or service.settings.template
    try:
        service.judge.load(template)
    except TemplateError as error:
        raise Unprocessable(f"template: {error}", code="unknown_template") from error
    except RuleError as error:
        raise Unavailable(f"评分模板 {template} 的规则包有误，请联系管理员：{error}", code="bad_pack") from error
    return template


def _values(service: Service, who: Principal, facts: CallFacts, content: str) -> dict[str, Any]:
    return {
        "external_id": facts.external_id,
        "content": content,
        "posted_by": who.user_id,
        "template": template_of(service, facts),
        "facts": facts.stored(),
        "channel": facts.channel,
        "started_at": facts.started_at,
        "agent_id": facts.agent_id,
        "team": facts.team,
        "priority": _PRIORITY.get(who.role, _BY_HAND),
    }
