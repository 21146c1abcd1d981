"""What ``schedule`` does with what is planned: list it, show it, pause it, skip a run, remove it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from rich.console import Console

from broadcaster.cli import context
from broadcaster.cli.errors import UsageError
from broadcaster.cli.output import console, local, print_json, show_text, table
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.schedule.cron import Cron
from broadcaster.schedule.rules import Every, Once, Rule, said, written
from broadcaster.store import schedules
from broadcaster.store.database import Database
from broadcaster.store.schedules import Intent, Run, RunState, Schedule

SHOWN = 3
"""How many of the next runs are shown."""

_RECENT = timedelta(days=7)
"""How long a schedule that has ended stays on the list."""


@dataclass(frozen=True, slots=True)
class _Overview:
    """A schedule as it is shown: with its next runs, and what became of others, the last one first."""

    schedule: Schedule
    upcoming: Sequence[datetime]
    decided: Sequence[Run]


async def show_all(config: Config, *, everything: bool, as_json: bool) -> None:
    """List what is planned."""
    now = utc_now()
    async with opened(config) as store:
        found = [await _overview(store.database, schedule) for schedule in await schedules.listing(store.database)]
        served = await schedules.is_watched(store.database, utc_now())
    shown = [one for one in found if everything or _is_recent(one, now)]
    if as_json:
        print_json({"schedules": [_as_data(one) for one in shown], "served": served})
        return
    out = console()
    if not shown:
        out.print("Nothing is planned.")
        return
    rows = table("schedule", "message", "when", "next runs", "last run")
    for one in shown:
        rows.add_row(str(one.schedule.id), one.schedule.intent.name, _when(one.schedule), _next(one), _last(one))
    out.print(rows)
    if any(one.upcoming for one in shown):
        print_served(out, served=served)


async def show_one(config: Config, id_: int, *, as_json: bool) -> None:
    """Show one schedule, with its message and every run.

    Raises:
        UsageError: there is no such schedule.
    """
    async with opened(config) as store:
        one = await _overview(store.database, await _found(store.database, id_))
        served = await schedules.is_watched(store.database, utc_now())
    if as_json:
        print_json(_as_data(one) | {"runs": [_run_as_data(run) for run in one.decided], "served": served})
        return
    out, schedule, zone = console(), one.schedule, one.schedule.intent.zone
    out.print(f"schedule {schedule.id}: {schedule.intent.name}", style="bold")
    out.print(f"{_when(schedule)}; planned by {schedule.created_by} at {on_day(schedule.created, zone)}.")
    out.print(f"Next: {_next(one)}. A run may be {said(schedule.intent.late)} late.")
    for run in one.decided:
        out.print(f"{_became(run, zone)}", style=None if run.state is RunState.SENT else "yellow")
    if one.upcoming:
        print_served(out, served=served)
    if not schedule.intent.composer:
        show_text(out, "the message", schedule.intent.source.strip())


async def pause_one(config: Config, id_: int) -> None:
    """Send nothing of a schedule until it is resumed.

    Raises:
        UsageError: there is no such schedule, or it has ended.
    """
    async with opened(config) as store:
        schedule = await _going_on(store.database, id_)
        await schedules.pause(store.database, schedule, utc_now(), context.actor())
    print(f"Schedule {id_} is paused: it sends nothing until `broadcaster schedule resume {id_}`.")


async def resume_one(config: Config, id_: int) -> None:
    """Let a schedule go on.

    Raises:
        UsageError: there is no such schedule, or it has ended.
    """
    async with opened(config) as store:
        schedule = await _going_on(store.database, id_)
        resumed = await schedules.resume(store.database, schedule, utc_now(), context.actor())
        served = await schedules.is_watched(store.database, utc_now())
    print(f"Schedule {id_} goes on. {_next_of(resumed)}")
    if resumed.next_run is not None:
        print_served(console(), served=served)


async def skip_one(config: Config, id_: int) -> None:
    """Leave the next run of a schedule out.

    Raises:
        UsageError: there is no such schedule, it has ended, or the run went in this very moment.
    """
    async with opened(config) as store:
        schedule = await _going_on(store.database, id_)
        skipped = await schedules.skip(store.database, schedule, utc_now(), context.actor())
    if skipped is None or schedule.next_run is None:
        raise UsageError(f"the next run was decided on meanwhile: see `broadcaster schedule show {id_}`.")
    print(f"The run of {on_day(schedule.next_run, schedule.intent.zone)} is left out. {_next_of(skipped)}")


async def remove_one(config: Config, id_: int) -> None:
    """Let a schedule never run again.

    Raises:
        UsageError: there is no such schedule.
    """
    async with opened(config) as store:
        schedule = await _found(store.database, id_)
        await schedules.remove(store.database, schedule, utc_now(), context.actor())
    print(f"Schedule {id_} is removed: it never runs again. What it has sent stays sent.")


def on_day(moment: datetime, zone: ZoneInfo) -> str:
    """A moment with its day of the week, by which people plan."""
    return f"{moment.astimezone(zone):%a} {local(moment, zone)}"


def print_served(out: Console, *, served: bool) -> None:
    """Say what it takes that something planned goes."""
    if served:
        out.print("It goes only while `broadcaster serve` or `broadcaster worker` runs, as it does now.")
    else:
        out.print(
            "No `serve` or `worker` is running on this database, "
            "so nothing scheduled will be sent: start `broadcaster serve` and keep it running.",
            style="bold yellow",
        )


def as_data(intent: Intent, upcoming: Iterable[datetime]) -> dict[str, Any]:
    """What is planned, as ``--json`` prints it."""
    return {
        "name": intent.name,
        "rule": written(intent.rule),
        "zone": intent.zone.key,
        "until": intent.until and intent.until.isoformat(),
        "late": intent.late // timedelta(seconds=1),
        "promise": intent.promise,
        "next_runs": [run.isoformat() for run in upcoming],
    }


async def _overview(database: Database, schedule: Schedule) -> _Overview:
    upcoming = list(islice(await schedules.planned(database, schedule), SHOWN))
    return _Overview(schedule, upcoming, await schedules.runs(database, schedule.id))


async def _found(database: Database, id_: int) -> Schedule:
    schedule = await schedules.find(database, id_)
    if schedule is None:
        raise UsageError(f"there is no schedule {id_}: see `broadcaster schedule list`.")
    return schedule


async def _going_on(database: Database, id_: int) -> Schedule:
    schedule = await _found(database, id_)
    if schedule.next_run is None:
        raise UsageError(f"schedule {id_} has ended: see `broadcaster schedule show {id_}`.")
    return schedule


def _is_recent(one: _Overview, now: datetime) -> bool:
    last = one.decided[0].at if one.decided else one.schedule.created
    return one.schedule.next_run is not None or now - last <= _RECENT


def _when(schedule: Schedule) -> str:
    until = schedule.intent.until
    end = "" if until is None else f" until {on_day(until, schedule.intent.zone)}"
    return f"{_words(schedule.intent.rule)}{end}"


def _words(rule: Rule) -> str:
    match rule:
        case Once():
            return "once"
        case Cron():
            return written(rule)
        case Every():
            return f"every {said(rule.period)}"
        case _:
            assert_never(rule)


def _next(one: _Overview) -> str:
    if one.schedule.paused:
        return "paused"
    return "; ".join(on_day(run, one.schedule.intent.zone) for run in one.upcoming) or "none"


def _next_of(schedule: Schedule) -> str:
    if schedule.next_run is None:
        return "No run is left."
    return f"The next run is at {on_day(schedule.next_run, schedule.intent.zone)}."


def _last(one: _Overview) -> str:
    return _became(one.decided[0], one.schedule.intent.zone) if one.decided else "–"


def _became(run: Run, zone: ZoneInfo) -> str:
    told = f"{on_day(run.planned, zone)} {run.state}"
    if run.message is not None:
        told += f" {run.message}"
    return f"{told}: {run.reason}" if run.reason else told


def _as_data(one: _Overview) -> dict[str, Any]:
    last = _run_as_data(one.decided[0]) if one.decided else None
    schedule = one.schedule
    known = {
        "paused": schedule.paused,
        "created": schedule.created.isoformat(),
        "created_by": schedule.created_by,
        "last_run": last,
    }
    return {"id": schedule.id} | as_data(schedule.intent, one.upcoming) | known


def _run_as_data(run: Run) -> dict[str, Any]:
    return {
        "planned": run.planned.isoformat(),
        "state": run.state.value,
        "at": run.at.isoformat(),
        "message": run.message,
        "reason": run.reason,
    }
