"""Where commands begin and may end: settings read from the environment, and a clear line when something is wrong."""

from datetime import datetime
from typing import NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from app.settings import Settings

_err = Console(stderr=True)


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
    """A time as tables show it."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at else "–"
