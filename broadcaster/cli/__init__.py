"""The command line. Imports late, so that ``--help`` answers at once."""

import os
import sys
from io import TextIOWrapper


def main() -> None:
    """Run a command; what a person can mend ends in one clear message and the exit code that docs/reference names."""
    _make_streams_safe()
    from broadcaster.cli.app import app

    if "_BROADCASTER_COMPLETE" in os.environ:  # set by what `broadcaster completion` prints
        from typer.completion import completion_init  # type: ignore[attr-defined]  # there, but not declared

        completion_init()
    try:
        app(prog_name="broadcaster")
    except BrokenPipeError:
        _give_up_stdout()
    except Exception as error:
        from broadcaster.cli.explaining import explain

        code = explain(error)
        if code is None:
            raise
        sys.exit(code)
    finally:
        _flush()


def _make_streams_safe() -> None:
    """Let text go out on any terminal: what one cannot show becomes a question mark, a closed stream swallows it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (open to the end)
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _flush() -> None:
    """Write what is left while a reader who has gone (``| head``) can still be taken lightly."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()


def _give_up_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
