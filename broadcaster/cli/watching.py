"""What ``send`` does once it has been agreed on: send, show how far it is, and what became of it."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from broadcaster.cli import context
from broadcaster.cli.errors import NOT_DELIVERED
from broadcaster.cli.output import print_json
from broadcaster.cli.progress import as_data, progress_table, summary
from broadcaster.cli.reporting import print_reasons
from broadcaster.cli.workers import going_on, how_to_end, who_goes_on
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.delivery import OPEN, REACHED, State
from broadcaster.plan import Plan
from broadcaster.runtime import Broadcaster, assembled
from broadcaster.sending import Sent, Watch, go_on, send
from broadcaster.store import reports
from broadcaster.store.database import Database
from broadcaster.store.reports import Progress
from broadcaster.store.workers import others_at_work


async def see_through(config: Config, what: Plan | str, again: str, out: Console, *, as_json: bool, wait: float) -> int:
    """Send a plan, or what is left of a message by its id; returns the exit code.

    Args:
        again: the command that goes on with what is left.
    """
    stop = context.stopped_by_signals(context.STOPPING)
    async with assembled(config) as broadcaster:
        message = what.id if isinstance(what, Plan) else what
        with watched(out, config.zone) as tell, told_who_goes_on(out, broadcaster.store.database, message, stop):
            watch = Watch(stop, tell, wait)
            if isinstance(what, Plan):
                sent = await send(broadcaster, what, now=utc_now(), actor=context.actor(), watch=watch)
            else:
                sent = await go_on(broadcaster, what, watch)
        if as_json:
            print_json(as_data(sent.message, sent.progress))
        await _print_end(out, broadcaster, sent, again)
    return 0 if sent.progress.count(*REACHED) == sent.progress.total else NOT_DELIVERED


class DoneAt(ProgressColumn):
    """When all will be done, at the speed of the last half minute."""

    max_refresh = 1.0

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def render(self, task: Task) -> Text:
        """Say it, as soon as there is a speed."""
        if task.time_remaining is None:
            return Text("")
        return Text(f"done at {datetime.now(self._zone) + timedelta(seconds=task.time_remaining):%H:%M %Z}")


@contextmanager
def watched(out: Console, zone: ZoneInfo) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, nothing in a pipe; gives what is to be told of the progress."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        DoneAt(zone),
    )
    with Bar(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        # Only now, for the bar has put a stream in the place of stderr that keeps the two apart.
        logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
        task = bar.add_task("sending", total=None)

        def watch(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.total - progress.count(*OPEN))

        yield watch


@contextmanager
def told_who_goes_on(out: Console, database: Database, message: str, stop: asyncio.Event) -> Iterator[None]:
    """Tell whoever presses Ctrl-C at once who goes on all the same: what is on its way here may take a while."""

    async def tell() -> None:
        await stop.wait()
        if others := await others_at_work(database, message, utc_now()):
            out.print(f"{going_on(others)} all the same. {how_to_end(others, message)}")

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


async def print_what_is_left(out: Console, database: Database, message: str, again: str) -> None:
    """Say how much is still to come, who goes on with it, and how to end that; nothing if all is done by now."""
    others = await who_goes_on(database, message)
    left = (await reports.progress(database, message)).count(*OPEN)
    if not left:
        return
    if others:
        out.print(f"{left} are still to come. {going_on(others)} with them.", style="bold yellow")
        out.print(how_to_end(others, message))
    else:
        out.print(f"{left} are still to come. They go on with `{again}` or `broadcaster serve`; nothing is sent twice.")
        out.print(f"No process is sending them now. To call them off: `broadcaster retract {message}`.")


async def _print_end(out: Console, broadcaster: Broadcaster, sent: Sent, again: str) -> None:
    out.print(progress_table(sent.progress))
    await print_reasons(out, broadcaster.config, broadcaster.store.database, sent.message)
    out.print(summary(sent.progress))
    if sent.progress.count(*OPEN):
        await print_what_is_left(out, broadcaster.store.database, sent.message, again)
    if in_doubt := sent.progress.count(State.IN_DOUBT):
        out.print(
            f"{in_doubt} may have been sent. `{again}` and `broadcaster serve` ask the provider; "
            "see `broadcaster doubts list`."
        )
    out.print(f"What becomes of it: `broadcaster status {sent.message}`")
