"""``update``, ``correct``, ``all-clear`` and ``retract``: what comes after a message."""

import re
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from broadcaster.cli import context
from broadcaster.cli.errors import UsageError
from broadcaster.cli.options import Answers, DryRun, Json, Remaining, Wait, Yes

_COMMANDS = {"update": "update", "correction": "correct"}

FollowingFile = Annotated[Path | None, typer.Argument(help="What to send.", metavar="FILE", show_default=False)]
Followed = Annotated[
    str | None,
    typer.Argument(
        help="The id of a message, its beginning, or the name of its incident; may be left out.", metavar="MESSAGE"
    ),
]


def update(
    message: Followed = None,
    file: FollowingFile = None,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
) -> None:
    """Send a file as an update of a message.

    Residents get an SMS only if the file says notify = true.

    Without an id it is of the last message of the incident that goes on.

    Example: broadcaster update update.md
    """
    _send("update", message, file, Answers(yes), dry_run=dry_run, as_json=as_json, wait=wait)


def correct(
    message: Followed = None,
    file: FollowingFile = None,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
) -> None:
    """Send a file in the place of a message that is wrong.

    Post, feed entry and announcement are changed; residents who were sent the wrong text get the right one.

    Without an id it is of the last message of the incident that goes on.

    Example: broadcaster correct corrected.md
    """
    _send("correction", message, file, Answers(yes), dry_run=dry_run, as_json=as_json, wait=wait)


def all_clear(
    message: Followed = None,
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

    Without an id it ends the incident that goes on.

    Example: broadcaster all-clear
    """
    _send("all-clear", message, file, Answers(yes, services), dry_run=dry_run, as_json=as_json, wait=wait)


def retract(
    message: Followed = None,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    wait: Wait = 90,
) -> None:
    """Take a message back from wherever that is possible.

    It goes from pages, feeds and phone lines, and SMS that have not left are not sent. An SMS that has left cannot be
    taken back: write a correction, which is never sent automatically.

    Without an id it is the last message of the incident that goes on.

    Example: broadcaster retract 3f9a0c1d2e
    """
    from broadcaster.cli.retracting import take_back

    code = take_back(context.config(), message, yes=yes, dry_run=dry_run, as_json=as_json, wait=wait)
    raise typer.Exit(code)


def _send(
    kind: str, message: str | None, file: Path | None, answers: Answers, *, dry_run: bool, as_json: bool, wait: float
) -> NoReturn:
    from broadcaster.cli.delivering import deliver
    from broadcaster.cli.output import talking
    from broadcaster.cli.succeeding import following
    from messages.model import Kind

    message, file = _told_apart(message, file)
    if file is None and kind != "all-clear":
        raise UsageError(
            f"name the file to send: broadcaster {' '.join(filter(None, (_COMMANDS[kind], message)))} FILE."
        )
    config = context.config()
    out = talking(as_json=as_json)
    found, again = following(config, Kind(kind), message, file, answers, out, ask=not dry_run)
    raise typer.Exit(deliver(config, found, again, answers, dry_run=dry_run, as_json=as_json, wait=wait))


def _told_apart(message: str | None, file: Path | None) -> tuple[str | None, Path | None]:
    """Which of the two was left out, if only one was typed: a file has a name like message.md, or is there."""
    if message is None or file is not None:
        return message, file
    is_file = re.search(r"\.\w+$", message) is not None or Path(message).exists()
    return (None, Path(message)) if is_file else (message, None)
