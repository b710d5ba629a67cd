"""Lists of calls as files."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app import exports
from app.api.access import Exporter, ServiceDep
from app.api.calls import check_rule
from app.api.schemas import CallOut, listed
from app.api.spooled import spooled
from app.errors import Unprocessable
from app.masking import shown
from app.schemas import CALL_ZONE
from app.security import Principal
from app.service import Service
from app.store import lists
from app.turns import Turns

router = APIRouter(prefix="/v1/calls", tags=["通话"])


class Wanted(lists.Query):
    """What calls to write, and how."""

    unmask: bool = False  #: personal data as it was given; needs the permission


Filters = Annotated[Wanted, Query()]

#: Exports that are written at once: each holds a core and a connection of the database.
_TURNS = Turns(2, "正在导出的文件太多，请稍后重试", again=30)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/export.csv", response_class=StreamingResponse)
def export_csv(service: ServiceDep, who: Exporter, query: Filters) -> StreamingResponse:
    """Every call that passes the filters, as CSV; `cursor` and `limit` do not count."""
    return _answer(_written(service, who, query, exports.as_csv), "text/csv; charset=utf-8", "csv")


@router.get("/export.xlsx", response_class=StreamingResponse)
def export_xlsx(service: ServiceDep, who: Exporter, query: Filters) -> StreamingResponse:
    """Every call that passes the filters, as an Excel workbook; `cursor` and `limit` do not count."""
    with service.database.transaction() as session:
        if lists.is_longer(session, query, who, exports.MOST_XLSX_ROWS):
            raise Unprocessable(
                f"超过 Excel 的 {exports.MOST_XLSX_ROWS} 行，请缩小范围或导出 CSV", code="too_many_rows"
            )
    with service.recordings.workspaces.fresh() as folder:
        return _answer(_written(service, who, query, partial(exports.as_xlsx, folder=folder)), _XLSX, "xlsx")


def _written(
    service: Service, who: Principal, query: Wanted, form: Callable[[Iterable[CallOut]], Iterator[bytes]]
) -> Iterator[bytes]:
    show = shown(who, unmask=query.unmask)
    with _TURNS, service.database.transaction() as session:
        check_rule(service, session, query)
        return spooled(form(listed(call, None, show) for call in lists.everything(session, query, who)))


def _answer(pieces: Iterator[bytes], kind: str, suffix: str) -> StreamingResponse:
    name = f"tingjian-{datetime.now(CALL_ZONE):%Y%m%d-%H%M%S}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(pieces, headers=headers, media_type=kind)
