"""APScheduler wakes at the moment itself; looks by a clock that never jumps see what others have changed."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.clock import utc_now
from broadcaster.runtime import Broadcaster
from broadcaster.schedule.rules import Once
from broadcaster.schedule.runner import LOOK, follow_schedules
from broadcaster.store import schedules
from broadcaster.store.schedules import Intent, RunState
from messages.document import serialise
from tests.support.world import World, world


async def planned(here: World, broadcaster: Broadcaster, ahead: timedelta) -> schedules.Schedule:
    intent = Intent("Systemen", serialise(here.plan().message), Once(utc_now() + ahead), here.config.zone)
    return await schedules.add(broadcaster.store.database, intent, utc_now(), "anna")


async def test_a_run_goes_at_its_moment_and_not_at_the_next_look(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with world(tmp_path, database_url) as here, here.running() as broadcaster:
        schedule = await planned(here, broadcaster, timedelta(seconds=LOOK / 2))
        stop, database = asyncio.Event(), broadcaster.store.database
        database.woken.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow_schedules(broadcaster, stop, {}))
            async with asyncio.timeout(20):
                await database.woken.wait()
            served = await schedules.is_watched(database, utc_now())
            stop.set()
        (run,) = await schedules.runs(database, schedule.id)
        assert (served, await schedules.is_watched(database, utc_now())) == (True, False)
    assert run.state is RunState.SENT
    assert timedelta(0) <= run.at - run.planned < timedelta(seconds=LOOK / 4)
    told = [record.message for record in caplog.records if "schedule" in record.name]
    assert told == [f"schedule {schedule.id}: the run of {run.planned.isoformat()} went as message {run.message}"]


async def test_it_ends_at_once_when_it_is_told_to(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url) as here, here.running() as broadcaster:
        await planned(here, broadcaster, timedelta(hours=1))
        stop = asyncio.Event()
        following = asyncio.create_task(follow_schedules(broadcaster, stop, {}))
        stop.set()
        async with asyncio.timeout(LOOK / 2):
            await following
