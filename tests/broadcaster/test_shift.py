"""A shift whose lease may have ended, and what it has claimed in vain."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest

from broadcaster.delivery import State, Verdict
from broadcaster.engine.pace import Health, Pace
from broadcaster.engine.shift import Shift
from broadcaster.engine.station import Station, Workshop, untold
from broadcaster.store import lanes
from broadcaster.store.database import Database
from broadcaster.store.lanes import LEASE_SECONDS, Lease, LeaseLostError
from broadcaster.store.ledger import Ledger
from broadcaster.store.submissions import submit
from channels.contract import Accepted, Outcome, Parcel
from tests.fakes.channel import ScriptedChannel
from tests.support.storing import (
    NOW,
    SEAL,
    TO_BORGHOLM,
    execute,
    fetch,
    posts,
    states,
    submission,
    subscribe,
)
from tests.support.world import resident


class Stopwatch:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def shift(
    database: Database,
    channel: ScriptedChannel,
    lease: Lease,
    stopwatch: Stopwatch,
    results: Callable[[str, Iterable[Verdict]], None] = untold,
) -> Shift:
    """One that has all its deliveries claimed while it sends them one after the other."""
    shop = Workshop(database, Ledger(database), SEAL, lambda: NOW, lambda: 0.5, lease.holder, stopwatch, results)
    station = Station(
        name=lease.lane,
        channel=channel,
        concurrency=1,
        claim_size=10,
        weigh=lambda _: 1,
        settle=timedelta(0),
        pace=Pace(None, 1, lambda _: 1.0),
        health=Health(),
    )
    return Shift(station, shop, lease, asyncio.Event())


async def leased(database: Database, lane: str, holder: str = "elsewhere pid 1 a") -> Lease:
    lease = await lanes.acquire(database, lane, holder)
    assert lease is not None
    return lease


async def test_who_was_away_until_another_took_the_lane_sends_nothing_more(database: Database) -> None:
    await submit(database, posts(3), "test")
    stopwatch = Stopwatch()

    async def be_away(parcel: Parcel) -> Outcome:
        stopwatch.seconds += LEASE_SECONDS
        await execute(database, "UPDATE lanes SET lease_until = 0")
        successor = await leased(database, "pages", "elsewhere pid 2 b")
        assert await Ledger(database).recover(successor, repeatable=False, now=NOW) == 3
        return Accepted(parcel.key)

    channel = ScriptedChannel(be_away)
    with pytest.raises(LeaseLostError):
        await shift(database, channel, await leased(database, "pages"), stopwatch).work()

    assert [parcel.target for parcel in channel.sent] == ["page-0"]
    assert await states(database) == [State.IN_DOUBT] * 3


async def test_who_was_away_and_finds_the_lane_its_own_records_first_and_then_sends_the_rest(
    database: Database,
) -> None:
    await submit(database, posts(3), "test")
    stopwatch = Stopwatch()

    async def be_away_once(parcel: Parcel) -> Outcome:
        if parcel.target == "page-0":
            stopwatch.seconds += LEASE_SECONDS
        return Accepted(parcel.key)

    channel, lease = ScriptedChannel(be_away_once), await leased(database, "pages")
    await shift(database, channel, lease, stopwatch).work()
    assert [parcel.target for parcel in channel.sent] == ["page-0"]
    found = await fetch(database, "SELECT state, attempts FROM deliveries ORDER BY id")
    assert found == [(State.ACCEPTED, 1), (State.PENDING, 0), (State.PENDING, 0)]

    await shift(database, channel, lease, stopwatch).work()
    assert [parcel.target for parcel in channel.sent] == ["page-0", "page-1", "page-2"]
    assert await states(database) == [State.ACCEPTED] * 3


async def test_a_number_that_was_marked_as_gone_since_the_plan_is_not_tried(database: Database) -> None:
    await subscribe(database, *((resident(place), "borgholm", "sv") for place in range(2)))
    await submit(database, submission(routes=[TO_BORGHOLM]), "test")
    await execute(database, "UPDATE subscribers SET gone = 1, gone_reason = 'unknown' WHERE id = 1")

    channel = ScriptedChannel()
    await shift(database, channel, await leased(database, "sms-borgholm"), Stopwatch()).work()

    assert [parcel.target for parcel in channel.sent] == [resident(1)]
    assert await fetch(database, "SELECT state, reason, attempts FROM deliveries ORDER BY subscriber") == [
        (State.CANCELLED, "the number is marked as gone", 0),
        (State.ACCEPTED, None, 1),
    ]


async def test_a_bug_in_the_middle_is_told_and_leaves_nobody_at_work(database: Database) -> None:
    await submit(database, posts(3), "test")

    def fail(_lane: str, verdicts: Iterable[Verdict]) -> None:
        if list(verdicts):
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await shift(database, ScriptedChannel(), await leased(database, "pages"), Stopwatch(), fail).work()

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert State.SENDING not in await states(database)
