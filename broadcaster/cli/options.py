"""Options and arguments that several commands share."""

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
