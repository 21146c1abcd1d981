"""``send`` and ``status``: the message goes out, and what became of it."""

from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.errors import UsageError
from broadcaster.cli.options import Answers, DryRun, Json, MessageFile, NewIncident, Remaining, Wait, Yes
from broadcaster.cli.schedule import LATE


def send(  # noqa: PLR0913 (one for each option)
    file: MessageFile,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
    services: Remaining = None,
    new_incident: NewIncident = False,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help='Send it later, automatically: 16:00, "tomorrow 16:00", 2027-03-28T16:00.', metavar="TIME"
        ),
    ] = None,
    late: Annotated[
        str | None, typer.Option("--late", help="With --at: how late it may go, such as 30m or 2h.", metavar="PERIOD")
    ] = None,
) -> None:
    """Send a message, and watch what becomes of it.

    Shows what will go where and asks first. The same file again sends nothing twice: it goes on with what is left.
    With --at it is only planned: see `broadcaster schedule list`.

    Example: broadcaster send message.md
    """
    from broadcaster.cli.reading import message_of

    config = context.config()
    message, answers = message_of(file, config), Answers(yes, services, new_incident)
    if at is not None:
        from broadcaster.cli.planning import plan_once

        raise typer.Exit(plan_once(config, message, at, late or LATE, answers, dry_run=dry_run, as_json=as_json))
    if late is not None:
        raise UsageError("--late is only for a message that goes automatically: say when, with --at.")
    from broadcaster.cli.delivering import deliver

    again = f"broadcaster send {file}"
    code = deliver(
        config, message, again, Answers(yes, services, new_incident), dry_run=dry_run, as_json=as_json, wait=wait
    )
    raise typer.Exit(code)


def status(
    message: Annotated[
        str | None,
        typer.Argument(help="Its id, its beginning, or its incident; the last one if left out.", metavar="MESSAGE"),
    ] = None,
    *,
    as_json: Json = False,
    recent: Annotated[bool, typer.Option("--recent", help="List the messages sent last.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Record that you have switched its prompts on at the switchboard.")
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
