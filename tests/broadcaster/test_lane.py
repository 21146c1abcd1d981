"""One lane at work, with a real database and a channel that does as it is told."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from broadcaster.delivery import State
from broadcaster.engine.lane import LARGEST_CLAIM, Lane
from broadcaster.engine.station import Workshop
from broadcaster.plan import submission
from broadcaster.store import lanes, reports
from broadcaster.store.database import Database
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.sealing import Seal, new_key
from broadcaster.store.submissions import submit
from channels.contract import Accepted, Deferred, Outcome, Parcel
from tests.fakes.channel import ScriptedChannel
from tests.support.storing import execute
from tests.support.world import FAST, World, anybody, world

CROWD = [anybody(place) for place in range(300)]


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path, database_url, FAST) as made:
        await made.subscribe(CROWD)
        async with made.database as database:
            await submit(database, submission(made.plan(), made.clock.now), "test")
        yield made


def shop(here: World, database: Database, key: SecretStr | None = None, holder: str = "") -> Workshop:
    return Workshop(
        database=database,
        ledger=Ledger(database),
        seal=Seal(key or here.config.key),
        clock=here.clock,
        dice=lambda: 0.5,
        holder=holder or lanes.new_holder(),
    )


@asynccontextmanager
async def at_work(here: World, channel: ScriptedChannel, workshop: Workshop) -> AsyncIterator[asyncio.Event]:
    """The SMS lane, working until the block is left or the event that it is given is set."""
    lane, stop = Lane(here.config.accounts["sms"], channel, workshop), asyncio.Event()
    lane.busy.set()
    working = asyncio.create_task(lane.serve(stop))
    yield stop
    stop.set()
    await working


async def counts(database: Database) -> Counter[State]:
    [message] = await reports.recent(database)
    found: Counter[State] = Counter()
    for tally in (await reports.progress(database, message.id)).tallies:
        if tally.channel == "sms":
            found[tally.state] += tally.count
    return found


async def settled(database: Database, done: Callable[[Counter[State]], bool]) -> Counter[State]:
    """What the ledger says as soon as a condition holds."""
    async with asyncio.timeout(30):
        while not done(found := await counts(database)):
            continue  # every look gives way to the others
    return found


async def test_every_delivery_is_sending_in_the_ledger_before_its_bytes_leave(here: World) -> None:
    async with here.database as database:
        states = list[int]()

        async def look(parcel: Parcel) -> Outcome:
            states.append((await counts(database))[State.SENDING])
            return Accepted(parcel.key)

        async with at_work(here, ScriptedChannel(look), shop(here, database)):
            await settled(database, lambda found: found[State.ACCEPTED] == len(CROWD))

    assert min(states) >= 1
    assert max(states) <= LARGEST_CLAIM


async def test_every_parcel_has_a_key_of_its_own_that_begins_with_the_message(here: World) -> None:
    async with here.database as database:
        channel = ScriptedChannel()
        async with at_work(here, channel, shop(here, database)):
            await settled(database, lambda found: found[State.ACCEPTED] == len(CROWD))
        [message] = await reports.recent(database)

    assert len({parcel.key for parcel in channel.sent}) == len(CROWD)
    assert all(parcel.key.startswith(f"{message.id}-") for parcel in channel.sent)
    assert {parcel.target for parcel in channel.sent} == set(CROWD)


async def test_a_bug_in_a_channel_leaves_that_delivery_in_doubt_and_the_others_go_on(
    here: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail_once(parcel: Parcel) -> Outcome:
        if parcel.target == CROWD[7]:
            raise LookupError(parcel.target)
        return Accepted(parcel.key)

    async with here.database as database, at_work(here, ScriptedChannel(fail_once), shop(here, database)):
        found = await settled(database, lambda found: found.total() == len(CROWD) and not found[State.PENDING])
        found = await settled(database, lambda found: not found[State.SENDING])

    assert found == {State.ACCEPTED: len(CROWD) - 1, State.IN_DOUBT: 1}
    assert "LookupError" in caplog.text
    assert CROWD[7] not in caplog.text


async def test_what_an_account_puts_off_is_tried_again_after_its_rest(here: World) -> None:
    put_off = set[str]()

    async def first_time_later(parcel: Parcel) -> Outcome:
        if not put_off:
            put_off.add(parcel.target)
            return Deferred("too many requests")
        return Accepted(parcel.key)

    async with here.database as database:
        channel = ScriptedChannel(first_time_later)
        workshop = shop(here, database)
        lane, stop = Lane(here.config.accounts["sms"], channel, workshop), asyncio.Event()
        working = asyncio.create_task(lane.serve(stop))
        async with asyncio.timeout(30):
            while (await counts(database))[State.ACCEPTED] < len(CROWD):
                lane.busy.set()
        stop.set()
        await working

    tried = Counter(parcel.target for parcel in channel.sent)
    assert tried.total() == len(CROWD) + 1
    assert [target for target, times in tried.items() if times == 2] == list(put_off)


async def test_an_account_that_another_process_found_down_counts_as_working_after_its_first_success(
    here: World,
) -> None:
    async with here.database as database:
        await lanes.acquire(database, "sms", "elsewhere pid 1 a")
        await execute(database, "UPDATE lanes SET holder = NULL, lease_until = 0")
        await lanes.mark_down(database, "sms", "no connection", here.clock.now)
        async with at_work(here, ScriptedChannel(), shop(here, database)):
            await settled(database, lambda found: found[State.ACCEPTED] == len(CROWD))

        [sms] = await lanes.states(database)
        assert sms.down_reason is None


async def test_a_lane_that_another_worker_serves_is_left_alone(here: World) -> None:
    async with here.database as database:
        assert await lanes.acquire(database, "sms", lanes.new_holder())
        channel = ScriptedChannel()
        async with at_work(here, channel, shop(here, database)) as stop:
            stop.set()

    assert channel.sent == []


async def test_what_a_dead_worker_left_is_in_doubt_and_never_sent_again(here: World) -> None:
    async with here.database as database:
        died = await lanes.acquire(database, "sms", "here pid 1 dead")
        assert died is not None
        left = await Ledger(database).turn(died, Report({}, room=10), here.clock.now)
        await lanes.release(database, died)
        channel = ScriptedChannel()
        async with at_work(here, channel, shop(here, database)):
            found = await settled(database, lambda found: found[State.ACCEPTED] == len(CROWD) - 10)

    assert found[State.IN_DOUBT] == 10
    opened = Seal(here.config.key).open
    assert {parcel.target for parcel in channel.sent}.isdisjoint(opened(c.sealed_number or "") for c in left.claimed)


async def test_a_wrong_key_halts_the_lane_and_burns_nothing(here: World) -> None:
    async with here.database as database:
        channel = ScriptedChannel()
        async with at_work(here, channel, shop(here, database, key=SecretStr(new_key()))):
            async with asyncio.timeout(30):
                while not (halted := await lanes.halted(database)):
                    continue
            found = await settled(database, lambda found: not found[State.SENDING])

    assert "key" in halted["sms"]
    assert found == {State.PENDING: len(CROWD)}
    assert channel.sent == []


async def test_a_worker_whose_lane_was_taken_over_writes_nothing_more(
    here: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with here.database as database:
        taken = asyncio.Event()

        async def after_the_takeover(parcel: Parcel) -> Outcome:
            await taken.wait()
            return Accepted(parcel.key)

        channel = ScriptedChannel(after_the_takeover)
        async with at_work(here, channel, shop(here, database, holder="elsewhere pid 1 a")):
            await channel.asked.wait()
            async with database.write() as connection:
                await connection.exec_driver_sql("UPDATE lanes SET lease_until = 0 WHERE name = 'sms'")
            other = await lanes.acquire(database, "sms", lanes.new_holder())
            assert other is not None
            in_doubt = await Ledger(database).recover(other, repeatable=False, now=here.clock.now)
            taken.set()

        found = await counts(database)

    assert found[State.ACCEPTED] == 0
    assert found[State.IN_DOUBT] == in_doubt > 0
    assert "in doubt" in caplog.text or "took it over" in caplog.text
