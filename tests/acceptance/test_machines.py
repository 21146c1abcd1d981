"""Scripts of several machines on one database: workers that share the work, and feeds that follow."""

import asyncio
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.audience import estimate
from broadcaster.delivery import State
from broadcaster.feeding import follow_feeds
from broadcaster.plan import submission
from broadcaster.runtime import assembled
from broadcaster.store.submissions import submit
from channels.sandbox import Behaviour, Fault
from tests.acceptance.test_crash import command, sms
from tests.support.world import FAST, anybody, configured, world

CROWD = [anybody(place) for place in range(300)]


async def test_when_a_worker_dies_another_goes_on_and_nobody_gets_it_twice(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url, FAST) as here:
        await here.subscribe(CROWD)
        here.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.02))
        workers = [await command(here, "worker") for _ in range(2)]
        for worker in workers:
            assert worker.stdout is not None
            assert b"working" in await worker.stdout.readline()
        plan = here.plan()
        async with here.database as database:
            await submit(database, submission(plan, here.clock.now), "test")
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 60, timeout=30)

        workers[0].send_signal(signal.SIGKILL)
        await workers[0].wait()
        async with asyncio.timeout(30):
            while (await sms(here, plan.id))[State.PENDING] or (await sms(here, plan.id))[State.SENDING]:
                continue  # every look gives way to the others
        workers[1].send_signal(signal.SIGTERM)
        await workers[1].communicate()

        found = await sms(here, plan.id)
        assert workers[1].returncode == 0
        assert max(Counter(here.reached()).values()) == 1
        assert set(found) <= {State.ACCEPTED, State.IN_DOUBT}
        assert found.total() == len(CROWD)
        assert len(CROWD) - len(here.sandbox.texts) <= found[State.IN_DOUBT]


async def test_the_feeds_of_a_machine_follow_what_another_one_has_sent(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "other").mkdir()
    async with world(tmp_path, database_url) as here:
        address = database_url.replace("postgresql+asyncpg", "postgresql")
        other = configured(tmp_path / "other", here.sandbox, {'"broadcaster.db"': f'"{address}"'})
        feed = tmp_path / "other" / "feeds" / "borgholm" / "sv.rss"
        stop = asyncio.Event()
        async with assembled(other) as elsewhere:
            following = asyncio.create_task(follow_feeds(elsewhere, stop))
            await here.send(here.plan())
            async with asyncio.timeout(10):
                while "Våra system" not in (feed.read_text(encoding="utf-8") if feed.exists() else ""):
                    await asyncio.wait([following], timeout=0.05)
            stop.set()
            await following

    assert feed.read_bytes() == (tmp_path / "feeds" / "borgholm" / "sv.rss").read_bytes()


async def test_how_long_it_takes_and_what_it_costs_is_known_before_it_is_sent(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url, {}) as here:
        await here.subscribe(CROWD)
        async with here.database as database:
            audience = await estimate(here.plan(), here.config, database, here.clock.now)

    assert audience.people == len(CROWD)
    assert audience.duration == timedelta(seconds=30)  # at the shipped 10 a second
    assert audience.cost == pytest.approx(0.35 * len(CROWD))
