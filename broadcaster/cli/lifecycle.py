"""``update``, ``correct``, ``all-clear`` and ``retract``: what comes after a message."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from broadcaster.cli import context
from broadcaster.cli.options import Answers, DryRun, Json, MessageFile, MessageId, Remaining, Wait, Yes


def update(
    message: MessageId,
    file: MessageFile,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
) -> None:
    """Send a file as an update of a message.

    Residents get an SMS only if the file says notify = true.

    Example: broadcaster update 3f9a0c1d2e update.md
    """
    _send("update", message, file, Answers(yes), dry_run=dry_run, as_json=as_json, wait=wait)


def correct(
    message: MessageId,
    file: MessageFile,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
) -> None:
    """Send a file in the place of a message that is wrong.

    Post, feed entry and announcement are changed; residents who were sent the wrong text get the right one.

    Example: broadcaster correct 3f9a0c1d2e corrected.md
    """
    _send("correction", message, file, Answers(yes), dry_run=dry_run, as_json=as_json, wait=wait)


def all_clear(
    message: MessageId,
    file: Annotated[
        Path | None, typer.Argument(help="What to say; a few plain words if left out.", metavar="FILE")
    ] = None,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
    services: Remaining = None,
) -> None:
    """Say that it is over, and close the incident.

    Everybody who was sent the alert is told; phone lines are silent about it from then on. What the board of services
    still says does not work is asked about, or told with --services.

    Example: broadcaster all-clear 3f9a0c1d2e
    """
    _send("all-clear", message, file, Answers(yes, services), dry_run=dry_run, as_json=as_json, wait=wait)


def retract(
    message: MessageId,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
) -> None:
    """Take a message back from wherever that is possible.

    It goes from pages, feeds and phone lines, and SMS that have not left are not sent. An SMS that has left cannot be
    taken back: write a correction, which is never sent by itself.

    Example: broadcaster retract 3f9a0c1d2e
    """
    from broadcaster.cli.retracting import take_back

    code = take_back(context.config(), message, yes=yes, dry_run=dry_run, as_json=as_json, wait=wait)
    raise typer.Exit(code)


def _send(
    kind: str, message: str, file: Path | None, answers: Answers, *, dry_run: bool, as_json: bool, wait: float
) -> NoReturn:
    from broadcaster.cli.delivering import deliver
    from broadcaster.cli.output import talking
    from broadcaster.cli.succeeding import following
    from messages.model import Kind

    config = context.config()
    out = talking(as_json=as_json)
    found, again = following(config, Kind(kind), message, file, answers, out, ask=not dry_run)
    raise typer.Exit(deliver(config, found, again, answers, dry_run=dry_run, as_json=as_json, wait=wait))
