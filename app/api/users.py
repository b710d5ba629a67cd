"""Users and keys, for administrators."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.api.access import Manager, SessionDep
from app.schemas import Label, Moment
from app.security import Permission, Role
from app.store import keys, users
from app.tables import ApiKey, User

router = APIRouter(prefix="/v1", tags=["管理"])

#: Names appear in addresses and log lines: letters of any script, digits and . _ @ - only.
NAME = r"^[\w.@-]{1,64}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserIn(_In):
    """A new user."""

    name: Name
    role: Role
    team: Label | None = None
    agent_id: Label | None = None


class UserChange(_In):
    """What is given is changed; null takes it away."""

    role: Role | None = None
    team: Label | None = None
    agent_id: Label | None = None
    disabled: bool | None = None


class UserOut(BaseModel):
    """A user, without credentials."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    role: str
    team: str | None
    agent_id: str | None
    created_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None


class Password(BaseModel):
    """A password that is shown this once."""

    name: str
    password: str


class KeyIn(_In):
    """A new key: of an existing user, or of a new program with its own role."""

    name: Name
    user: Name | None = None
    role: Role | None = None
    scopes: list[Permission] | None = None
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.user) == bool(self.role):
            raise PydanticCustomError("user_or_role", "user 与 role 须给出其中之一")
        return self


class KeyOut(BaseModel):
    """A key, without its secret."""

    name: str
    user: str
    role: str
    scopes: list[str] | None
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class Secret(BaseModel):
    """A key's secret, which is shown this once."""

    name: str
    secret: str


@router.get("/users")
def list_users(session: SessionDep, _: Manager) -> list[UserOut]:
    """All users, disabled ones too."""
    return [UserOut.model_validate(user) for user in users.everyone(session)]


@router.post("/users", status_code=201)
def add_user(wanted: UserIn, session: SessionDep, _: Manager) -> Password:
    """Make a user; the answer holds the first password."""
    user = users.add(session, wanted.name, wanted.role, team=wanted.team, agent_id=wanted.agent_id)
    return Password(name=user.name, password=users.reset_password(session, user))


@router.patch("/users/{name}")
def change_user(name: Name, change: UserChange, session: SessionDep, _: Manager) -> UserOut:
    """Change a user's role or reach, shut the user out or let in again."""
    user = users.change(session, users.named(session, name), change.model_dump(exclude_unset=True))
    return UserOut.model_validate(user)


@router.post("/users/{name}/password")
def reset_password(name: Name, session: SessionDep, _: Manager) -> Password:
    """Give a user a new password; whoever is signed in as this user is not any more."""
    return Password(name=name, password=users.reset_password(session, users.named(session, name)))


@router.get("/keys")
def list_keys(session: SessionDep, _: Manager) -> list[KeyOut]:
    """All keys, revoked ones too."""
    return [_key(key, user) for key, user in keys.everyone(session)]


@router.post("/keys", status_code=201)
def add_key(wanted: KeyIn, session: SessionDep, _: Manager) -> Secret:
    """Make a key; the answer holds its secret."""
    if wanted.user:
        owner = users.named(session, wanted.user)
    else:
        owner = users.add(session, wanted.name, wanted.role or "dialer")
    secret = keys.add(session, wanted.name, owner, scopes=wanted.scopes, expires_at=wanted.expires_at)
    return Secret(name=wanted.name, secret=secret)


@router.delete("/keys/{name}", status_code=204)
def revoke_key(name: Name, session: SessionDep, _: Manager) -> None:
    """End a key at once."""
    keys.revoke(session, name)


def _key(key: ApiKey, user: User) -> KeyOut:
    same = {name: getattr(key, name) for name in KeyOut.model_fields if name not in ("user", "role")}
    return KeyOut(user=user.name, role=user.role, **same)
