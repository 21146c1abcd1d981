"""``serve``, ``sandbox`` and ``demo``: what runs until it is stopped."""

from typing import Annotated

import typer

from broadcaster.cli import context


def serve() -> None:
    """Send what waits, hand out pages, answer phones and texts.

    Runs until Ctrl-C.

    Example: broadcaster serve
    """
    from broadcaster.cli.running import run_server

    context.run(run_server(context.config()))


def worker() -> None:
    """Send what waits, and serve nothing.

    Keeps schedules and promises, and follows sources.

    Any number of machines can work on one PostgreSQL database: each account is served by one of them at a time, and
    moves to another within 15 seconds when its machine dies. Runs until Ctrl-C.

    Example: broadcaster worker
    """
    from broadcaster.cli.running import run_worker

    context.run(run_worker(context.config()))


def sandbox() -> None:
    """Stand in for Twilio, 46elks and Facebook.

    Shows on a web page what they got. Listens on this machine only, and runs until Ctrl-C.

    Example: broadcaster sandbox
    """
    from broadcaster.cli.running import run_sandbox

    context.run(run_sandbox(context.config()))


def demo(
    *, stay: Annotated[bool, typer.Option("--stay", help="Keep it up until Ctrl-C, to look around.")] = False
) -> None:
    """Show it all at work on this machine, in a minute.

    Starts a sandbox, a new database and two municipalities with some subscribers, and sends one message to everybody.
    Leaves nothing behind.

    Example: broadcaster demo --stay
    """
    from broadcaster.demo import run

    raise typer.Exit(context.run(run(stay=stay)))
