"""Saved views of the list of calls."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Header, Path, Request, Response
from sqlalchemy.orm import Session

from app.api.access import Reader, SessionDep
from app.schemas import Label
from app.security import Principal
from app.store import views
from app.web.calls import filters, query_of
from app.web.pages import PageRoute, page

router = APIRouter(route_class=PageRoute)

#: Where the browser is, as htmx says: the list that is looked at is the one to save.
Here = Annotated[str, Header(alias="HX-Current-URL")]


@router.post("/views")
def save_view(
    request: Request, session: SessionDep, who: Reader, name: Annotated[Label, Form()], here: Here = ""
) -> Response:
    """Keep what the list is filtered by under a name; answers with the views there are."""
    given = filters(dict(parse_qsl(here.partition("#")[0].partition("?")[2])))
    query_of(given)
    views.save(session, who, name, urlencode(given))
    return _all(request, session, who)


@router.delete("/views/{view_id}")
def remove_view(
    view_id: Annotated[int, Path(ge=1, lt=2**63)], request: Request, session: SessionDep, who: Reader
) -> Response:
    """Forget one; answers with the views that are left."""
    views.remove(session, who, view_id)
    return _all(request, session, who)


def _all(request: Request, session: Session, who: Principal) -> Response:
    return page(request, "views.html", {"views": views.of(session, who)}, who)
