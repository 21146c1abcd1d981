"""What all commands share: where the configuration is, who acts, and how signals stop the work."""

import getpass
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    import asyncio

    from broadcaster.config import Config

T = TypeVar("T")

INTERRUPTED = 130
"""Exit code of what Ctrl-C ended at once, as shells have it: 128 and the number of the signal."""

STOPPING = "stopping: what is on its way is finished first. Ctrl-C again stops at once."
"""What a first Ctrl-C is answered with, where something may be on its way."""

config_file = Path("config.toml")
"""Set by ``--config`` before any command runs."""

as_json = False
"""Set by ``--json`` before its command runs."""


def config() -> "Config":
    """The configuration, checked."""
    from broadcaster.config import load

    return load(config_file)


def actor() -> str:
    """Who is at the keyboard, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return "unknown"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do a command's work to its end, or until somebody ends it at once."""
    import asyncio

    try:
        return asyncio.run(work)
    except (asyncio.CancelledError, KeyboardInterrupt):
        print("stopped at once.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def stopped_by_signals(notice: str = "", say: Callable[[str], None] | None = None) -> "asyncio.Event":
    """An event that Ctrl-C or SIGTERM sets; the next one cancels the task that called this.

    Args:
        notice: what to say when the first signal comes.
        say: says it; on standard error if none is given.
    """
    import asyncio

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task(loop)

    def on_signal() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
            return
        stop.set()
        if notice and say is not None:
            say(notice)
        elif notice:
            print(notice, file=sys.stderr)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    return stop
