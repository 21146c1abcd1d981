"""Rates as providers see them: over real sockets, and across workers."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from broadcaster.audience import estimate
from broadcaster.delivery import State
from broadcaster.engine.pace import Health, Pace
from broadcaster.plan import submission
from broadcaster.store import lanes
from broadcaster.store.submissions import submit
from channels.contract import Accepted, Channel, Deferred, Outcome, Parcel
from channels.facebook import FacebookPage
from channels.sandbox import Behaviour, Fault, Sandbox
from channels.twilio import TwilioSms
from channels.wire import Wire
from tests.broadcaster.test_lane import at_work, settled, shop
from tests.channels import test_facebook as graph
from tests.channels import test_twilio as twilio
from tests.fakes.channel import ScriptedChannel
from tests.support.world import FAST, World, anybody, world

CROWD = [anybody(place) for place in range(40)]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def outcomes(channel: Channel, parcel: Parcel, rate: float, concurrency: int, *, heeding: bool) -> list[Outcome]:
    """What becomes of 120 different texts, in the order in which it is heard, with or without heed to it."""
    health, time = Health(), asyncio.get_running_loop().time
    pace = Pace(rate, concurrency, health.share if heeding else lambda _: 1.0)
    texts, heard = iter(range(120)), list[Outcome]()

    async def work() -> None:
        for number in texts:
            rendition = replace(parcel.rendition, text=f"Meddelande {number}")
            left = await pace.turn()
            outcome = await channel.send(replace(parcel, rendition=rendition))
            pace.back(1, left)
            health.note(outcome, time(), 0.5)
            heard.append(outcome)

    await asyncio.gather(*(work() for _ in range(concurrency)))
    return heard


def throttled(outcome: Outcome) -> bool:
    return isinstance(outcome, Deferred) and outcome.throttled


@pytest.mark.parametrize("heeding", [True, False])
async def test_an_account_near_its_limit_slows_down_before_it_is_blocked(
    sandbox: Sandbox, http: aiohttp.ClientSession, heeding: bool
) -> None:
    sandbox.limit(graph_calls=80)
    page = FacebookPage(graph.settings(sandbox.base_url("facebook")), Wire(http))
    heard = await outcomes(page, graph.PARCEL, 100.0, 1, heeding=heeding)

    assert {type(outcome) for outcome in heard} <= {Accepted, Deferred}
    assert any(map(throttled, heard)) != heeding


async def test_too_many_requests_at_once_become_fewer(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.limit(twilio_at_once=10)
    sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=0.05))
    channel = TwilioSms(twilio.settings(sandbox.base_url("twilio")), Wire(http))
    heard = await outcomes(channel, replace(graph.PARCEL, target=CROWD[0]), 1000.0, 20, heeding=True)

    refused = [place for place, outcome in enumerate(heard) if throttled(outcome)]
    assert refused
    assert max(refused) < 90
    assert "requests in flight" in str(heard[refused[0]])


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path, database_url, FAST | {"rate = 10 ": "rate = 100\nconcurrency = 4 "}) as made:
        await made.subscribe(CROWD)
        async with made.database as database:
            await submit(database, submission(made.plan(), made.clock.now), "test")
        yield made


async def test_a_lane_goes_slower_when_the_provider_says_that_its_limit_is_near(here: World) -> None:
    times = list[float]()

    async def nearly_full(parcel: Parcel) -> Outcome:
        times.append(time.monotonic())
        return Accepted(parcel.key, usage=0.95)

    async with here.database as database, at_work(here, ScriptedChannel(nearly_full), shop(here, database)):
        await settled(database, lambda found: found[State.ACCEPTED] == len(CROWD))

    assert times[-1] - times[0] > 2 * len(CROWD) / 100


@pytest.mark.parametrize(("unit", "seconds"), [("messages", 4), ("segments", 8)])
async def test_the_forecast_counts_what_the_rate_counts(
    tmp_path: Path, database_url: str, unit: str, seconds: int
) -> None:
    async with world(tmp_path, database_url, {"rate = 10 ": f'rate = 10\nrate_unit = "{unit}" '}) as here:
        await here.subscribe(CROWD)
        async with here.database as database:
            plan = here.plan("Läs mer på vår webbplats. " * 5)
            audience = await estimate(plan, here.config, database, here.clock.now)

    assert audience.duration == timedelta(seconds=seconds)


async def test_a_lane_whose_rate_is_in_segments_takes_twice_as_long_for_two(tmp_path: Path, database_url: str) -> None:
    times = list[float]()

    async def note(parcel: Parcel) -> Outcome:
        times.append(time.monotonic())
        return Accepted(parcel.key)

    changes = FAST | {"rate = 10 ": 'rate = 100\nrate_unit = "segments" '}
    async with world(tmp_path, database_url, changes) as here:
        await here.subscribe(CROWD)
        async with here.database as database:
            plan = here.plan("Läs mer på vår webbplats. " * 5)
            await submit(database, submission(plan, here.clock.now), "test")
            async with at_work(here, ScriptedChannel(note), shop(here, database)):
                await settled(database, lambda found: found[State.ACCEPTED] == len(CROWD))

    assert times[-1] - times[0] > 1.7 * (len(CROWD) - 1) / 100


async def test_a_worker_that_takes_a_lane_over_lets_the_second_of_the_other_end(here: World) -> None:
    times: dict[str, list[float]] = {"one": [], "other": []}

    def noting(who: str) -> ScriptedChannel:
        async def note(parcel: Parcel) -> Outcome:
            times[who].append(time.monotonic())
            return Accepted(parcel.key)

        return ScriptedChannel(note)

    async with here.database as database:
        channel = noting("one")
        async with at_work(here, channel, shop(here, database)) as stop:
            await channel.asked.wait()
            stop.set()
        async with at_work(here, noting("other"), shop(here, database)):
            await settled(database, lambda found: found[State.ACCEPTED] == len(CROWD))

    assert times["other"][0] - times["one"][-1] >= 1


async def test_who_takes_a_lane_knows_for_how_long_nobody_had_it(here: World) -> None:
    async with here.database as database:
        first = await lanes.acquire(database, "sms", lanes.new_holder())
        assert first is not None
        assert first.idle > 1e6
        await lanes.release(database, first)
        second = await lanes.acquire(database, "sms", lanes.new_holder())
        assert second is not None
        assert 0 <= second.idle < 60
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE lanes SET lease_until = lease_until - 15000 WHERE name = 'sms'")
        third = await lanes.acquire(database, "sms", lanes.new_holder())
        assert third is not None
        assert 5 <= third.idle < 60
