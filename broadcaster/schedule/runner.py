"""Seeing to it that what is planned goes: APScheduler wakes, the database decides.

Any number of processes may do this on one database. A schedule's row is locked while its run is decided on, and the
message, its deliveries and the run are written in that one transaction, so every run is decided once, whoever comes
first, dies in between or comes back late.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, takewhile

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.engine.waiting import pause
from broadcaster.plan import plan_for, reread, submission
from broadcaster.runtime import Broadcaster
from broadcaster.schedule.rules import Once
from broadcaster.schedule.runs import message_of_run, sort
from broadcaster.store import schedules
from broadcaster.store.board import BoardStore
from broadcaster.store.database import Database
from broadcaster.store.errors import RefusedError, StoreError
from broadcaster.store.lanes import new_holder
from broadcaster.store.schedules import Run, RunState, Schedule
from broadcaster.store.submissions import Submission, submit_within
from broadcaster.store.threads import thread
from broadcaster.succession import since_cleared
from messages.model import Message
from messages.problems import InputError, Problem

LOOK = 5.0
"""Seconds between two looks, by a clock that never jumps: what other processes plan and clocks that are set are seen.

APScheduler cannot do that: it keeps its intervals by the wall clock, and one that is set back by a day stops them for
a day.
"""

_AT_ONCE = 500
"""How many missed runs of a schedule are written down in one transaction."""

Composer = Callable[[Schedule, datetime], Awaitable[Message]]
"""Writes the message of a schedule's run that was planned for a moment (in UTC).

Raises InputError where there is nothing to send as it is, StoreError where the database cannot be used.
"""

log = logging.getLogger(__name__)


def _untold(_state: RunState) -> None:
    pass


class Runner:
    """Decides on runs.

    Args:
        composers: by the name that schedules have for them.
        tell: is told what each run has come to.
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        composers: Mapping[str, Composer],
        clock: Callable[[], datetime] = utc_now,
        tell: Callable[[RunState], None] = _untold,
    ) -> None:
        self._database = database
        self._config = config
        self._composers = composers
        self._clock = clock
        self._tell = tell
        self._holder = new_holder()
        self._seen: datetime | None = None

    async def look(self) -> datetime | None:
        """Decide on every run that is due; returns when the next one is, in UTC.

        Raises:
            StoreError: the database cannot be used; what is left is decided on at the next look.
        """
        now = self._clock()
        if self._seen is None or abs(now - self._seen) >= schedules.WATCH:
            await schedules.watch(self._database, self._holder, now)
            self._seen = now
        for schedule in await schedules.ahead(self._database, now):
            if await schedules.set_back(self._database, schedule, now, _actor(schedule)):
                log.warning("schedule %s: the clock was set back, so its next run was computed again", schedule.id)
        for schedule in await schedules.due(self._database, now):
            await self._decide(schedule, now)
        return await schedules.earliest(self._database)

    async def leave(self) -> None:
        """Look no more; raises StoreError as :meth:`look` does."""
        await schedules.unwatch(self._database, self._holder)

    async def _decide(self, schedule: Schedule, now: datetime) -> None:
        planned = takewhile(lambda run: run <= now, await schedules.planned(self._database, schedule))
        due = sort(list(islice(planned, _AT_ONCE)), now, schedule.intent.late)
        missed = [Run(run, RunState.MISSED, now, reason=why) for run, why in due.missed]
        if due.going is None:
            await self._note(schedule, missed, now)
            return
        try:
            await self._send(schedule, missed, due.going, now)
        except (InputError, RefusedError) as error:
            failed = Run(due.going, RunState.FAILED, now, reason=_said(error))
        except StoreError:
            raise
        except Exception:
            log.exception("schedule %s: a mistake in the program", schedule.id)
            failed = Run(due.going, RunState.FAILED, now, reason="a mistake in the program; the log says where")
        else:
            return
        await self._note(schedule, [*missed, failed], now)

    async def _send(self, schedule: Schedule, missed: Sequence[Run], planned: datetime, now: datetime) -> None:
        """Submit the message of a run, and note that in the same transaction."""
        message = await self._message(schedule, planned)
        board = await BoardStore(self._database).standings()
        plan = plan_for(message, self._config, now.astimezone(self._config.zone), board)
        ready = replace(submission(plan, now), meant=planned)
        async with self._database.write(wakes=True) as connection:
            if not await schedules.stands(connection, schedule):
                return
            is_new = await submit_within(connection, self._database, ready, _actor(schedule))
            run = _sent(ready, planned, now, is_new=is_new)
            decided = [*missed, run]
            await schedules.write_down(connection, schedule, decided, now, _actor(schedule))
        self._report(schedule, decided)

    async def _message(self, schedule: Schedule, planned: datetime) -> Message:
        intent = schedule.intent
        if intent.composer:
            message = await self._composed(schedule, planned)
        else:
            message = reread(intent.source)
        if isinstance(intent.rule, Once):
            return message
        return message_of_run(message, intent, planned, follows=await self._follows(schedule, message))

    async def _composed(self, schedule: Schedule, planned: datetime) -> Message:
        composer = self._composers.get(schedule.intent.composer)
        if composer is None:
            raise InputError([Problem(f"this program cannot compose a {schedule.intent.composer!r}.")])
        return await composer(schedule, planned)

    async def _follows(self, schedule: Schedule, message: Message) -> bool:
        """Whether the schedule has said something before, or anybody else in the incident that is still true."""
        if await schedules.has_sent(self._database, schedule):
            return True
        said = await thread(self._database, message.incident)
        alike = [one for one in said if one.is_exercise == message.exercise]
        return any(since_cleared(alike, municipality) for municipality in message.municipalities)

    async def _note(self, schedule: Schedule, decided: Sequence[Run], now: datetime) -> None:
        async with self._database.write() as connection:
            if not await schedules.stands(connection, schedule):
                return
            await schedules.write_down(connection, schedule, decided, now, _actor(schedule))
        self._report(schedule, decided)

    def _report(self, schedule: Schedule, decided: Sequence[Run]) -> None:
        for run in decided:
            planned = run.planned.isoformat()
            if run.state is RunState.SENT:
                log.info("schedule %s: the run of %s went as message %s", schedule.id, planned, run.message)
            else:
                log.error("schedule %s: the run of %s %s: %s", schedule.id, planned, run.state, run.reason)
            self._tell(run.state)


async def follow_schedules(
    broadcaster: Broadcaster,
    stop: asyncio.Event,
    composers: Mapping[str, Composer],
    tell: Callable[[RunState], None] = _untold,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Run what is planned until the end.

    Args:
        stop: ends it; a run under way is finished first.
    """
    runner = Runner(broadcaster.store.database, broadcaster.config, composers, clock, tell)
    due = asyncio.Event()

    async def wake() -> None:  # a coroutine: APScheduler runs plain functions in a thread
        due.set()

    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it would write five lines for each wake-up
    # Without a limit, which is one second otherwise, a wake-up also comes late, on a busy or a suspended machine.
    waking = AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True})
    waking.start()
    told = ""
    try:
        while not stop.is_set():
            due.clear()
            next_run = None
            try:
                next_run = await runner.look()
                told = ""
            except Exception as error:  # the phone lines and everything else are needed all the more
                if str(error) != told:
                    log.error("schedules wait: %s", error, exc_info=not isinstance(error, StoreError))
                told = str(error)
            if next_run is not None and next_run > clock():
                waking.add_job(wake, "date", run_date=next_run, id="next run", replace_existing=True)
            await pause(LOOK, due, stop)
    finally:
        waking.shutdown(wait=False)
        await asyncio.sleep(0)  # which it needs to shut down
    with suppress(StoreError):  # then it is forgotten in a minute
        await runner.leave()


def _actor(schedule: Schedule) -> str:
    return f"schedule {schedule.id}"


def _sent(ready: Submission, planned: datetime, now: datetime, *, is_new: bool) -> Run:
    if is_new:
        return Run(planned, RunState.SENT, now, message=ready.id)
    return Run(planned, RunState.FAILED, now, message=ready.id, reason="this very message was sent before")


def _said(error: InputError | RefusedError) -> str:
    return str(error).replace("\n", " ")
