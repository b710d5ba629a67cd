"""What the `tingjian` command does with users, keys and the audit log; imported late, as app.operations is."""

from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.operations import connected_database, record
from app.security import Role
from app.settings import Settings
from app.store import audit, keys, users
from app.terminal import moment, output

_err = Console(stderr=True)
_out = output()


def add_key(settings: Settings, name: str, role: Role | None, user: str | None, days: int | None) -> str:
    """Make a key of an existing user, or of a new one of that role; returns its secret."""
    if bool(role) == bool(user):
        _err.print("请给出 --role（新的程序）或 --user（已有用户）之一", style="red")
        raise typer.Exit(2)
    with connected_database(settings) as database, database.transaction() as session:
        until = datetime.now(UTC) + timedelta(days=days) if days else None
        owner = users.named(session, user) if user else users.add(session, name, role or "dialer")
        secret = keys.add(session, name, owner, expires_at=until)
        record(session, "add_key", name=name, user=owner.name, role=owner.role)
        return secret


def renew_key(settings: Settings, name: str) -> str:
    """Give a key a new secret; returns it."""
    with connected_database(settings) as database, database.transaction() as session:
        secret = keys.renew(session, name)
        record(session, "renew_key", name=name)
        return secret


def list_keys(settings: Settings) -> None:
    """Print all keys as a table."""
    table = Table("名称", "用户", "角色", "开头", "创建", "最近使用", "到期", "状态")
    with connected_database(settings) as database, database.transaction() as session:
        for key, user in keys.everyone(session):
            moments = (moment(at) for at in (key.created_at, key.last_used_at, key.expires_at))
            state = "已停用" if key.revoked_at or user.disabled_at else "有效"
            table.add_row(*map(escape, (key.name, user.name, user.role, key.prefix)), *moments, state)
    _out.print(table)


def revoke_key(settings: Settings, name: str) -> None:
    """End a key."""
    with connected_database(settings) as database, database.transaction() as session:
        keys.revoke(session, name)
        record(session, "revoke_key", name=name)


def add_user(settings: Settings, name: str, role: Role, team: str | None, agent_id: str | None) -> str:
    """Make a user; returns the first password."""
    with connected_database(settings) as database, database.transaction() as session:
        password = users.reset_password(session, users.add(session, name, role, team=team, agent_id=agent_id))
        record(session, "add_user", name=name, role=role, team=team, agent_id=agent_id)
        return password


def reset_password(settings: Settings, name: str) -> str:
    """Give a user a new password; returns it."""
    with connected_database(settings) as database, database.transaction() as session:
        password = users.reset_password(session, users.named(session, name))
        record(session, "reset_password", name=name)
        return password


def list_users(settings: Settings) -> None:
    """Print all users as a table."""
    table = Table("用户", "角色", "团队", "坐席工号", "创建", "最近登录", "状态")
    with connected_database(settings) as database, database.transaction() as session:
        for user in users.everyone(session):
            state = "已停用" if user.disabled_at else "有效"
            moments = (moment(at) for at in (user.created_at, user.signed_in_at))
            names = (user.name, user.role, user.team or "–", user.agent_id or "–")
            table.add_row(*map(escape, names), *moments, state)
    _out.print(table)


def revoke_user(settings: Settings, name: str) -> None:
    """Shut a user out."""
    with connected_database(settings) as database, database.transaction() as session:
        users.change(session, users.named(session, name), {"disabled": True})
        record(session, "revoke_user", name=name)


def verify_audit(settings: Settings, expected: str | None) -> bool:
    """Check the whole chain of the audit log and print its head; whether it is whole and holds `expected`."""
    with connected_database(settings) as database, database.transaction() as session:
        total, broken, found = 0, 0, expected in (None, audit.GENESIS)
        for entry, fine in audit.verify(session):
            total, broken, found = total + 1, broken + (not fine), found or entry.hash == expected
            if not fine:
                _err.print(f"第 {entry.id} 条与记录时不符，或其前有缺失", style="red")
        if not found:
            _err.print("链中没有给出的哈希：记录被截断或整体替换", style="red")
        _out.print(f"共 {total} 条，{broken} 条有问题；链尾 {audit.head(session)}", highlight=False, soft_wrap=True)
    return not broken and found
