"""Errors as a person at a terminal wants to read them, and as a program does."""

import sys
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from broadcaster.cli import context
from broadcaster.cli.errors import BAD_CONFIGURATION, BAD_INPUT, ServiceError, UsageError
from broadcaster.cli.output import console, print_json
from broadcaster.config import ConfigError
from broadcaster.scaffold import ScaffoldError
from broadcaster.store.errors import RefusedError, StoreError
from broadcaster.store.sealing import SealError
from messages.problems import InputError, Place, Problem

_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigError, BAD_CONFIGURATION),
    (InputError, BAD_INPUT),
    (UsageError, BAD_INPUT),
    (RefusedError, BAD_INPUT),
    (StoreError, BAD_CONFIGURATION),
    (SealError, BAD_CONFIGURATION),
    (ScaffoldError, BAD_CONFIGURATION),
    (ServiceError, BAD_CONFIGURATION),
)


def explain(error: Exception) -> int | None:
    """Say what is wrong and return the exit code; None for an error that is ours."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
    if code is None:
        return None
    problems = _problems(error)
    print_problems(problems)
    if context.as_json:
        print_json({"problems": as_data(problems)})
    return code


def _problems(error: Exception) -> Sequence[Problem]:
    match error:
        case InputError():
            return error.problems
        case SealError():  # which knows the key and not where it came from
            return [Problem(f"{error}.", Place(str(context.config_file), key="key"))]
        case _:
            return [Problem(str(error))]


def print_problems(problems: Sequence[Problem]) -> None:
    """Print each on a line of its own, to the stream for errors."""
    out = console(sys.stderr)
    for problem in problems:
        out.print(Text.assemble(("error: ", "bold red"), str(problem)))


def as_data(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems as ``--json`` prints them."""
    return [
        {
            "level": "error",
            "text": problem.text,
            "file": problem.place.file,
            "line": problem.place.line,
            "key": problem.place.key,
            "advice": problem.advice,
        }
        for problem in problems
    ]
