"""``new`` and ``preview``: before anything is sent."""

from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.options import Json, MessageFile


def new(
    starter: Annotated[
        str | None, typer.Argument(help="For which event; leave it out to see the list.", metavar="STARTER")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, if it is new.", metavar="FILE")
    ] = None,
    municipalities: Annotated[
        list[str] | None,
        typer.Option("--municipality", "-m", help="Who sends; all if left out. May be repeated.", metavar="NAME"),
    ] = None,
) -> None:
    """Start a message from a starter for a common event.

    Example: broadcaster new it-incident -o message.md
    """
    from broadcaster.cli.starting import listing, started, write

    if starter is None:
        print(listing())
        return
    text = started(context.config(), starter, municipalities)
    if output is None:
        print(text, end="")
        return
    write(output, text)
    print(f"wrote    {output}\n\nNext: fill in what stands in [[ ]], then `broadcaster preview {output}`.")


def preview(file: MessageFile, *, as_json: Json = False) -> None:
    """Show every text that residents would get. Sends nothing.

    Example: broadcaster preview message.md
    """
    from broadcaster.cli.previewing import show

    raise typer.Exit(context.run(show(context.config(), file, as_json=as_json)))
