"""``send`` and ``status``: the message goes out, and what became of it."""

from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.options import Json, MessageFile


def send(
    file: MessageFile,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go where, and stop there.")] = False,
    as_json: Json = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Watch on for so long after the last movement.", metavar="SECONDS")
    ] = 90,
) -> None:
    """Send a message, and watch what becomes of it.

    Shows what will go where and asks first. The same file again sends nothing twice: it goes on with what is left.

    Example: broadcaster send message.md
    """
    from broadcaster.cli.delivering import deliver

    raise typer.Exit(deliver(context.config(), file, yes=yes, dry_run=dry_run, as_json=as_json, wait=wait))


def status(
    message: Annotated[
        str | None,
        typer.Argument(help="Its id, or the beginning of it; the last one if left out.", metavar="MESSAGE"),
    ] = None,
    *,
    as_json: Json = False,
    recent: Annotated[bool, typer.Option("--recent", help="List the messages sent last.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Its prompts are switched on at the switchboard, says whoever types this.")
    ] = False,
    line: Annotated[str | None, typer.Option("--line", help="Confirm only this line.", metavar="NAME")] = None,
) -> None:
    """Show what became of a message.

    Exits with 1 while something of it is not delivered, or not confirmed.

    Example: broadcaster status
    """
    from broadcaster.cli.reporting import Confirmation, list_recent, report

    config = context.config()
    if recent:
        context.run(list_recent(config, as_json=as_json))
        return
    confirmation = Confirmation(line) if confirm else None
    raise typer.Exit(context.run(report(config, message, as_json=as_json, confirmation=confirmation)))
