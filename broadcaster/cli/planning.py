"""What ``send --at`` and ``schedule add`` do: show what will go when, ask, and store it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from rich.console import Console

from broadcaster.audience import estimate
from broadcaster.cli import context, practising
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.belonging import is_meant, named
from broadcaster.cli.board_changes import board_of, print_board
from broadcaster.cli.delivering import print_plan
from broadcaster.cli.ending import settled
from broadcaster.cli.errors import NOT_DELIVERED, UsageError
from broadcaster.cli.options import Answers
from broadcaster.cli.output import print_json, talking
from broadcaster.cli.scheduling import SHOWN, as_data, on_day, print_served
from broadcaster.clock import utc_now
from broadcaster.config import Config, Mode
from broadcaster.opening import opened
from broadcaster.plan import Plan, plan_written
from broadcaster.schedule import entering
from broadcaster.schedule.rules import Once, Rule, RuleError, bends, by_cron, every, period
from broadcaster.store import reports, schedules
from broadcaster.store.errors import RefusedError
from broadcaster.store.schedules import Intent, Schedule
from messages.checking import LONGEST_LIFETIME
from messages.document import serialise
from messages.model import Message
from messages.practice import Finding
from messages.times import Bend, TimeError, typed

_MINUTE = timedelta(minutes=1)
_LATEST = timedelta(days=1)
_SET_BY_RUNS = frozenset({"next-update", "expiry"})
"""Rules about what cannot stand in a message that is sent again and again, since each run has its own."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """What was typed of a message that is to be sent again and again."""

    cron: str | None
    every: str | None
    start: str | None
    until: str
    late: str
    promise: bool


def plan_once(
    config: Config, message: Message, at: str, late: str, answers: Answers, *, dry_run: bool, as_json: bool
) -> int:
    """Plan a message to be sent once, later; returns the exit code.

    Raises:
        InputError, UsageError, StoreError, SealError: nothing was stored.
    """
    now = utc_now()
    moment = _to_come(at, config, now)
    message = settled(config, message, answers, talking(as_json=as_json), ask=not dry_run)
    intent = Intent("", serialise(message), Once(moment), config.zone, late=_late(late))
    entering.check(message, intent)
    tried = entering.first_runs(message, intent, now)
    return _plan(config, tried, intent, now, answers, dry_run=dry_run, as_json=as_json)


def plan_composed(config: Config, message: Message, order: str, composer: str, wanted: Recurring, *, yes: bool) -> int:
    """Plan messages that are composed for each run; returns the exit code.

    Args:
        message: what it would be now.
        order: what the composer reads.
        composer: what people know it by, too, with the incident.

    Raises:
        InputError, UsageError, StoreError, SealError: nothing was stored.
    """
    now = utc_now()
    intent = replace(_recurring(config, order, wanted, now), composer=composer, name=f"{composer}: {message.incident}")
    return _plan(config, [(now, message)], intent, now, Answers(yes), dry_run=False, as_json=False)


def plan_recurring(config: Config, message: Message, wanted: Recurring, answers: Answers) -> int:
    """Plan a message to be sent again and again; returns the exit code.

    Raises:
        InputError, UsageError, StoreError, SealError: nothing was stored.
    """
    now = utc_now()
    intent = _recurring(config, serialise(message), wanted, now)
    entering.check(message, intent)
    tried = entering.first_runs(message, intent, now)
    return _plan(config, tried, intent, now, answers, dry_run=False, as_json=False)


def _recurring(config: Config, source: str, wanted: Recurring, now: datetime) -> Intent:
    rule = _rule(wanted, config, now)
    until = _to_come(wanted.until, config, now)
    intent = Intent("", source, rule, config.zone, until=until, late=_late(wanted.late), promise=wanted.promise)
    if next(intent.runs(now), None) is None:
        raise UsageError(f"there is no run before {on_day(until, config.zone)}: look at --until.")
    return intent


def _plan(
    config: Config,
    tried: Sequence[tuple[datetime, Message]],
    intent: Intent,
    now: datetime,
    answers: Answers,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    board = context.run(board_of(config))
    plans = [plan_written(one, config, run.astimezone(config.zone), board) for run, one in tried]
    intent = replace(intent, name=intent.name or plans[0].headline)
    out = talking(as_json=as_json)
    message = tried[0][1]
    found = named(config, message, out, repeated=not isinstance(intent.rule, Once))
    context.run(_show_plan(out, config, plans[0], tried[0][0]))
    print_board(out, plans[0], config)
    practising.print_lines(out, _findings(plans[0], intent), tried[0][1].file)
    _print_times(out, intent, now)
    question = f"Plan it for {'residents' if config.mode is Mode.LIVE else 'the sandbox'}?"
    meant = dry_run or is_meant(found, message, answers, out)
    if dry_run or not meant or not (answers.yes or agreed(question, "add --yes. Nothing was planned.")):
        if as_json:
            print_json(as_data(intent, islice(intent.runs(now), SHOWN)))
        out.print("Nothing was planned.")
        return 0 if dry_run else NOT_DELIVERED
    schedule = context.run(_store(out, config, intent, now))
    if as_json:
        print_json({"id": schedule.id} | as_data(intent, islice(intent.runs(now), SHOWN)))
    return 0


def _findings(plan: Plan, intent: Intent) -> Sequence[Finding]:
    if isinstance(intent.rule, Once):
        return plan.findings
    return [finding for finding in plan.findings if finding.rule not in _SET_BY_RUNS]


async def _show_plan(out: Console, config: Config, plan: Plan, run: datetime) -> None:
    """Show what would go where if it went now.

    Raises:
        UsageError: this very message was sent before.
    """
    async with opened(config) as store:
        await store.subscribers.expect_key()
        if (await reports.progress(store.database, await reports.sent_as(store.database, plan.message))).total:
            raise UsageError(f"this very message was sent before: see `broadcaster status {plan.id}`.")
        at = run.astimezone(config.zone)
        try:
            audience = await estimate(plan, config, store.database, at)
        except RefusedError as error:
            out.print(f"note: as things stand, it would be refused at that time. {error}", style="yellow")
        else:
            print_plan(out, plan, audience, at)


async def _store(out: Console, config: Config, intent: Intent, now: datetime) -> Schedule:
    async with opened(config) as store:
        schedule = await schedules.add(store.database, intent, now, context.actor())
        out.print(f"Schedule {schedule.id} is stored: `broadcaster schedule list` shows it.")
        print_served(out, served=await schedules.is_watched(store.database, utc_now()))
    return schedule


def _print_times(out: Console, intent: Intent, now: datetime) -> None:
    """Show when it goes."""
    runs, zone = list(intent.runs(now)), intent.zone
    if isinstance(intent.rule, Once):
        out.print(f"It goes automatically at {on_day(runs[0], zone)}, {zone.key} time.")
    else:
        out.print(f"It goes automatically {_times(len(runs))}, {zone.key} time:")
        for run in runs[:SHOWN]:
            out.print(f"  {on_day(run, zone)}")
        if runs[SHOWN:]:
            out.print(f"  and so on; the last time at {on_day(runs[-1], zone)}.")
        if not (intent.promise or intent.composer):
            promise = "no next update is promised. With --promise, each run says when the next comes."
            out.print(f"note: {promise}", style="yellow")
    out.print(f"What cannot go within {intent.late // _MINUTE} minutes of its time is left out and reported.")
    if intent.until is not None:
        for line in _bent(bends(intent.rule, intent.zone, now, intent.until), intent):
            out.print(f"note: {line}", style="yellow")


def _bent(found: Sequence[Bend], intent: Intent) -> list[str]:
    """Say what becomes of local times that clocks skip or repeat, a line for each day."""
    days = {bend.wanted.date(): bend for bend in reversed(found)}
    return [
        f"on {day}, clocks are set back and {bend.wanted:%H:%M} comes twice. It goes the first time."
        if bend.twice
        else f"on {day}, clocks are set forward and {bend.wanted:%H:%M} does not exist. "
        f"It goes at {bend.moment.astimezone(intent.zone):%H:%M}."
        for day, bend in sorted(days.items())
    ]


def _rule(wanted: Recurring, config: Config, now: datetime) -> Rule:
    try:
        if wanted.cron is not None and wanted.every is None and wanted.start is None:
            return by_cron(wanted.cron)
        if wanted.every is not None and wanted.cron is None:
            minute = now.replace(second=0, microsecond=0)
            start = minute + period(wanted.every) if wanted.start is None else _moment(wanted.start, config, now)
            return every(wanted.every, start)
    except RuleError as error:
        raise UsageError(str(error)) from None
    raise UsageError("say when: --cron EXPRESSION, or --every PERIOD and for it --from TIME.")


def _late(text: str) -> timedelta:
    try:
        late = period(text)
    except RuleError as error:
        raise UsageError(f"--late: {error}") from None
    if late > _LATEST:
        raise UsageError("--late: at most 1d; a person should look at anything later.")
    return late


def _moment(text: str, config: Config, now: datetime) -> datetime:
    try:
        return typed(text, config.zone, now)
    except TimeError as error:
        raise UsageError(str(error)) from None


def _to_come(text: str, config: Config, now: datetime) -> datetime:
    moment = _moment(text, config, now)
    if moment <= now:
        raise UsageError(f"{on_day(moment, config.zone)} is past: write a time in the future, such as tomorrow 16:00.")
    if moment - now > LONGEST_LIFETIME:
        raise UsageError(f"{on_day(moment, config.zone)} is more than a year ahead: look at the year.")
    return moment


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
