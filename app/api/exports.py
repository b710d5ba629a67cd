"""Lists of calls as files."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app import exports
from app.api.access import Exporter, ServiceDep
from app.errors import Unprocessable
from app.schemas import CALL_ZONE
from app.security import Principal
from app.service import Service
from app.store import lists
from app.tables import Call

router = APIRouter(prefix="/v1/calls", tags=["通话"])

Filters = Annotated[lists.Query, Query()]

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/export.csv", response_class=StreamingResponse)
def export_csv(service: ServiceDep, who: Exporter, query: Filters) -> StreamingResponse:
    """Every call that passes the filters, as CSV; `cursor` and `limit` do not count."""
    return _answer(_pieces(service, who, query, exports.as_csv), "text/csv; charset=utf-8", "csv")


@router.get("/export.xlsx", response_class=StreamingResponse)
def export_xlsx(service: ServiceDep, who: Exporter, query: Filters) -> StreamingResponse:
    """Every call that passes the filters, as an Excel workbook; `cursor` and `limit` do not count."""
    with service.database.transaction() as session:
        if lists.is_longer(session, query, who, exports.MOST_XLSX_ROWS):
            raise Unprocessable(
                f"超过 Excel 的 {exports.MOST_XLSX_ROWS} 行，请缩小范围或导出 CSV", code="too_many_rows"
            )
    return _answer(_pieces(service, who, query, exports.as_xlsx), _XLSX, "xlsx")


def _pieces(
    service: Service, who: Principal, query: lists.Query, form: Callable[[Iterable[Call]], Iterator[bytes]]
) -> Iterator[bytes]:
    # A transaction of its own, open for as long as the client takes: it reads one moment's state, and blocks nobody.
    with service.database.transaction() as session:
        yield from form(lists.everything(session, query, who))


def _answer(pieces: Iterator[bytes], kind: str, suffix: str) -> StreamingResponse:
    name = f"tingjian-{datetime.now(CALL_ZONE):%Y%m%d-%H%M%S}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(pieces, headers=headers, media_type=kind)
