"""Users and keys, as administrators see them; what they change goes to /v1/users and /v1/keys."""

from fastapi import APIRouter, Request, Response

from app.api import users as users_api
from app.api.access import Manager, SessionDep
from app.security import PERMISSION_NAMES, ROLES
from app.web.pages import PageRoute, page

router = APIRouter(route_class=PageRoute)


@router.get("/users")
def users_page(request: Request, session: SessionDep, who: Manager) -> Response:
    """Everybody, disabled ones too, and every key."""
    people, keys = users_api.list_users(session, who), users_api.list_keys(session, who)
    return page(
        request, "users.html", {"people": people, "keys": keys, "roles": ROLES, "permissions": PERMISSION_NAMES}, who
    )
