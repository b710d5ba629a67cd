"""The commands about users, keys and the audit log, as parts of `tingjian`."""

from typing import Annotated

import typer

from app.security import Role
from app.terminal import read_settings

key = typer.Typer(help="API 密钥", no_args_is_help=True)
user = typer.Typer(help="用户", no_args_is_help=True)
audit = typer.Typer(help="审计日志", no_args_is_help=True)


@key.command("add")
def add_key(
    name: str,
    role: Annotated[Role | None, typer.Option(help="给一个新的程序，能做什么")] = None,
    user: Annotated[str | None, typer.Option(help="给已有用户")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="多少天后失效")] = None,
) -> None:
    """新建密钥；只显示这一次。"""
    from app import accounts

    print(accounts.add_key(read_settings(), name, role, user, days))


@key.command("renew")
def renew_key(name: str) -> None:
    """换一个新密钥，旧的立即失效；只显示这一次。"""
    from app import accounts

    print(accounts.renew_key(read_settings(), name))


@key.command("list")
def list_keys() -> None:
    """列出密钥。"""
    from app import accounts

    accounts.list_keys(read_settings())


@key.command("revoke")
def revoke_key(name: str) -> None:
    """停用密钥，立即生效。"""
    from app import accounts

    accounts.revoke_key(read_settings(), name)


@user.command("add")
def add_user(
    name: str,
    role: Annotated[Role, typer.Option(help="能做什么")],
    team: Annotated[str | None, typer.Option(help="只看这个团队的通话")] = None,
    agent_id: Annotated[str | None, typer.Option(help="催收员的坐席工号")] = None,
) -> None:
    """新建用户；密码只显示这一次。"""
    from app import accounts

    print(accounts.add_user(read_settings(), name, role, team, agent_id))


@user.command("password")
def reset_password(name: str) -> None:
    """换一个新密码，已登录的立即退出；只显示这一次。"""
    from app import accounts

    print(accounts.reset_password(read_settings(), name))


@user.command("list")
def list_users() -> None:
    """列出用户。"""
    from app import accounts

    accounts.list_users(read_settings())


@user.command("revoke")
def revoke_user(name: str) -> None:
    """停用用户，密钥与会话立即失效。"""
    from app import accounts

    accounts.revoke_user(read_settings(), name)


@audit.command("verify")
def verify_audit(
    expect: Annotated[str | None, typer.Option(help="以前记下的链尾哈希，须仍在链中")] = None,
) -> None:
    """检查审计日志的哈希链，打印链尾；把链尾另存他处，就能发现整体替换。"""
    from app import accounts

    raise typer.Exit(0 if accounts.verify_audit(read_settings(), expect) else 1)
