"""Where commands begin and may end: settings read from the environment, and a clear line when something is wrong."""

from datetime import datetime
from typing import NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from app.schemas import CALL_ZONE
from app.settings import Settings

_err = Console(stderr=True)

#: Characters, more than any table needs.
_ENDLESS = 10_000


def output() -> Console:
    """Where results go. A file or a pipe has no width: nothing is cut there, as Rich would at 80 characters."""
    usual = Console()
    return usual if usual.is_terminal else Console(width=_ENDLESS)


def stop(message: object, code: int) -> NoReturn:
    """Say what is wrong and end the command."""
    _err.print(str(message), style="red", markup=False, highlight=False)
    raise typer.Exit(code)


def read_settings() -> Settings:
    """The settings from the environment; ends the command when one is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        faults = (f"TINGJIAN_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        stop("\n".join(faults), code=2)


def moment(at: datetime | None) -> str:
    """A time as tables show it: on the wall clock of the pages, whatever the machine's is."""
    return f"{at.astimezone(CALL_ZONE):%Y-%m-%d %H:%M}" if at else "–"
