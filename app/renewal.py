"""Judging again what another version of a published pack judged: piece by piece, behind calls that are not judged yet.

One chain of jobs for each pack goes through history from its oldest call on. Only a pass that found nothing to do ends
it: calls that were in the hands of a worker when the pack was published are judged by the version before.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app.database import Database
from app.jobs import Bench
from app.pipeline import Judge
from app.rescoring import judged_by, rescore_calls
from app.store import history, packs, queue
from app.store.queue import Renewal
from app.tables import Call
from rules import RuleError
from scoring import TemplateError

log = structlog.stdlib.get_logger(__name__)

_BATCH = 50

#: Seconds before the next pass: what workers had in hand when the pack was published is judged by then.
_SETTLED = 120

#: Seconds before a piece that failed is tried again, and how often in a row one may.
_AGAIN, _MOST_FAILURES = 60, 100


def go_on(bench: Bench, renewal: Renewal) -> None:
    """Judge the next piece again, and queue what is left to do."""
    try:
        last, done = _piece(bench.database, bench.judge, renewal)
    except Exception:
        log.exception("renewal failed", pack=renewal.pack, after=renewal.after)
        bench.steadily(partial(set_back, renewal=renewal))
        return
    again = renewal.again or done > 0
    if last is not None:
        bench.steadily(partial(queue.defer_renewal, renewal=replace(renewal, after=last, again=again, failures=0)))
    elif again:
        afresh = replace(renewal, after=0, again=False, failures=0)
        bench.steadily(partial(queue.defer_renewal, renewal=afresh, delay=_SETTLED))


def set_back(session: Session, renewal: Renewal) -> None:
    """Queue a piece that failed, or whose worker died, once more; give up when that happens again and again."""
    if renewal.failures >= _MOST_FAILURES:
        log.error("renewal given up", pack=renewal.pack, after=renewal.after)
        return
    queue.defer_renewal(session, replace(renewal, failures=renewal.failures + 1), delay=_AGAIN)


def _piece(database: Database, judge: Judge, renewal: Renewal) -> tuple[int | None, int]:
    """Judge the next calls again.

    Returns:
        The id of the last of them, None: there are no more; and how many got a new scorecard.
    """
    with database.transaction() as session:
        packs.follow(session, judge)
        some = sorted(_due(session, judge, renewal))[:_BATCH]
    done = 0
    for name in {name for _, name in some}:
        call_ids = [call_id for call_id, template in some if template == name]
        outcome = rescore_calls(database, judge, call_ids, name, only_due=True)
        done += outcome.done
        for call_id, reason in outcome.failed.items():
            log.error("rescore failed", call_id=call_id, reason=reason)
    return some[-1][0] if some else None, done


def _due(session: Session, judge: Judge, renewal: Renewal) -> list[tuple[int, str]]:
    """The next calls of each template that names the pack, each with the template."""
    since, due = datetime.fromisoformat(renewal.since), list[tuple[int, str]]()
    for template in judge.book.using(renewal.pack):
        try:
            digests = judged_by(judge, template.id)
        except (RuleError, TemplateError) as error:
            # Of another pack: what other templates judge is judged again all the same.
            log.warning("template not rescored", template=template.id, reason=type(error).__name__)
            continue
        conditions = [Call.template == template.id, Call.happened_at >= since]
        found = history.due(session, conditions, *digests, after=renewal.after, limit=_BATCH)
        due += [(call_id, template.id) for call_id in found]
    return due
