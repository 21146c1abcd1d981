"""What ``send`` does: show what will go where, ask, send, and show what became of it."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from broadcaster.audience import Audience, estimate
from broadcaster.cli import context
from broadcaster.cli.errors import NOT_DELIVERED, UsageError
from broadcaster.cli.output import console, print_json, table
from broadcaster.cli.previewing import audience_line
from broadcaster.cli.progress import as_data, progress_table, summary
from broadcaster.cli.reading import message_of
from broadcaster.cli.reporting import print_reasons, report
from broadcaster.cli.running import STOPPING
from broadcaster.config import Config, Mode
from broadcaster.delivery import OPEN, REACHED, State
from broadcaster.plan import Plan, plan_for
from broadcaster.runtime import assembled, opened, utc_now
from broadcaster.sending import Sent, Watch, go_on, send
from broadcaster.store import doubts, reports
from broadcaster.store.database import Database
from broadcaster.store.reports import Progress, Tally
from channels.registry import CHANNELS
from channels.sms import SMS
from messages.checking import expiry
from messages.document import message_id


def deliver(config: Config, file: Path, *, yes: bool, dry_run: bool, as_json: bool, wait: float) -> int:
    """Send a file; returns the exit code.

    The question is asked between two pieces of work and not within one, so that Ctrl-C answers it.

    Raises:
        InputError, StoreError, SealError, UsageError: nothing was sent.
    """
    message = message_of(file)
    # With --json what is for people goes to the other stream, if there are any.
    out = console(sys.stderr, quiet=not sys.stderr.isatty()) if as_json else console()
    before, settled = context.run(_so_far(config, message_id(message)))
    if before.total and settled:
        out.print("This very message was sent before, and nothing goes out twice. What became of it:")
        code = context.run(report(config, message_id(message), as_json=as_json))
        return 0 if dry_run else code
    plan = None if before.total else plan_for(message, config, datetime.now(config.zone))
    if plan is None:
        out.print("This very message was sent before, though not to its end. What is left would go on:")
        out.print(progress_table(before))
        planned = as_data(message_id(message), before)
    else:
        audience = context.run(_audience(config, plan))
        print_plan(out, plan, audience, datetime.now(config.zone))
        planned = _as_planned(plan, audience)
    if dry_run or not (yes or _agreed(config.mode)):
        if as_json:
            print_json(planned)
        out.print("Nothing was sent.")
        return 0 if dry_run else NOT_DELIVERED
    return context.run(_send(config, plan or message_id(message), file, out, as_json=as_json, wait=wait))


async def _so_far(config: Config, message: str) -> tuple[Progress, bool]:
    """How far a message is (empty for a new one), and whether nothing more will happen to it by itself."""
    async with opened(config) as store:
        await store.subscribers.expect_key()
        progress = await reports.progress(store.database, message)
        return progress, progress.done and not await doubts.looked_up(store.database, message)


async def _audience(config: Config, plan: Plan) -> Audience:
    async with opened(config) as store:
        return await estimate(plan, config, store.database)


async def _send(config: Config, what: Plan | str, file: Path, out: Console, *, as_json: bool, wait: float) -> int:
    """Send a plan, or what is left of a message by its id."""
    stop = context.stopped_by_signals(STOPPING)
    async with assembled(config) as broadcaster:
        with watched(out) as tell:
            watch = Watch(stop, tell, wait)
            if isinstance(what, Plan):
                sent = await send(broadcaster, what, now=utc_now(), actor=context.actor(), watch=watch)
            else:
                sent = await go_on(broadcaster, what, watch)
        if as_json:
            print_json(as_data(sent.message, sent.progress))
        await _print_end(out, broadcaster.store.database, sent, file)
    return 0 if sent.progress.count(*REACHED) == sent.progress.total else NOT_DELIVERED


def print_plan(out: Console, plan: Plan, audience: Audience, now: datetime) -> None:
    """Show what will go where."""
    out.print(f"{plan.message.kind}, {plan.message.severity}: {plan.headline}", style="bold")
    shown = table("municipality", *CHANNELS)
    for municipality in plan.message.municipalities:
        cells = []
        for channel in CHANNELS:
            languages = [r.language for r in plan.of_channel(channel) if r.municipality == municipality]
            if channel == SMS.name:
                languages = [f"{audience.readers.get((municipality, code), 0)} {code}" for code in languages]
            cells.append(", ".join(languages) or "–")
        shown.add_row(municipality, *cells)
    out.print(shown)
    done, expires = now + audience.duration, expiry(plan.message, now)
    out.print(f"{audience_line(audience)} Done at about {done:%H:%M}. Expires {expires:%Y-%m-%d %H:%M}.")
    if done >= expires:
        out.print(
            "note: at the rate of the SMS account, some would expire before it is their turn. Ask the provider for a "
            "higher rate, name a second account, or let the message expire later.",
            style="yellow",
        )


def _as_planned(plan: Plan, audience: Audience) -> dict[str, object]:
    """What ``--dry-run --json`` prints: the shape of ``send --json``, with everything still to come."""
    planned = [Tally(p.rendition.channel, p.rendition.municipality, State.PENDING, 1) for p in plan.postings]
    planned += [Tally(SMS.name, place, State.PENDING, n) for (place, _), n in audience.readers.items()]
    return as_data(plan.id, Progress(tuple(planned))) | {"state": "planned"}


def _agreed(mode: Mode) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("nobody can be asked here: add --yes to send, or --dry-run to look. Nothing was sent.")
    readers = "residents" if mode is Mode.LIVE else "the sandbox"
    try:
        print(f"Send it to {readers}? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes", "j", "ja"}
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return False


@contextmanager
def watched(out: Console) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, nothing in a pipe; gives what is to be told of the progress."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        # Only now, for the bar has put a stream in the place of stderr that keeps the two apart.
        logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
        task = bar.add_task("sending", total=None)

        def watch(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.total - progress.count(*OPEN))

        yield watch


async def _print_end(out: Console, database: Database, sent: Sent, file: Path) -> None:
    out.print(progress_table(sent.progress))
    await print_reasons(out, database, sent.message)
    out.print(summary(sent.progress))
    if left := sent.progress.count(*OPEN):
        out.print(
            f"{left} are still to come. They go on with `broadcaster send {file}` or `broadcaster serve`; "
            "nothing is sent twice."
        )
    if in_doubt := sent.progress.count(State.IN_DOUBT):
        out.print(
            f"{in_doubt} may have been sent. `broadcaster send {file}` and `broadcaster serve` ask the provider; "
            "see `broadcaster doubts list`."
        )
    out.print(f"What becomes of it: `broadcaster status {sent.message}`")
