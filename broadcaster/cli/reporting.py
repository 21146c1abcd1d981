"""What ``status`` shows."""

from dataclasses import dataclass

from rich.console import Console

from broadcaster.cli.confirming import awaiting, confirm, print_confirmations
from broadcaster.cli.errors import NOT_DELIVERED
from broadcaster.cli.naming import named
from broadcaster.cli.output import console, local, print_json, table
from broadcaster.cli.progress import as_data, progress_table, summary
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.delivery import REACHED, State
from broadcaster.opening import opened
from broadcaster.store import endings, lanes, reports
from broadcaster.store.database import Database


@dataclass(frozen=True, slots=True)
class Confirmation:
    """That prompts were switched on: those of one line, or of all."""

    line: str | None


async def report(config: Config, wanted: str | None, *, as_json: bool, confirmation: Confirmation | None = None) -> int:
    """Show one message, after what a person says of it is written down; returns the exit code.

    Raises:
        UsageError: there is no such message, or more than one, or nothing to confirm.
    """
    async with opened(config) as store:
        found = await named(store.database, wanted)
        if confirmation is not None:
            await confirm(config, store.database, found.id, confirmation.line)
        unconfirmed = await awaiting(config, store.database, found.id)
        progress = await reports.progress(store.database, found.id)
        if as_json:
            print_json(as_data(found.id, progress))
        else:
            out = console()
            out.print(f"{found.id}  {found.kind}, {found.severity}: {found.headline}", style="bold")
            back = f", taken back {local(found.retracted, config.zone)}" if found.retracted else ""
            out.print(f"{found.incident}, sent {local(found.issued, config.zone)}{back}")
            out.print(progress_table(progress))
            out.print(summary(progress))
            await print_reasons(out, config, store.database, found.id)
    return 0 if progress.count(*REACHED) == progress.total and not unconfirmed else NOT_DELIVERED


async def list_recent(config: Config, *, as_json: bool) -> None:
    """List the messages sent last, newest first."""
    async with opened(config) as store:
        found = await reports.recent(store.database)
    if as_json:
        listed = [
            {
                "message": m.id,
                "incident": m.incident,
                "kind": m.kind,
                "severity": m.severity,
                "headline": m.headline,
                "sent": m.issued.isoformat(),
                "state": "sending" if m.open else "done",
            }
            for m in found
        ]
        print_json({"messages": listed})
        return
    if not found:
        console().print("no message has been sent yet.")
        return
    shown = table("message", "sent", "kind", "state", "headline")
    for m in found:
        state = f"{m.open} to come" if m.open else "taken back" if m.retracted else "done"
        shown.add_row(m.id, local(m.issued, config.zone), m.kind, state, m.headline)
    console().print(shown)


async def print_reasons(out: Console, config: Config, database: Database, message: str) -> None:
    """Say why deliveries are not where they should be, and what a person can do about it."""
    known = await lanes.states(database)
    halted = {lane.name: lane.halted_reason for lane in known if lane.halted_reason is not None}
    waiting = await reports.open_lanes(database, message)
    reasons = await reports.reasons(database, message)
    for name in sorted(waiting & halted.keys() & config.accounts.keys()):
        out.print(f"{name} is halted: {halted[name]}. Mend that, then send again.", style="red")
    for lane in known:
        if lane.name in waiting and lane.throttled_until is not None and lane.is_throttled(utc_now()):
            until = lane.throttled_until.astimezone(config.zone)
            out.print(
                f"{lane.name}: the provider wants to be left alone until {local(until, config.zone)} "
                f"({lane.throttled_reason}). It is tried again sooner, within a minute where lives may depend on it.",
                style="yellow",
            )
    for name in sorted((waiting | {r.lane for r in reasons if r.state is State.IN_DOUBT}) - config.accounts.keys()):
        out.print(
            f"{name} is not in the configuration any more: what waits there is not sent, and expires with its message; "
            "what is in doubt is not looked up. Put the account back, or see `broadcaster doubts list`.",
            style="red",
        )
    for reason in reasons:
        if reason.state is State.PENDING and reason.lane in halted:
            continue  # said above
        out.print(f"{reason.count} {reason.state.replace('_', ' ')} ({reason.lane}): {reason.reason}")
    await print_confirmations(out, config, database, message)
    if ended := await endings.count(database, message):
        out.print(f"In doubt before, and settled: {ended}. See `broadcaster doubts list --settled --message {message}`")
