"""``sources``: what other authorities say, and what was made of it."""

from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Json

app = group(
    """Follow what other authorities say.

    Example: broadcaster sources list"""
)

_Name = Annotated[str | None, typer.Argument(help="Its name in the configuration; all if left out.", metavar="NAME")]


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the sources, and whether they answer.

    Shows what becomes of their items, and when they are polled next.

    Example: broadcaster sources list
    """
    from broadcaster.cli.sourcing import show_all

    context.run(show_all(context.config(), as_json=as_json))


@app.command()
def poll(
    name: _Name = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done about each item, and why.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Poll now, and do what the rules say about each item.

    What is published is sent by `broadcaster serve` or `worker`.

    Example: broadcaster sources poll smhi --dry-run
    """
    from broadcaster.cli.sourcing import poll as poll_now

    raise typer.Exit(context.run(poll_now(context.config(), name, dry_run=dry_run, as_json=as_json)))


@app.command()
def drafts(*, as_json: Json = False) -> None:
    """List the drafts that were made, and whether they still hold.

    Example: broadcaster sources drafts
    """
    from broadcaster.cli.sourcing import show_drafts

    context.run(show_drafts(context.config(), as_json=as_json))


@app.command()
def items(name: _Name = None, *, as_json: Json = False) -> None:
    """List the items that were seen, what became of each, and why.

    Example: broadcaster sources items smhi
    """
    from broadcaster.cli.sourcing import show_items

    context.run(show_items(context.config(), name, as_json=as_json))
