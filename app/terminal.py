"""Where commands begin and may end: settings read from the environment, and a clear line when something is wrong."""

import os
from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from app.schemas import CALL_ZONE
from app.settings import Settings
from app.wording import wrong

#: What settings are called in the environment.
_PREFIX, _KNOWN = Settings.model_config["env_prefix"], [name.upper() for name in Settings.model_fields]

#: Characters, more than any table needs.
_ENDLESS = 10_000


def output(*, stderr: bool = False) -> Console:
    """Where results go, or faults. A file or a pipe has no width: Rich would cut and wrap at 80 characters there."""
    usual = Console(stderr=stderr)
    return usual if usual.is_terminal else Console(stderr=stderr, width=_ENDLESS)


_err = output(stderr=True)


def stop(message: object, code: int) -> NoReturn:
    """Say what is wrong and end the command."""
    _err.print(str(message), style="red", markup=False, highlight=False)
    raise typer.Exit(code)


def read_settings(*, again: bool = False) -> Settings:
    """The settings from the environment; ends the command when one is wrong.

    What looks like a setting and is none is told, but for a process whose parent has done so: `again`.
    """
    for name in () if again else unknown(os.environ):
        near = get_close_matches(name.upper().removeprefix(_PREFIX), _KNOWN, 1)
        like = f"，是否指 {_PREFIX}{near[0]}？" if near else ""
        _err.print(f"没有名为 {name} 的设置，未采用{like}", style="yellow", markup=False, highlight=False)
    try:
        return Settings()
    except ValidationError as error:
        faults = (f"{_PREFIX}{str(fault['loc'][0]).upper()}: {wrong(fault, 'zh')}" for fault in error.errors())
        stop("\n".join(faults), code=2)


def unknown(names: Iterable[str]) -> list[str]:
    """Those of the names that look like settings of ours and are none: a misspelt one would be ignored in silence."""
    ours = (name for name in names if name.upper().startswith(_PREFIX))
    return sorted(name for name in ours if name.upper().removeprefix(_PREFIX) not in _KNOWN)


def moment(at: datetime | None) -> str:
    """A time as tables show it: on the wall clock of the pages, whatever the machine's is."""
    return f"{at.astimezone(CALL_ZONE):%Y-%m-%d %H:%M}" if at else "–"
