"""What ``retract`` does: show what would be taken back, ask, and take it back."""

import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console

from broadcaster.cli import context
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.board_changes import told
from broadcaster.cli.errors import NOT_DELIVERED, UsageError
from broadcaster.cli.naming import going_on, named
from broadcaster.cli.output import console, print_json
from broadcaster.cli.progress import as_data
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.delivery import OPEN
from broadcaster.engine.waiting import pause
from broadcaster.opening import opened
from broadcaster.sending import GLANCE, Watch, go_on
from broadcaster.store import retractions
from broadcaster.store.database import Database
from broadcaster.store.reports import MessageSummary, Progress
from broadcaster.store.retractions import Reached, Retraction
from channels.sms import SMS


def take_back(config: Config, wanted: str | None, *, yes: bool, dry_run: bool, as_json: bool, wait: float) -> int:
    """Take a message back; returns the exit code.

    Args:
        wanted: its id, or the beginning of it; None for the last one of what goes on, which somebody has to confirm.

    Raises:
        StoreError, SealError, RefusedError, UsageError: nothing was taken back.
    """
    out = console(sys.stderr, quiet=not sys.stderr.isatty()) if as_json else console()
    if wanted is None and yes:  # typed twice, it would take back the message before, too
        raise UsageError("name the message that is to be taken back without a question.")
    message, found = context.run(_look(config, wanted))
    _print(out, config, message, found)
    if dry_run or not (
        yes or agreed("Take it back?", "add --yes to take it back, or --dry-run to look. Nothing was done.")
    ):
        if as_json:
            print_json({"message": message.id, "state": "planned"})
        out.print("Nothing was taken back.")
        return 0 if dry_run else NOT_DELIVERED
    return context.run(_retract(config, message, out, as_json=as_json, wait=wait))


async def _look(config: Config, wanted: str | None) -> tuple[MessageSummary, Retraction]:
    async with opened(config) as store:
        message = await named(store.database, wanted or (await going_on(store.database))[-1].id)
        return message, await retractions.foreseen(store.database, message.id, message.incident)


def _print(out: Console, config: Config, message: MessageSummary, found: Retraction) -> None:
    out.print(f"{message.id}  {message.kind}, {message.severity}: {message.headline}", style="bold")
    if len(found.versions) > 1:
        out.print(f"with all its versions: {', '.join(said.id for said in found.versions)}")
    out.print(f"It is taken away in {found.places} places on pages, in feeds and on phone lines.")
    for change in found.board:
        out.print(f"Board of services, as it was before the message: {told(change, config)}.", markup=False)
    if found.stopped:
        out.print(f"{found.stopped} SMS have not left yet, and will not.")
    if found.reached.leaving:
        out.print(f"{found.reached.leaving} SMS are leaving now; those that have not left by then will not.")
    _print_reached(out, found.reached, message.id)


def _print_reached(out: Console, reached: Reached, message: str) -> None:
    if reached.got:
        out.print(f"{reached.got} residents have got it by SMS: that cannot be taken back.")
    if reached.in_doubt:
        out.print(
            f"{reached.in_doubt} residents may have got it by SMS: `broadcaster doubts list --message {message}`."
        )


async def _retract(config: Config, message: MessageSummary, out: Console, *, as_json: bool, wait: float) -> int:
    from broadcaster.cli.watching import print_what_is_left, watched
    from broadcaster.runtime import assembled

    stop = context.stopped_by_signals(context.STOPPING)
    async with assembled(config) as broadcaster:
        database, actor = broadcaster.store.database, context.actor()
        found = await retractions.retract(database, message.id, message.incident, utc_now(), actor)
        with watched(out, config.zone) as tell:
            sent = await go_on(broadcaster, message.id, Watch(stop, tell, wait))
        reached = await _recorded(database, [said.id for said in found.versions], stop, wait)
        if as_json:
            counts = {"residents_reached": reached.got, "residents_in_doubt": reached.in_doubt}
            print_json(as_data(message.id, sent.progress) | {"retracted": True, "leaving": reached.leaving} | counts)
        places = _places(sent.progress)
        out.print(f"Taken back, except in {places} places where this is still pending." if places else _DONE)
        if reached.leaving:
            out.print(
                f"{reached.leaving} SMS are still leaving. What becomes of them: `broadcaster status {message.id}`"
            )
        _print_reached(out, reached, message.id)
        if places or reached.leaving:
            await print_what_is_left(out, database, message.id, "broadcaster serve")
    if reached.got or reached.in_doubt:
        out.print(
            f"To correct it: `broadcaster new --from {message.id} --kind correction -o corrected.md`, "
            f"then `broadcaster correct {message.id} corrected.md`."
        )
    return NOT_DELIVERED if places or reached.leaving else 0


_DONE = "It is taken back."


def _places(progress: Progress) -> int:
    """On how many pages, feeds and lines something is still to happen."""
    return sum(tally.count for tally in progress.tallies if tally.channel != SMS.name and tally.state in OPEN)


async def _recorded(database: Database, versions: Sequence[str], stop: asyncio.Event, wait: float) -> Reached:
    """What really went out, once all that was leaving is recorded; after ``wait`` seconds as far as it is."""
    until = asyncio.get_running_loop().time() + wait
    while (found := await retractions.reached(database, versions)).leaving and not stop.is_set():
        if asyncio.get_running_loop().time() >= until:
            break
        await pause(GLANCE, stop)
    return found
