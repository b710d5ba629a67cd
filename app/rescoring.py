"""Judging history again with the rules of today: in parallel, and only what they have not judged yet.

Every batch is one transaction, and what is judged is no longer due: a run that was stopped goes on where it was.
"""

import gc
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import ColumnElement

from app import logs
from app.database import Database
from app.engine import build_judge
from app.pipeline import Judge, Judgement, read_transcript
from app.schemas import CallFacts
from app.settings import Settings
from app.store import dials, history, lists, packs, templates
from app.store.history import Heard
from app.tables import Call
from asr import Transcript

_BATCH = 50


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    done: int = 0
    failed: dict[int, str] = field(default_factory=dict)  #: call id -> why
    left: int = 0  #: that somebody else judged, or is about to, at the same time


#: Told how many calls are finished, and how many there are.
Progress = Callable[[int, int], None]


def rescore(settings: Settings, query: lists.Query, template: str | None, workers: int, progress: Progress) -> Outcome:
    """Judge again every judged call that passes the filters, by `template` or else by the one it was judged by.

    Raises:
        rules.RuleError, scoring.TemplateError: a template or one of its packs cannot be used.
    """
    assert settings.database_url
    database, judge = Database(settings.database_url), build_judge(settings)
    outcome, conditions = Outcome(), lists.matching(query)
    with database.transaction() as session:
        packs.follow(session, judge)
        names = [template] if template else history.templates_of(session, conditions)
    chosen = {name: conditions if template else [*conditions, Call.template == name] for name in names}
    total = sum(_count(database, judge, name, which) for name, which in chosen.items())
    batches = (batch for name, which in chosen.items() for batch in _batches(database, judge, name, which))
    gc.freeze()  # the packs are most of all objects there are, and stay: looking for garbage need not pass them by
    progress(0, total)
    alone = (rescore_calls(database, judge, call_ids, name, only_due=True) for name, call_ids in batches)
    for result in alone if workers == 1 else _in_parallel(settings, list(chosen), batches, workers):
        outcome.done += result.done
        outcome.left += result.left
        outcome.failed |= result.failed
        progress(outcome.done + outcome.left + len(outcome.failed), total)
    database.close()
    return outcome


def rescore_calls(
    database: Database, judge: Judge, call_ids: Sequence[int], template: str, *, only_due: bool = False
) -> Outcome:
    """Judge some calls by a template and keep the scorecards, in one transaction.

    Args:
        only_due: leave those alone that are judged by this very template and its packs already.
    """
    with database.transaction() as session:
        packs.follow(session, judge)
        heard, counted = history.heard(session, call_ids), dials.contacts_of(session, call_ids)
    if only_due:
        digests = judged_by(judge, template)
        heard = [one for one in heard if not one.is_judged_by(*digests)]
    outcome, read, judged = Outcome(), list[tuple[Heard, Transcript]](), list[tuple[Heard, Judgement]]()
    for one in heard:
        with _noted(outcome, one):
            read.append((one, read_transcript(one.body)))
    with suppress(Exception):  # what is wrong with one of them is told below, of the call it belongs to
        judge = judge.having_read((said for _, said in read), template)
    for one, said in read:
        with _noted(outcome, one):
            judged.append((one, _judge(judge, one, said, counted.get(one.call_id, {}), template)))
    with database.transaction() as session:
        outcome.done = len(history.add(session, judged))
    outcome.left = len(call_ids) - outcome.done - len(outcome.failed)
    return outcome


def judged_by(judge: Judge, template: str) -> tuple[str, dict[str, str]]:
    """The digests of a template and its packs."""
    card, used = judge.load(template)
    return templates.digest(card), {pack.id: pack.digest for pack in used}


def _judge(judge: Judge, heard: Heard, said: Transcript, counted: dict[str, int], template: str) -> Judgement:
    facts = counted | CallFacts.model_validate(heard.facts).known()
    return judge.judge(said, facts, template)


@contextmanager
def _noted(outcome: Outcome, heard: Heard) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one call that cannot be judged must not stop a million
        outcome.failed[heard.call_id] = f"{type(error).__name__}: {logs.message(error)}"


def _count(database: Database, judge: Judge, name: str, conditions: list[ColumnElement[bool]]) -> int:
    with database.transaction() as session:
        return history.count_due(session, conditions, *judged_by(judge, name))


def _batches(
    database: Database, judge: Judge, name: str, conditions: list[ColumnElement[bool]]
) -> Iterator[tuple[str, Sequence[int]]]:
    digests, after = judged_by(judge, name), 0
    while True:
        with database.transaction() as session:
            ids = history.due(session, conditions, *digests, after=after, limit=_BATCH)
        if not ids:
            return
        after = ids[-1]
        yield name, ids


def _in_parallel(
    settings: Settings, names: Sequence[str], batches: Iterator[tuple[str, Sequence[int]]], workers: int
) -> Iterator[Outcome]:
    # Spawned, not forked: a fork would share the parent's connections to the database.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_Process.begin, initargs=(settings, names)) as pool:
        running: set[Future[Outcome]] = set()
        while True:
            # Two for each process, so that none waits and few ids are held.
            running |= {pool.submit(_Process.work, *batch) for batch in islice(batches, 2 * workers - len(running))}
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()


class _Process:
    """What one worker process works with, built once."""

    database: Database
    judge: Judge

    @classmethod
    def begin(cls, settings: Settings, names: Sequence[str]) -> None:
        assert settings.database_url
        cls.database, cls.judge = Database(settings.database_url), build_judge(settings)
        with cls.database.transaction() as session:
            packs.follow(session, cls.judge)
        for name in names:
            cls.judge.load(name)
        gc.freeze()

    @classmethod
    def work(cls, template: str, call_ids: Sequence[int]) -> Outcome:
        return rescore_calls(cls.database, cls.judge, call_ids, template, only_due=True)
