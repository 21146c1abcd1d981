"""Options and arguments that several commands share."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context


def _note_json(wanted: bool) -> bool:  # noqa: FBT001 (a callback gets its option's value like this)
    context.as_json = wanted
    return wanted


Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else.", callback=_note_json, is_eager=True)
]
MessageFile = Annotated[Path, typer.Argument(help="The message.", metavar="FILE")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would go where, and stop there.")]


class Services(StrEnum):
    """What becomes of the services that the board still says do not work when an all-clear goes out."""

    WORK = "work"
    STILL_DOWN = "still-down"


Remaining = Annotated[
    Services | None,
    typer.Option(
        "--services",
        help="An all-clear: what the board still says does not work, works again, or is still down and said to be so.",
    ),
]
NewIncident = Annotated[
    bool, typer.Option("--new-incident", help="It is a new incident, though one of nearly the same name goes on.")
]


@dataclass(frozen=True, slots=True)
class Answers:
    """What is answered before it is asked.

    Args:
        yes: nobody is to be asked.
    """

    yes: bool
    services: Services | None = None
    new_incident: bool = False


Wait = Annotated[
    float, typer.Option(min=0, help="Keep watching for this long after the last change.", metavar="SECONDS")
]
Municipalities = Annotated[
    list[str] | None,
    typer.Option("--municipality", "-m", help="Only those of this one. May be repeated.", metavar="NAME"),
]
Channels = Annotated[
    list[str] | None,
    typer.Option("--channel", help="Only those of this one. May be repeated.", metavar="NAME"),
]
Reporters = Annotated[
    list[str] | None,
    typer.Option(
        "--municipality",
        "-m",
        help="Who reports; all of the last message if left out. May be repeated.",
        metavar="NAME",
    ),
]
