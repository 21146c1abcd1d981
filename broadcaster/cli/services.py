"""``services``: the board that tells residents what works."""

from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Json
from messages.model import ServiceStatus

app = group(
    """Tell residents which services work.

    Example: broadcaster services set "E-tjänster" down --note "Ring växeln"
    """
)

_Municipalities = Annotated[
    list[str] | None,
    typer.Option("--municipality", "-m", help="Its short name; may be repeated. All if left out.", metavar="NAME"),
]
_Name = Annotated[str, typer.Argument(help="What residents call the service.", metavar="NAME")]


@app.command("set")
def set_(
    name: _Name,
    status: Annotated[ServiceStatus, typer.Argument(help="How it stands.", metavar="working|limited|down")],
    municipality: _Municipalities = None,
    note: Annotated[str, typer.Option("--note", help="What residents should know of it.", metavar="TEXT")] = "",
) -> None:
    """Say how a service stands.

    What its note said before is gone; since when it stands like that stays as long as the status does.

    Example: broadcaster services set "E-tjänster" down -m borgholm --note "Ring växeln"
    """
    from broadcaster.cli.board import set_one

    context.run(set_one(context.config(), name, status, note, municipality or []))


@app.command("list")
def list_(municipality: _Municipalities = None, *, as_json: Json = False) -> None:
    """List how services stand, and since when.

    Example: broadcaster services list
    """
    from broadcaster.cli.board import show_all

    context.run(show_all(context.config(), municipality or [], as_json=as_json))


@app.command()
def clear(
    name: Annotated[str | None, typer.Argument(help="The service.", metavar="NAME")] = None,
    municipality: _Municipalities = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All services.")] = False,
) -> None:
    """Take a service off the board, or all of them.

    Example: broadcaster services clear "E-tjänster"
    """
    from broadcaster.cli.board import clear_some

    context.run(clear_some(context.config(), name, municipality or [], everything=everything))
