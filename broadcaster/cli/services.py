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
_Owners = Annotated[
    list[str] | None,
    typer.Option(
        "--municipality",
        "-m",
        help="Municipality whose service it is; may be repeated. All that have it if left out.",
        metavar="NAME",
    ),
]
_Name = Annotated[str, typer.Argument(help="What residents call the service.", metavar="NAME")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Change it without asking.")]


@app.command("set")
def set_(  # noqa: PLR0913 - each is something that a person types
    name: _Name,
    status: Annotated[ServiceStatus, typer.Argument(help="How it stands.", metavar="working|limited|down")],
    municipality: _Owners = None,
    note: Annotated[str, typer.Option("--note", help="What residents should know about it.", metavar="TEXT")] = "",
    since: Annotated[
        str | None,
        typer.Option("--since", help="Since when it has this status; unknown to leave that out.", metavar="TIME"),
    ] = None,
    *,
    everybody: Annotated[
        bool, typer.Option("--all", help="Every sender, including those that have no such service.")
    ] = False,
    is_new: Annotated[
        bool, typer.Option("--new", help="It is a new service, although another has a similar name.")
    ] = False,
    yes: _Yes = False,
) -> None:
    """Say how a service stands.

    Shows what will change, and asks. What its note said before is gone; since when it stands like that stays as long as
    the status does. Of a new service that works nobody says since when.

    Example: broadcaster services set "E-tjänster" down -m borgholm --note "Ring växeln"
    """
    from broadcaster.cli.board import Wish, set_one

    wish = Wish(name, status, note, municipality or [], everybody, since, is_new)
    raise typer.Exit(set_one(context.config(), wish, yes=yes))


@app.command("list")
def list_(municipality: _Municipalities = None, *, as_json: Json = False) -> None:
    """List how services stand, and since when.

    Example: broadcaster services list
    """
    from broadcaster.cli.board import show_all

    context.run(show_all(context.config(), municipality or [], as_json=as_json))


@app.command()
def undo(name: _Name, municipality: _Owners = None, *, yes: _Yes = False) -> None:
    """Undo what was changed last of a service, whoever changed it.

    Shows what will change, and asks. Undone once more, it is as it was.

    Example: broadcaster services undo "E-tjänster"
    """
    from broadcaster.cli.board import undo_one

    raise typer.Exit(undo_one(context.config(), name, municipality or [], yes=yes))


@app.command()
def clear(
    name: Annotated[str | None, typer.Argument(help="The service.", metavar="NAME")] = None,
    municipality: _Owners = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All services.")] = False,
    yes: _Yes = False,
) -> None:
    """Take a service off the board, or all of them.

    Shows what will change, and asks.

    Example: broadcaster services clear "E-tjänster"
    """
    from broadcaster.cli.board import clear_some

    raise typer.Exit(clear_some(context.config(), name, municipality or [], everything=everything, yes=yes))
