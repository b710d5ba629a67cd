"""The step before transcribing of a call posted by reference: its recording is fetched and kept."""

from functools import partial

from sqlalchemy.orm import Session

from app.intake import make_sure
from app.jobs import Bench
from app.references import FetchError, name_of
from app.storage import Arrival
from app.store import calls, queue, references
from asr import sandbox

#: Seconds before each further try: dialers name recordings that are still being written, and servers have their nights.
DELAYS = (10, 60, 300, 1800, 7200)
assert len(DELAYS) == calls.MAX_FETCH_FAILURES - 1


def fetch(bench: Bench, call_id: int, attempt: int) -> None:
    """Fetch the recording; keep it and queue the transcribing in one transaction."""
    call, url = bench.steadily(
        lambda session: (calls.claim(session, call_id, attempt), references.of(session, call_id))
    )
    if call is None or url is None:
        return
    try:
        arrival, duration = _fetched(bench, url)
    except FetchError as error:
        bench.steadily(partial(_later, call_id=call_id, attempt=attempt, error=error))
    else:
        bench.steadily(partial(_keep, bench, call_id, attempt, arrival, duration))


def _fetched(bench: Bench, url: str) -> tuple[Arrival, float | None]:
    with bench.recordings.landing() as land:
        landing = land(name_of(url))
        bench.references.fetch(url, landing)
        arrival = landing.arrival()
        duration = sandbox.probe(arrival.path, max_seconds=bench.max_seconds).duration
        bench.recordings.keep(arrival)
        return arrival, duration


def _keep(bench: Bench, call_id: int, attempt: int, arrival: Arrival, duration: float | None, session: Session) -> None:
    call = calls.claim(session, call_id, attempt)
    # A recording there already: the commit whose answer was lost is tried again.
    if call is None or call.recording is not None:
        return
    make_sure(session, bench.recordings, arrival)
    call.recording, call.recording_bytes, call.recording_name = arrival.sha256, arrival.size, arrival.path.name
    call.duration, call.failures, call.error = duration, 0, None
    references.done(session, call_id)
    queue.defer(session, "transcribe", call)


def _later(session: Session, call_id: int, attempt: int, error: FetchError) -> None:
    call = calls.claim(session, call_id, attempt)
    if call is None:
        return
    call.failures += 1
    if error.hopeless or call.failures >= calls.MAX_FETCH_FAILURES:
        calls.fail(session, call, str(error), error.code)
    else:
        call.error = str(error)
        calls.hand_back(session, call, DELAYS[call.failures - 1])
