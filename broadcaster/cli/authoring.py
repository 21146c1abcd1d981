"""``new`` and ``preview``: before anything is sent."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.errors import UsageError
from broadcaster.cli.options import Channels, Json, MessageFile, Municipalities, Reporters


class Following(StrEnum):
    """What may follow a message."""

    UPDATE = "update"
    CORRECTION = "correction"
    ALL_CLEAR = "all-clear"


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
    former: Annotated[
        str | None,
        typer.Option("--from", help="Start from a message that was sent, by its id.", metavar="MESSAGE"),
    ] = None,
    kind: Annotated[
        Following | None,
        typer.Option("--kind", help="With --from: the kind of the new message; an update if left out."),
    ] = None,
) -> None:
    """Start a message from a starter or from one that was sent.

    Example: broadcaster new it-incident -o message.md
    """
    from broadcaster.cli.starting import listing, started, write

    if former is not None:
        text = _following(former, kind or Following.UPDATE, starter, municipalities)
    elif kind is not None:
        raise UsageError("--kind is for a message that follows another: name that one with --from.")
    elif starter is None:
        print(listing())
        return
    else:
        text = started(context.config(), starter, municipalities)
    if output is None:
        print(text, end="")
        return
    write(output, text)
    todo = "fill in what stands in [[ ]]" if former is None else "change its text"
    print(f"wrote    {output}\n\nNext: {todo}, then `broadcaster preview {output}`.")


def _following(former: str, kind: Following, starter: str | None, municipalities: list[str] | None) -> str:
    from broadcaster.cli.succeeding import begun
    from messages.model import Kind

    if starter is not None:
        raise UsageError("a message starts from a starter or from one that was sent, not from both.")
    if municipalities:
        raise UsageError(
            "a message that follows another takes over its municipalities: leave -m out, and change them in the file."
        )
    return begun(context.config(), former, Kind(kind.value))


def preview(
    file: MessageFile, municipalities: Municipalities = None, channels: Channels = None, *, as_json: Json = False
) -> None:
    """Show every text that residents would get. Sends nothing.

    Example: broadcaster preview message.md
    """
    from broadcaster.cli.previewing import Only, show

    only = Only(tuple(municipalities or ()), tuple(channels or ()))
    raise typer.Exit(context.run(show(context.config(), file, only, as_json=as_json)))


def report(
    incident: Annotated[str, typer.Argument(help="Its name, or the beginning of it.", metavar="INCIDENT")],
    municipalities: Reporters = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, if it is new.", metavar="FILE")
    ] = None,
) -> None:
    """Compose a situation report, to be looked at and sent.

    Example: broadcaster report "Dataintrång" -o report.md
    """
    from broadcaster.cli.situating import composed
    from broadcaster.cli.starting import write

    _, text = context.run(composed(context.config(), incident, municipalities or []))
    if output is None:
        print(text, end="")
        return
    write(output, text)
    print(f"wrote    {output}\n\nNext: read it, then `broadcaster send {output}`.")
