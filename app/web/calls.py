"""The list of calls, and how its address says what to list."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from pydantic import ValidationError

from app.api import calls as calls_api
from app.api.access import CallId, Reader, ServiceDep, SessionDep
from app.api.schemas import listed
from app.errors import AppError
from app.kinds import ALL
from app.masking import masked
from app.store import calls, lists, search, views
from app.web.pages import PageRoute, in_words, page, texts

router = APIRouter(route_class=PageRoute)

_FIELDS = {field.alias or name for name, field in lists.Query.model_fields.items()}

#: What a row can show; the last three are hidden until somebody wants them.
COLUMNS = (
    "when", "call", "agent", "team", "length", "score", "state", "found", "review", "received", "rules", "template",
)  # fmt: skip
_USUAL = COLUMNS[:-3]


#: Rows that come at once: a screen of them. The next come when one gets to the end.
_ROWS = {"limit": "30"}

#: Orders in which what comes in stands in front.
_NEWEST_FIRST = ("-started_at", "-received_at")


def filters(given: Mapping[str, str]) -> dict[str, str]:
    """What of an address says which calls and in what order; a form sends the fields that were left empty too."""
    return {name: value for name, value in given.items() if value and name in _FIELDS and name != "cursor"}


def columns(request: Request) -> Sequence[str]:
    """The columns that this browser is to be shown, as its cookie says; a call is always named."""
    chosen = request.cookies.get("tingjian_columns")
    return [name for name in COLUMNS if name in {"call", *chosen.split(".")}] if chosen else _USUAL


def query_of(given: dict[str, str]) -> lists.Query:
    """The query that a list's address stands for.

    Raises:
        AppError: it makes no sense.
    """
    try:
        return lists.Query.model_validate(given | _whole_day(given))
    except ValidationError as error:
        words = texts()["calls"]
        faults = in_words(error, words)
        raise AppError(words["bad_filter"].format(faults=faults), code="bad_filter") from error


def _whole_day(given: dict[str, str]) -> dict[str, str]:
    """A last day without a time is meant to the end: people say "to the 3rd" and mean it too."""
    try:
        last = date.fromisoformat(given.get("to", ""))
    except ValueError:
        return {}
    return {"to": (last + timedelta(days=1)).isoformat()}


@router.get("/calls")
def calls_page(request: Request, service: ServiceDep, session: SessionDep, who: Reader) -> Response:
    """The list, or only what a filter or the next page changes of it."""
    given = filters(request.query_params)
    cursor = request.query_params.get("cursor")
    found = calls_api.list_calls(
        service, session, who, query_of(_ROWS | given | ({"cursor": cursor} if cursor else {}))
    )
    part = {"more": "calls_rows.html", "list": "calls_list.html"}.get(request.headers.get("hx-target", ""))
    words = search.words_of(given.get("q", ""))
    shown: dict[str, Any] = {
        "calls": [(call, _said(call.hit.text, words) if call.hit else None) for call in found.calls],
        "given": given,
        "back": urlencode(given),
        "export": urlencode(given | _whole_day(given)),
        "more": urlencode(given | {"cursor": found.next}) if found.next else None,
        "newest": None if cursor or given.get("sort", "-started_at") not in _NEWEST_FIRST else lists.newest(session),
        "columns": columns(request),
    }
    if part is None:
        shown |= {"categories": ALL, "all_columns": COLUMNS, "views": views.of(session, who)}
    return page(request, part or "calls.html", shown, who)


#: The number of a call that others are compared with.
After = Annotated[int, Query(ge=0, lt=2**63)]


@router.get("/calls/fresh")
def fresh_calls(request: Request, session: SessionDep, who: Reader, after: After = 0) -> bool:
    """Whether calls that came after this one belong in the list."""
    return lists.has_since(session, query_of(filters(request.query_params)), who, after)


@router.get("/calls/{call_id}/row")
def call_row(call_id: CallId, request: Request, session: SessionDep, who: Reader) -> Response:
    """One row of the list, for a call that has come further."""
    row = listed(calls.get(session, call_id, who), None, masked)
    shown = {"calls": [(row, None)], "more": None, "back": urlencode(filters(request.query_params))}
    return page(request, "calls_rows.html", {**shown, "columns": columns(request)}, who)


def _said(text: str, words: Sequence[str]) -> Markup:
    """What was said with the words searched for marked, as far as they are written alike."""
    wanted = re.compile("|".join(map(re.escape, words)) or "$^", re.IGNORECASE)
    parts, end = [], 0
    for match in wanted.finditer(text):
        parts += [Markup("{}<mark>{}</mark>").format(text[end : match.start()], match[0])]
        end = match.end()
    return Markup("").join([*parts, text[end:]])
