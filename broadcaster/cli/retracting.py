"""What ``retract`` does: show what would be taken back, ask, and take it back."""

import sys

from rich.console import Console

from broadcaster.cli import context
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.errors import NOT_DELIVERED
from broadcaster.cli.naming import named
from broadcaster.cli.output import console, print_json
from broadcaster.cli.progress import as_data
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.delivery import OPEN
from broadcaster.opening import opened
from broadcaster.sending import Watch, go_on
from broadcaster.store import retractions
from broadcaster.store.reports import MessageSummary
from broadcaster.store.retractions import Retraction


def take_back(config: Config, wanted: str, *, yes: bool, dry_run: bool, as_json: bool, wait: float) -> int:
    """Take a message back; returns the exit code.

    Raises:
        StoreError, SealError, RefusedError, UsageError: nothing was taken back.
    """
    out = console(sys.stderr, quiet=not sys.stderr.isatty()) if as_json else console()
    message, found = context.run(_look(config, wanted))
    _print(out, message, found)
    if dry_run or not (
        yes or agreed("Take it back?", "add --yes to take it back, or --dry-run to look. Nothing was done.")
    ):
        if as_json:
            print_json({"message": message.id, "state": "planned"})
        out.print("Nothing was taken back.")
        return 0 if dry_run else NOT_DELIVERED
    return context.run(_retract(config, message, out, as_json=as_json, wait=wait))


async def _look(config: Config, wanted: str) -> tuple[MessageSummary, Retraction]:
    async with opened(config) as store:
        message = await named(store.database, wanted)
        return message, await retractions.foreseen(store.database, message.id, message.incident)


def _print(out: Console, message: MessageSummary, found: Retraction) -> None:
    out.print(f"{message.id}  {message.kind}, {message.severity}: {message.headline}", style="bold")
    if len(found.versions) > 1:
        out.print(f"with all its versions: {', '.join(said.id for said in found.versions)}")
    out.print(f"It is taken away in {found.places} places on pages, in feeds and on phone lines.")
    if found.stopped:
        out.print(f"{found.stopped} SMS have not left yet, and will not.")
    if found.texts:
        out.print(f"{found.texts} residents have got it by SMS, or may have: that cannot be taken back.")


async def _retract(config: Config, message: MessageSummary, out: Console, *, as_json: bool, wait: float) -> int:
    from broadcaster.cli.watching import watched
    from broadcaster.runtime import assembled

    stop = context.stopped_by_signals(context.STOPPING)
    async with assembled(config) as broadcaster:
        database, actor = broadcaster.store.database, context.actor()
        found = await retractions.retract(database, message.id, message.incident, utc_now(), actor)
        with watched(out, config.zone) as tell:
            sent = await go_on(broadcaster, message.id, Watch(stop, tell, wait))
    left = sent.progress.count(*OPEN)
    if as_json:
        print_json(as_data(message.id, sent.progress) | {"retracted": True, "residents_reached": found.texts})
    out.print("It is taken back." if not left else f"It is taken back, but for {left} places that are still to come.")
    if left:
        out.print("`broadcaster serve` goes on with them.")
    if found.texts:
        out.print(
            f"{found.texts} residents still have the SMS. To correct it: "
            f"`broadcaster new --from {message.id} --kind correction -o corrected.md`, "
            f"then `broadcaster correct {message.id} corrected.md`."
        )
    return NOT_DELIVERED if left else 0
