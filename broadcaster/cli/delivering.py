"""What ``send`` does: show what will go where, ask, and let it go."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console

from broadcaster.audience import Audience, estimate
from broadcaster.cli import context, practising
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.belonging import is_meant, named
from broadcaster.cli.board_changes import changes_as_data, print_board
from broadcaster.cli.ending import settled
from broadcaster.cli.errors import NOT_DELIVERED
from broadcaster.cli.options import Answers
from broadcaster.cli.output import local, print_json, show_text, table, talking
from broadcaster.cli.previewing import audience_line
from broadcaster.cli.progress import as_data, progress_table
from broadcaster.cli.reporting import report
from broadcaster.cli.translating import as_data as as_untranslated
from broadcaster.cli.translating import print_untranslated
from broadcaster.config import Config, Mode
from broadcaster.delivery import State
from broadcaster.opening import opened
from broadcaster.plan import Plan, plan_written
from broadcaster.store import doubts, reports
from broadcaster.store.board import BoardStore
from broadcaster.store.reports import Progress, Tally
from channels.contract import Standing
from channels.registry import CHANNELS, FORMS
from channels.sms import SMS
from messages.checking import expiry
from messages.model import Kind, Markup, Message

_IN_LINES = frozenset({Markup.PLAIN, Markup.SMS})


def deliver(
    config: Config, message: Message, again: str, answers: Answers, *, dry_run: bool, as_json: bool, wait: float
) -> int:
    """Send a message; returns the exit code.

    The question is asked between two pieces of work and not within one, so that Ctrl-C answers it.

    Args:
        again: the command that goes on with what is left.

    Raises:
        InputError, StoreError, SealError, RefusedError, UsageError: nothing was sent.
    """
    out = talking(as_json=as_json)
    if message.file:  # of what nobody wrote, it was asked before it was composed
        message = settled(config, message, answers, out, ask=not dry_run)
    id_, before, done, board = context.run(_so_far(config, message))
    if before.total and done:
        out.print("This very message was sent before, and nothing goes out twice. What became of it:")
        code = context.run(report(config, id_, as_json=as_json))
        return 0 if dry_run else code
    plan = None if before.total else plan_written(message, config, datetime.now(config.zone), board)
    if plan is None:
        out.print("Only a part of this message was sent before. The rest would go out now:")
        out.print(progress_table(before))
        planned, meant = as_data(id_, before), True
    else:
        found = named(config, plan.message, out)
        audience = context.run(_audience(config, plan))
        if not message.file:  # nobody has read what nobody wrote
            _print_words(out, plan)
        print_plan(out, plan, audience, datetime.now(config.zone))
        for remark in plan.message.remarks:
            out.print(f"note: {remark}")
        print_board(out, plan, config)
        practising.print_lines(out, plan.findings, message.file)
        planned, meant = _as_planned(plan, audience), dry_run or is_meant(found, plan.message, answers, out)
    if dry_run or not meant or not (answers.yes or _agreed(config.mode)):
        if as_json:
            print_json(planned)
        out.print("Nothing was sent.")
        return 0 if dry_run else NOT_DELIVERED
    from broadcaster.cli.watching import see_through  # takes long to import, and a look at the plan needs none of it

    return context.run(see_through(config, plan or id_, again, out, as_json=as_json, wait=wait))


async def _so_far(config: Config, message: Message) -> tuple[str, Progress, bool, Sequence[Standing]]:
    """The id of a message, how far it is (nowhere if new), whether no more will happen to it, and the board."""
    async with opened(config) as store:
        await store.subscribers.expect_key()
        id_ = await reports.sent_as(store.database, message)
        progress = await reports.progress(store.database, id_)
        done = progress.done and not await doubts.looked_up(store.database, id_)
        return id_, progress, done, await BoardStore(store.database).standings()


async def _audience(config: Config, plan: Plan) -> Audience:
    async with opened(config) as store:
        return await estimate(plan, config, store.database, datetime.now(config.zone))


def _print_words(out: Console, plan: Plan) -> None:
    """Show the texts of a message that was composed, as the first municipality says them."""
    for rendition in plan.renditions:
        if rendition.municipality == plan.message.municipalities[0] and FORMS[rendition.channel].markup in _IN_LINES:
            show_text(out, f"{rendition.channel} · {rendition.language}", rendition.text, "")


def print_plan(out: Console, plan: Plan, audience: Audience, now: datetime) -> None:
    """Show what will go where."""
    out.print(f"{plan.message.kind}, {plan.message.severity}: {plan.headline}", style="bold")
    channels = [channel for channel in CHANNELS if plan.of_channel(channel)]
    shown = table("municipality", *channels)
    for municipality in plan.message.municipalities:
        cells = []
        for channel in channels:
            languages = [r.language for r in plan.of_channel(channel) if r.municipality == municipality]
            if channel == SMS.name:
                languages = [f"{audience.readers.get((municipality, code), 0)} {code}" for code in languages]
            cells.append(", ".join(languages) or "–")
        shown.add_row(municipality, *cells)
    out.print(shown)
    done, expires = now + audience.duration, expiry(plan.message, now)
    readers = f"{audience_line(audience)} Done at about {done:%H:%M %Z}."
    if plan.message.kind is Kind.UPDATE and not plan.message.notify:
        readers = "Residents get no SMS: an update reaches them by SMS only if it says notify = true."
    out.print(f"{readers} Expires {local(expires, plan.zone)}.")
    print_untranslated(out, audience.untranslated)
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
    found = practising.as_data(plan.findings)
    return as_data(plan.id, Progress(tuple(planned))) | {
        "state": "planned",
        "board": changes_as_data(plan.board),
        "untranslated": as_untranslated(audience.untranslated),
        "findings": found,
    }


def _agreed(mode: Mode) -> bool:
    readers = "residents" if mode is Mode.LIVE else "the sandbox"
    return agreed(f"Send it to {readers}?", "add --yes to send, or --dry-run to look. Nothing was sent.")
