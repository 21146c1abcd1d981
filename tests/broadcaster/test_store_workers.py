"""Who sends: as the database knows it, while processes come, go and die."""

import asyncio
import os
import sys

from broadcaster.store import lanes, schedules
from broadcaster.store.database import Database
from broadcaster.store.lanes import new_holder
from broadcaster.store.submissions import submit
from broadcaster.store.workers import Worker, others_at_work
from tests.support.storing import NOW, SECOND, execute, posts, upgraded

ELSEWHERE = "host02 0123abcdpid:[4026531836] pid 17 abcdef"


def here(pid: int) -> str:
    """A holder's name for another process of this machine."""
    return new_holder().replace(f" pid {os.getpid()} ", f" pid {pid} ")


async def test_who_sends_is_whoever_serves_and_whoever_has_a_lane_with_something_left(database_url: str) -> None:
    async with upgraded(database_url) as database:
        await submit(database, posts(2), "test")
        assert await others_at_work(database, "0a1b2c3d4e", NOW) == []

        await schedules.watch(database, ELSEWHERE, NOW)
        served = Worker("host02", 17, is_here=False, serves=True)
        assert await others_at_work(database, "0a1b2c3d4e", NOW) == [served]

        parent = here(os.getppid())
        lease = await lanes.acquire(database, "pages", parent)
        assert lease is not None
        sending = Worker(lanes.process_of(parent)[0], os.getppid(), is_here=True, serves=False)
        assert await others_at_work(database, "0a1b2c3d4e", NOW) == sorted([served, sending])
        assert await others_at_work(database, "0a1b2c3d4e", NOW + 10 * schedules.WATCH) == [sending]

        await schedules.watch(database, here(os.getppid()), NOW + SECOND)
        at_both = await others_at_work(database, "0a1b2c3d4e", NOW)
        assert [worker.serves for worker in at_both] == [True, True]

        await execute(database, "UPDATE deliveries SET state = 'accepted'")
        assert await others_at_work(database, "0a1b2c3d4e", NOW) == []


async def test_neither_this_process_nor_one_that_is_dead_nor_one_whose_lease_is_over_sends(database: Database) -> None:
    await submit(database, posts(2), "test")
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await dead.wait()

    for holder in (new_holder(), here(dead.pid)):
        await schedules.watch(database, holder, NOW)
        lease = await lanes.acquire(database, "pages", holder)
        assert lease is not None
        assert await others_at_work(database, "0a1b2c3d4e", NOW) == []
        await lanes.release(database, lease)

    assert await lanes.acquire(database, "pages", ELSEWHERE) is not None
    await execute(database, "UPDATE lanes SET lease_until = 0")
    assert await others_at_work(database, "0a1b2c3d4e", NOW) == []
