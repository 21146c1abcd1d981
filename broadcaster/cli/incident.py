"""``incident``: what messages belong to, from the first alert to the record for the archive."""

from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Json

app = group(
    """Lead an incident from its opening to its record.

    Example: broadcaster incident list"""
)

_Name = Annotated[
    str,
    typer.Argument(help="Its name or the beginning of it, or the id of one of its messages.", metavar="NAME"),
]


@app.command("open")
def open_(
    name: Annotated[str, typer.Argument(help="What it is called in its messages.", metavar="NAME")],
    aware_at: Annotated[
        str | None,
        typer.Option("--aware-at", help="When the municipality became aware of it: starts the clocks.", metavar="TIME"),
    ] = None,
    earlier: Annotated[
        str | None, typer.Option("--earlier", help="An earlier, related incident.", metavar="NAME")
    ] = None,
) -> None:
    """Open an incident, also one that was closed.

    On one that is open, note what is known of it. A message automatically opens the incident that it names.

    Example: broadcaster incident open "Dataintrång april" --aware-at "2026-04-24 07:30" --earlier "Dataintrång mars"
    """
    from broadcaster.cli.leading import open_one

    context.run(open_one(context.config(), name, aware_at, earlier))


@app.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    as_json: Json = False,
) -> None:
    """List the incidents that go on.

    What was said last in each, what was promised, and what is due.

    Example: broadcaster incident list
    """
    from broadcaster.cli.leading import show_all

    context.run(show_all(context.config(), everything=everything, as_json=as_json))


@app.command()
def show(name: _Name, *, as_json: Json = False) -> None:
    """Show how an incident stands.

    Its messages and what became of them, what is promised, and the clocks of the law.

    Example: broadcaster incident show "Dataintrång"
    """
    from broadcaster.cli.leading import show_one

    context.run(show_one(context.config(), name, as_json=as_json))


@app.command()
def done(
    name: _Name,
    deadline: Annotated[
        str, typer.Argument(help="What was reported: a name that `incident show` has.", metavar="DEADLINE")
    ],
    at: Annotated[
        str | None, typer.Option("--at", help="When it was reported; now, if left out.", metavar="TIME")
    ] = None,
    not_due: Annotated[str | None, typer.Option("--not-due", help="Why no report is due.", metavar="REASON")] = None,
) -> None:
    """Note that an authority was told, or need not be.

    Nobody is reminded of that deadline any more.

    Example: broadcaster incident done "Dataintrång" early-warning --at 14:05
    """
    from broadcaster.cli.leading import note_done

    context.run(note_done(context.config(), name, deadline, at, not_due))


@app.command()
def close(name: _Name) -> None:
    """Close an incident of which nothing stands any more.

    An all-clear closes its incident automatically.

    Example: broadcaster incident close "Dataintrång"
    """
    from broadcaster.cli.leading import close_one

    context.run(close_one(context.config(), name))


@app.command()
def export(
    name: _Name,
    directory: Annotated[
        Path, typer.Argument(help="A folder: new, empty, or with an earlier record of it.", metavar="DIR")
    ],
) -> None:
    """Write the record for authorities and the archive.

    JSON, a page to print, the messages as they were written, and checksums.

    Example: broadcaster incident export "Dataintrång" protokoll
    """
    from broadcaster.cli.recording import export_one

    context.run(export_one(context.config(), name, directory))
