"""Sending recordings in by hand."""

from fastapi import APIRouter, Request, Response

from app.api.access import Poster, ServiceDep
from app.audiotypes import TYPES
from app.web.pages import PageRoute, page

router = APIRouter(route_class=PageRoute)


@router.get("/upload")
def upload_page(request: Request, service: ServiceDep, who: Poster) -> Response:
    """The form; the files themselves go to POST /v1/calls, one by one."""
    limits = {"kinds": sorted(TYPES), "most": service.settings.max_upload_mib}
    return page(request, "upload.html", limits, who)
