"""Leases: one worker for each lane, by the database's clock."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from broadcaster.store import lanes
from broadcaster.store.database import Database
from broadcaster.store.lanes import LEASE_SECONDS, LaneState, Lease, LeaseLostError
from tests.support.storing import HOUR, NOW, execute, fetch, upgraded

HERE, THERE = "here pid 1 a", "there pid 1 b"

LEFT = {
    "sqlite": "SELECT lease_until / 1000.0 - (julianday('now') - 2440587.5) * 86400 FROM lanes",
    "postgresql": "SELECT lease_until / 1000.0 - extract(epoch FROM clock_timestamp()) FROM lanes",
}


async def seconds_left(database: Database) -> float:
    [(left,)] = await fetch(database, LEFT[database.dialect])
    return float(left)


async def run_out(database: Database) -> None:
    await execute(database, "UPDATE lanes SET lease_until = 1")


async def hold(database: Database, lease: Lease) -> None:
    async with database.write() as connection:
        await lanes.hold(connection, database, lease)


@asynccontextmanager
async def another_process() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A process that lives until it is killed, and the name under which it would hold lanes."""
    program = "import sys; from broadcaster.store.lanes import new_holder; print(new_holder(), flush=True); input()"
    pipe = subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=pipe, stdout=pipe)
    try:
        assert process.stdout is not None
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_lane_is_served_by_one_worker_at_a_time(database: Database) -> None:
    lease = await lanes.acquire(database, "pages", HERE)
    assert lease == Lease("pages", HERE, 1)
    assert await lanes.acquire(database, "pages", THERE) is None
    assert await lanes.acquire(database, "pages", HERE) is None
    assert await lanes.acquire(database, "feed", THERE) == Lease("feed", THERE, 1)


async def test_of_many_who_want_a_lane_at_once_one_gets_it(database_url: str) -> None:
    async with upgraded(database_url) as one, Database(database_url) as other:
        asked = [lanes.acquire(one if n % 2 else other, "pages", f"worker pid 1 {n}") for n in range(12)]
        assert len([lease for lease in await asyncio.gather(*asked) if lease]) == 1


async def test_a_lease_lasts_as_long_as_its_worker_says_something(database: Database) -> None:
    lease = await lanes.acquire(database, "pages", HERE)
    assert lease is not None
    assert LEASE_SECONDS - 5 < await seconds_left(database) <= LEASE_SECONDS
    await run_out(database)
    await hold(database, lease)
    assert LEASE_SECONDS - 5 < await seconds_left(database) <= LEASE_SECONDS
    assert await lanes.acquire(database, "pages", THERE) is None


async def test_a_lease_that_ran_out_goes_to_the_next_and_the_former_worker_is_told(database: Database) -> None:
    former = await lanes.acquire(database, "pages", HERE)
    assert former is not None
    await run_out(database)
    assert await lanes.acquire(database, "pages", THERE) == Lease("pages", THERE, 2)
    with pytest.raises(LeaseLostError):
        await hold(database, former)
    await lanes.release(database, former)
    assert await lanes.acquire(database, "pages", HERE) is None


async def test_a_worker_that_takes_its_own_lane_anew_does_not_hold_it_under_the_old_lease(database: Database) -> None:
    old = await lanes.acquire(database, "pages", HERE)
    assert old is not None
    await run_out(database)
    assert await lanes.acquire(database, "pages", HERE) == Lease("pages", HERE, 2)
    with pytest.raises(LeaseLostError):
        await hold(database, old)


async def test_a_released_lane_is_free_at_once_and_its_leases_are_counted_on(database: Database) -> None:
    for epoch, holder in enumerate((HERE, THERE, HERE), start=1):
        lease = await lanes.acquire(database, "pages", holder)
        assert lease == Lease("pages", holder, epoch)
        await lanes.release(database, lease)


async def test_a_lane_is_taken_from_a_process_that_died_here_and_not_from_one_that_lives(database: Database) -> None:
    async with another_process() as (process, holder):
        assert await lanes.acquire(database, "pages", holder)
        assert await lanes.acquire(database, "pages", lanes.new_holder()) is None
        process.kill()
        await process.wait()
        lease = await lanes.acquire(database, "pages", lanes.new_holder())
        assert lease is not None
        assert lease.epoch == 2


async def test_nobody_knows_who_lives_on_another_machine(database: Database) -> None:
    async with another_process() as (process, holder):
        process.kill()
        await process.wait()
        elsewhere = f"elsewhere{holder}"
        assert await lanes.acquire(database, "pages", elsewhere)
        assert await lanes.acquire(database, "pages", lanes.new_holder()) is None


def test_two_workers_of_one_process_have_two_names() -> None:
    assert lanes.new_holder() != lanes.new_holder()


async def test_a_halt_is_shown_with_its_first_moment_until_the_lane_works_again(database: Database) -> None:
    lease = await lanes.acquire(database, "pages", HERE)
    assert lease is not None
    await lanes.halt(database, "pages", "the token has expired", NOW)
    await lanes.halt(database, "pages", "the app is blocked", NOW + HOUR)
    assert await lanes.halted(database) == {"pages": "the app is blocked"}
    assert await lanes.states(database) == [
        LaneState("pages", HERE, "the app is blocked", NOW, "the app is blocked", NOW + HOUR)
    ]
    await lanes.resume(database, ["feed"])
    assert await lanes.halted(database) == {"pages": "the app is blocked"}
    await lanes.resume(database, ["feed", "pages"])
    assert await lanes.halted(database) == {}
    assert await lanes.states(database) == [LaneState("pages", HERE, None, None, None, None)]


async def test_a_halt_outlives_the_lease_under_which_it_came(database: Database) -> None:
    lease = await lanes.acquire(database, "pages", HERE)
    assert lease is not None
    await lanes.halt(database, "pages", "the token has expired", NOW)
    await lanes.release(database, lease)
    await lanes.acquire(database, "pages", THERE)
    assert await lanes.halted(database) == {"pages": "the token has expired"}


async def test_lanes_are_listed_by_name(database: Database) -> None:
    for name in ("sms", "feed", "pages"):
        await lanes.acquire(database, name, HERE)
    assert [lane.name for lane in await lanes.states(database)] == ["feed", "pages", "sms"]
