"""Who is calling and what the role may do."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["dialer", "inspector", "supervisor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Permission = Literal["post", "state", "read", "retry", "try"]

#: What each role may do. `state` is the progress of calls the key posted itself; `read` is any call with its content;
#: `try` is judging a text without storing it.
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "dialer": frozenset({"post", "state"}),
    "inspector": frozenset({"post", "state", "read", "retry", "try"}),
    "supervisor": frozenset({"post", "state", "read", "retry", "try"}),
    # Administrators manage users, keys and packs; listening to debtors is not part of that.
    "admin": frozenset({"try"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller behind a valid key."""

    key_id: int
    name: str
    role: Role

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        return permission in PERMISSIONS[self.role]


def new_secret() -> str:
    """A fresh API key: 256 random bits."""
    return f"tj_{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """How a key is stored. A fast hash is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
