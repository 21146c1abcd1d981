"""Schedules: what is to be sent when, what became of each run, and that no run is decided on twice."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.schedule.rules import Rule, occurrences, parse, written
from broadcaster.store import audit
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.schema import schedule_runs, schedule_watches, schedules

LATE = timedelta(minutes=15)
"""How late a run may be, where a schedule says nothing else."""

SET_BACK = timedelta(minutes=1)
"""How far a clock may lie behind the one that looked before it: those of two machines differ a little."""


WATCH = timedelta(seconds=30)
"""How often a process that looks at the schedules says so."""


class RunState(StrEnum):
    """What became of a run."""

    SENT = "sent"  # its message was submitted
    FAILED = "failed"  # its message could not be sent as it was
    SKIPPED = "skipped"  # a person said so
    MISSED = "missed"  # nobody was there to run it in time


@dataclass(frozen=True, slots=True)
class Intent:
    """What a person wants to be sent when.

    Args:
        name: what people know it by: the message's headline, say.
        source: the message as it was authored; what the composer reads where it is composed.
        until: the last moment at which it may run, in UTC; None where the rule ends on its own.
        late: how late a run may be; what is later is missed, and reported.
        promise: whether each run promises the next one as its next update.
        composer: what composes the message of each run; empty where the source is the message.
    """

    name: str
    source: str
    rule: Rule
    zone: ZoneInfo
    until: datetime | None = None
    late: timedelta = LATE
    promise: bool = False
    composer: str = ""

    def runs(self, after: datetime) -> Iterator[datetime]:
        """Every planned run after a moment, in UTC."""
        until = self.until
        return takewhile(lambda run: until is None or run <= until, occurrences(self.rule, self.zone, after))


@dataclass(frozen=True, slots=True)
class Schedule:
    """An intent as it stands.

    Args:
        next_run: the next planned run in UTC; None when there is none any more.
        as_of: by which clock the next run was found.
    """

    id: int
    intent: Intent
    created: datetime
    created_by: str
    next_run: datetime | None
    as_of: datetime
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has been decided on.

    Args:
        planned: when it was to be, in UTC.
        at: when it was decided on.
        message: id of what was submitted.
        reason: why it was not sent, in a sentence.
    """

    planned: datetime
    state: RunState
    at: datetime
    message: str | None = None
    reason: str = ""


async def add(database: Database, intent: Intent, now: datetime, actor: str) -> Schedule:
    """Store a schedule; from now on it runs wherever the database is served.

    Raises:
        ValueError: it has no run to come.
        StoreError: nothing was stored.
    """
    intent = replace(intent, rule=parse(written(intent.rule)))  # to the second: databases keep no microseconds
    first = next(intent.runs(now), None)
    if first is None:
        raise ValueError(f"{written(intent.rule)} has no run to come")
    row = {
        "name": intent.name,
        "source": intent.source,
        "composer": intent.composer,
        "rule": written(intent.rule),
        "zone": intent.zone.key,
        "until": intent.until,
        "late": intent.late // timedelta(seconds=1),
        "promise": int(intent.promise),
        "created": now,
        "created_by": actor,
        "next_run": first,
        "as_of": now,
    }
    async with database.write() as connection:
        new = insert(schedules).values(row).returning(schedules.c.id)
        id_ = (await connection.execute(new)).scalar_one()
        await audit.note(connection, Deed(now, actor, "schedule.add", str(id_), written(intent.rule)))
    return Schedule(id_, intent, now, actor, first, now)


async def find(database: Database, id_: int) -> Schedule | None:
    """A schedule that has not been removed."""
    return next(iter(await _read(database, schedules.c.id == id_)), None)


async def listing(database: Database) -> list[Schedule]:
    """All that have not been removed, also those that have run for the last time; the next to run first."""
    return await _read(database)


async def due(database: Database, now: datetime) -> list[Schedule]:
    """Those with a run to be decided on now, the longest waiting first."""
    return await _read(database, schedules.c.paused == 0, schedules.c.next_run <= now)


async def ahead(database: Database, now: datetime) -> list[Schedule]:
    """Those whose next run was found by a clock that was ahead of this one."""
    return await _read(database, schedules.c.paused == 0, schedules.c.as_of > now + SET_BACK)


async def earliest(database: Database) -> datetime | None:
    """When the next run of all is due."""
    wanted = select(func.min(schedules.c.next_run)).where(schedules.c.paused == 0, schedules.c.removed.is_(None))
    async with database.read() as connection:
        found: datetime | None = (await connection.execute(wanted)).scalar()
    return found


async def runs(database: Database, id_: int) -> list[Run]:
    """What became of a schedule's runs, the last one first."""
    r = schedule_runs.c
    wanted = select(r.planned, r.state, r.at, r.message, r.reason).where(r.schedule == id_).order_by(r.planned.desc())
    async with database.read() as connection:
        found = await connection.execute(wanted)
        return [Run(row.planned, RunState(row.state), row.at, row.message, row.reason) for row in found]


async def planned(database: Database, schedule: Schedule) -> Iterator[datetime]:
    """A schedule's runs that nobody has decided on, in UTC, the next one first."""
    if schedule.next_run is None:
        return iter(())
    r = schedule_runs.c
    wanted = select(r.planned).where(r.schedule == schedule.id, r.planned > schedule.next_run)
    async with database.read() as connection:
        decided = set((await connection.execute(wanted)).scalars())
    later = (run for run in schedule.intent.runs(schedule.next_run) if run not in decided)
    return chain([schedule.next_run], later)


async def watch(database: Database, holder: str, now: datetime) -> None:
    """Note that a process looks at the schedules."""
    seen = database.insert(schedule_watches).values(holder=holder, seen=now)
    kept = seen.on_conflict_do_update(index_elements=["holder"], set_={"seen": now})
    async with database.write() as connection:
        await connection.execute(kept)
        await connection.execute(delete(schedule_watches).where(schedule_watches.c.seen < now - 3 * WATCH))


async def unwatch(database: Database, holder: str) -> None:
    """Note that a process looks no more."""
    async with database.write() as connection:
        await connection.execute(delete(schedule_watches).where(schedule_watches.c.holder == holder))


async def watchers(database: Database, now: datetime) -> set[str]:
    """The processes that look at the schedules: every ``serve`` and ``worker``."""
    is_there = schedule_watches.c.seen.between(now - 2 * WATCH, now + 2 * WATCH)
    async with database.read() as connection:
        return set((await connection.execute(select(schedule_watches.c.holder).where(is_there))).scalars())


async def is_watched(database: Database, now: datetime) -> bool:
    """Whether some process looks at the schedules."""
    return bool(await watchers(database, now))


async def has_sent(database: Database, schedule: Schedule) -> bool:
    """Whether a run of it has been sent."""
    r = schedule_runs.c
    wanted = select(exists().where(r.schedule == schedule.id, r.state == RunState.SENT))
    async with database.read() as connection:
        return bool((await connection.execute(wanted)).scalar())


async def stands(connection: AsyncConnection, schedule: Schedule) -> bool:
    """Whether a schedule is still as it was read, as part of a transaction until whose end it stays so.

    It does not where another process has decided on its next run, or a person has paused, skipped or removed it.
    """
    row = await _locked(connection, schedule)
    return (row.next_run, bool(row.paused), row.removed) == (schedule.next_run, schedule.paused, None)


async def write_down(
    connection: AsyncConnection, schedule: Schedule, decided: Sequence[Run], now: datetime, actor: str
) -> datetime | None:
    """Note what becomes of runs of a schedule that stands, as part of that transaction; returns the next one.

    Args:
        decided: those of its undecided runs from the first one on, in order.
    """
    rows = [{"schedule": schedule.id} | asdict(run) for run in decided]
    await connection.execute(insert(schedule_runs), rows)
    next_run = await _next(connection, schedule, decided[-1].planned)
    await _change(connection, schedule, next_run=next_run, as_of=now)
    deeds = [
        Deed(now, actor, f"schedule.{run.state}", str(schedule.id), f"{run.planned.isoformat()} {run.message or ''}")
        for run in decided
    ]
    await audit.note(connection, *deeds)
    return next_run


async def pause(database: Database, schedule: Schedule, now: datetime, actor: str) -> None:
    """Let no run go until it is resumed."""
    async with database.write() as connection:
        await _change(connection, schedule, paused=1)
        await audit.note(connection, Deed(now, actor, "schedule.pause", str(schedule.id)))


async def resume(database: Database, schedule: Schedule, now: datetime, actor: str) -> Schedule:
    """Let runs go again, from the first one to come on; those that passed meanwhile stay where they are."""
    async with database.write() as connection:
        await _locked(connection, schedule)
        next_run = await _next(connection, schedule, now)
        await _change(connection, schedule, paused=0, next_run=next_run, as_of=now)
        await audit.note(connection, Deed(now, actor, "schedule.resume", str(schedule.id)))
    return replace(schedule, paused=False, next_run=next_run, as_of=now)


async def skip(database: Database, schedule: Schedule, now: datetime, actor: str) -> Schedule | None:
    """Leave the next run out; None if there is none, or if it was decided on meanwhile."""
    if schedule.next_run is None:
        return None
    skipped = Run(schedule.next_run, RunState.SKIPPED, now, reason=f"left out by {actor}")
    async with database.write() as connection:
        if not await stands(connection, schedule):
            return None
        next_run = await write_down(connection, schedule, [skipped], now, actor)
    return replace(schedule, next_run=next_run, as_of=now)


async def remove(database: Database, schedule: Schedule, now: datetime, actor: str) -> None:
    """Let it run no more, and take it off the list. What became of its runs is kept."""
    async with database.write() as connection:
        await _change(connection, schedule, removed=now, next_run=None)
        await audit.note(connection, Deed(now, actor, "schedule.remove", str(schedule.id)))


async def set_back(database: Database, schedule: Schedule, now: datetime, actor: str) -> bool:
    """Find the next run again, by a clock that lies behind the one that found it.

    Runs that only the clock that was ahead has missed are open again; all others stay as they were decided.

    Returns:
        Whether another run is the next one now.
    """
    r = schedule_runs.c
    async with database.write() as connection:
        if not await stands(connection, schedule):
            return False
        open_again = (r.schedule == schedule.id, r.state == RunState.MISSED, r.planned > now)
        await connection.execute(delete(schedule_runs).where(*open_again))
        is_due = schedule.next_run is not None and schedule.next_run <= now
        next_run = schedule.next_run if is_due else await _next(connection, schedule, now)
        await _change(connection, schedule, next_run=next_run, as_of=now)
        if next_run != schedule.next_run:
            found = f"by a clock at {now.isoformat()}, after one at {schedule.as_of.isoformat()}"
            await audit.note(connection, Deed(now, actor, "schedule.set_back", str(schedule.id), found))
    return next_run != schedule.next_run


async def _locked(connection: AsyncConnection, schedule: Schedule) -> Any:  # noqa: ANN401 (a row of the table)
    wanted = select(schedules).where(schedules.c.id == schedule.id).with_for_update()
    return (await connection.execute(wanted)).one()


async def _change(connection: AsyncConnection, schedule: Schedule, **values: object) -> None:
    await connection.execute(update(schedules).where(schedules.c.id == schedule.id).values(values))


async def _next(connection: AsyncConnection, schedule: Schedule, after: datetime) -> datetime | None:
    """The first planned run after a moment that nobody has decided on."""
    r = schedule_runs.c
    wanted = select(r.planned).where(r.schedule == schedule.id, r.planned > after)
    decided = set((await connection.execute(wanted)).scalars())
    return next((run for run in schedule.intent.runs(after) if run not in decided), None)


async def _read(database: Database, *conditions: ColumnElement[bool]) -> list[Schedule]:
    wanted = select(schedules).where(schedules.c.removed.is_(None), *conditions)
    ended_last = (schedules.c.next_run.is_(None), schedules.c.next_run, schedules.c.id)
    async with database.read() as connection:
        return [_schedule(row) for row in await connection.execute(wanted.order_by(*ended_last))]


def _schedule(row: Any) -> Schedule:  # noqa: ANN401 (a row of the table)
    intent = Intent(
        name=row.name,
        source=row.source,
        rule=parse(row.rule),
        zone=ZoneInfo(row.zone),
        until=row.until,
        late=timedelta(seconds=row.late),
        promise=bool(row.promise),
        composer=row.composer,
    )
    return Schedule(row.id, intent, row.created, row.created_by, row.next_run, row.as_of, bool(row.paused))
