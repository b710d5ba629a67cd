"""Sending recordings in by hand, with what is known of them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ValidationError

from app.api.access import Poster, ServiceDep
from app.audiotypes import TYPES
from app.errors import Unprocessable
from app.schemas import CallFacts, Label
from app.tabular import facts_in, rows
from app.web.pages import PageRoute, catalogue, in_words, page, texts

router = APIRouter(route_class=PageRoute)


@router.get("/upload")
def upload_page(request: Request, service: ServiceDep, who: Poster) -> Response:
    """The form; the files themselves go to POST /v1/calls, one by one."""
    settings = service.settings
    limits = {"kinds": sorted(TYPES), "most": settings.max_upload_mib, "patterns": settings.file_names}
    return page(request, "upload.html", limits, who)


class Sheet(BaseModel):
    """What a table says of recordings."""

    facts: dict[str, dict[str, Any]] = {}  #: by file name
    faults: list[str] = []  #: rows that cannot be used, in words


@router.post("/upload/sheet")
def read_sheet(
    content: Annotated[bytes, Body(media_type="text/csv")], name: Annotated[Label, Query()], _: Poster
) -> Sheet:
    """Read a CSV with a column for the file's name; whatever is wrong with it is told and not raised."""
    sheet = Sheet()
    try:
        for line, row in rows(content, name):
            _read_row(sheet, {"name": name, "line": line}, row)
    except Unprocessable as error:
        sheet.faults.append(error.detail)
    return sheet


def _read_row(sheet: Sheet, place: Mapping[str, Any], row: dict[str, str]) -> None:
    words = texts()["upload"]
    file = row.pop("file", None)
    if file is None:
        sheet.faults.append(words["sheet_nameless"].format(**place))
        return
    try:
        facts = CallFacts.model_validate({field: _value(field, cell) for field, cell in row.items()})
    except ValidationError as error:
        sheet.faults.append(words["sheet_fault"].format(**place, file=file, faults=in_words(error, texts()["facts"])))
    else:
        # A list may name files by their folders; a browser tells the last part only.
        sheet.facts[PurePath(file.replace("\\", "/")).name] = facts.model_dump(mode="json", exclude_unset=True)


def _value(field: str, cell: str) -> object:
    """A cell as call facts want it: people write 本人 and 左, or what the English pages call them."""
    value = facts_in({field: cell})[field]
    if value != cell or field not in ("callee_relation", "agent_channel"):
        return value
    return next((name for name, text in catalogue("en")["facts"].items() if text == cell), cell)
