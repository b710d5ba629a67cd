"""Who is calling, what the role may do, and the secrets that prove it."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

Role = Literal["dialer", "agent", "inspector", "supervisor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

#: post: send calls in. state: how far calls have come. read: what was said and judged. retry: start a failed call
#: afresh. review: a person's verdicts. statistics: numbers over many calls. export: many calls as a file.
#: unmask: personal data as it was said. assign: who looks at which call. try: judge a text without storing it.
#: rules: write and publish rule packs. manage: users and keys. audit: who did what.
#: hold: which calls must not be deleted. dials: what the dialer says it dialled, which contact limits are judged by.
Permission = Literal[
    "post",
    "state",
    "read",
    "retry",
    "review",
    "statistics",
    "export",
    "unmask",
    "assign",
    "try",
    "rules",
    "manage",
    "audit",
    "hold",
    "dials",
]
PERMISSION_NAMES: tuple[Permission, ...] = get_args(Permission)

_INSPECTING: frozenset[Permission] = frozenset({"post", "state", "read", "retry", "review", "try"})

#: What each role may do with the calls within its reach (app.store.reach).
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "dialer": frozenset({"post", "state", "dials"}),
    "agent": frozenset({"state", "read"}),
    "inspector": _INSPECTING,
    "supervisor": _INSPECTING | {"statistics", "export", "unmask", "assign", "hold", "dials", "rules"},
    # Administrators manage users, keys and packs; listening to debtors is not part of that.
    "admin": frozenset({"try", "rules", "manage", "audit"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller behind a valid key or session."""

    user_id: int
    name: str
    role: Role
    team: str | None = None  #: the only one within reach; None: every team
    agent_id: str | None = None  #: whose calls a collector sees
    scopes: frozenset[str] | None = None  #: of the key; None: all that the role may do
    assigned_only: bool = False  #: an inspector who sees what is assigned, not all

    def may(self, permission: Permission) -> bool:
        """Whether the role, and the key if there is one, allows it."""
        return permission in PERMISSIONS[self.role] and (self.scopes is None or permission in self.scopes)

    def permissions(self) -> list[Permission]:
        """All that is allowed."""
        return [permission for permission in PERMISSION_NAMES if self.may(permission)]


def new_secret() -> str:
    """A fresh API key: 256 random bits."""
    return f"tj_{secrets.token_urlsafe(32)}"


def new_token() -> str:
    """A fresh session token: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_password() -> str:
    """A fresh password to be told to somebody: 96 random bits."""
    return secrets.token_urlsafe(12)


def digest(secret: str) -> str:
    """How a key or token is stored. A fast hash is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(token: str) -> str:
    """What a page sends back to show that a request is its own: told from the session's token, which no page sees."""
    return digest(f"csrf:{token}")


def hash_password(password: str) -> str:
    """How a password is stored: argon2id."""
    return _hasher().hash(password)


def is_password(password: str, hashed: str | None) -> bool:
    """Whether `password` is the one behind `hashed`; takes as long when there is none, so that time tells nothing."""
    try:
        return _hasher().verify(hashed or _nobody(), password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    # OWASP's choice for argon2id with less memory: many may sign in at once at eight in the morning.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    return hash_password(new_password())
