"""Sign-up codes in the engine: they leave after everything else, once, and harm nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from broadcaster.config import Config, load
from broadcaster.engine.engine import Engine
from broadcaster.engine.failover import DOWN_FOR
from broadcaster.engine.slips import INTERVAL
from broadcaster.engine.station import Workshop
from broadcaster.scaffold import write_missing
from broadcaster.store import lanes, signups
from broadcaster.store.consents import How
from broadcaster.store.database import Database
from broadcaster.store.lanes import Lease
from broadcaster.store.ledger import Ledger
from broadcaster.store.signups import Purpose, SignUp
from broadcaster.store.submissions import Posting, submit
from broadcaster.store.subscribers import Subscribers
from channels.contract import Accepted, Halted, Outcome, Parcel, Rejected
from tests.fakes.channel import ScriptedChannel
from tests.support.storing import NOW, PAGE, SEAL, SECOND, execute, fetch, submission
from tests.support.world import resident

TEN_MINUTES = timedelta(minutes=10)
LANE = "sms"
TEXT = "123456 är din kod."


@pytest.fixture
def config(tmp_path: Path) -> Config:
    write_missing(tmp_path / "config.toml")
    return load(tmp_path / "config.toml")


async def ask(database: Database, place: int = 0, at: datetime = NOW) -> None:
    """Let a resident ask for a code."""
    number = resident(place)
    wish = SignUp(
        id=f"wish-{place}",
        purpose=Purpose.JOIN,
        number=SEAL.close(number),
        lookup=SEAL.lookup(number),
        municipality="borgholm",
        language="sv",
        code="hash",
        shown="Du får sms.",
        expires=at + TEN_MINUTES,
    )
    async with database.write(wakes=True) as connection:
        await signups.keep(connection, database, wish, LANE, SEAL.close(TEXT), at)


async def post(database: Database, number: int = 1) -> None:
    """Submit a message with one delivery by the same account."""
    message = submission(f"{number:010}", renditions=[PAGE], postings=[Posting(PAGE, LANE, f"place-{number}")])
    assert await submit(database, message, "test")


@asynccontextmanager
async def running(database: Database, config: Config, channel: ScriptedChannel) -> AsyncIterator[None]:
    """An engine with one lane."""
    shop = Workshop(database, Ledger(database), SEAL, lambda: NOW, lambda: 0.5, lanes.new_holder())
    engine = Engine({LANE: config.accounts["sms"]}, {LANE: channel}, [], shop, look_out=0.05)
    stop = asyncio.Event()
    working = asyncio.create_task(engine.run(stop))
    try:
        yield
    finally:
        stop.set()
        await working


async def test_a_code_is_given_out_once_and_then_is_nowhere_any_more(database: Database) -> None:
    await ask(database)
    lease = await lanes.acquire(database, LANE, "one")
    assert lease is not None
    assert await signups.waiting(database, [LANE, "other"], NOW, DOWN_FOR) == {LANE}
    code = await signups.take(database, lease, NOW)
    assert code is not None
    assert (SEAL.open(code.number), SEAL.open(code.text)) == (resident(0), TEXT)
    assert await signups.take(database, lease, NOW) is None
    assert await signups.waiting(database, [LANE], NOW, DOWN_FOR) == set()
    assert await fetch(database, "SELECT outgoing FROM signups") == [(None,)]


@pytest.mark.parametrize("state", ["pending", "sending"])
async def test_no_code_leaves_while_a_delivery_waits_or_is_under_way_in_its_lane(
    database: Database, state: str
) -> None:
    await ask(database)
    await post(database)
    await execute(database, "UPDATE deliveries SET state = :state, due = due + 3600000", state=state)
    lease = await lanes.acquire(database, LANE, "one")
    assert lease is not None
    assert await signups.waiting(database, [LANE], NOW, DOWN_FOR) == set()
    assert await signups.take(database, lease, NOW) is None
    await execute(database, "UPDATE deliveries SET state = 'accepted'")
    assert await signups.waiting(database, [LANE], NOW, DOWN_FOR) == {LANE}
    assert await signups.take(database, lease, NOW) is not None


async def test_no_code_leaves_after_ten_minutes_and_the_number_is_forgotten(database: Database) -> None:
    await ask(database)
    lease = await lanes.acquire(database, LANE, "one")
    assert lease is not None
    await signups.forget_expired(database, NOW + TEN_MINUTES - SECOND)
    assert await fetch(database, "SELECT count(*) FROM signups") == [(1,)]
    assert await signups.waiting(database, [LANE], NOW + TEN_MINUTES, DOWN_FOR) == set()
    assert await signups.take(database, lease, NOW + TEN_MINUTES) is None
    await signups.forget_expired(database, NOW + TEN_MINUTES)
    assert await fetch(database, "SELECT count(*) FROM signups") == [(0,)]


async def test_a_code_does_not_try_an_account_that_fails(database: Database) -> None:
    await ask(database)
    assert await lanes.acquire(database, LANE, "one")
    await lanes.mark_down(database, LANE, "no answer", NOW)
    assert await signups.waiting(database, [LANE], NOW, DOWN_FOR) == set()
    await lanes.halt(database, LANE, "the password is wrong", NOW)
    assert await signups.waiting(database, [LANE], NOW, DOWN_FOR) == set()
    await lanes.resume(database, [LANE])
    assert await signups.waiting(database, [LANE], NOW, DOWN_FOR) == {LANE}


async def test_an_account_that_was_down_a_while_ago_is_tried_by_a_code_when_nothing_else_would(
    database: Database, config: Config
) -> None:
    await lanes.acquire(database, LANE, "a worker long gone")
    await lanes.mark_down(database, LANE, "no answer", NOW - DOWN_FOR)
    await lanes.release(database, Lease(LANE, "a worker long gone", 1))
    await ask(database)
    channel = ScriptedChannel()
    async with running(database, config, channel):
        await channel.has_sent(1)


@pytest.mark.parametrize("place", [None, "borgholm"])
async def test_no_code_leaves_or_fits_any_more_once_its_number_said_stop(database: Database, place: str | None) -> None:
    subscribers = Subscribers(database, SEAL)
    for number in (0, 1):
        await ask(database, number)
    lease = await lanes.acquire(database, LANE, "one")
    assert lease is not None
    assert await subscribers.remove(resident(0), place, NOW, "test", How.SMS) is None
    assert await subscribers.remove(resident(1), "morbylanga", NOW, "test", How.SMS) is None
    assert await fetch(database, "SELECT id FROM signups") == [("wish-1",)]
    async with database.write() as connection:
        assert await signups.tried(connection, "wish-0", NOW) is None
    code = await signups.take(database, lease, NOW)
    assert code is not None
    assert SEAL.open(code.number) == resident(1)


async def test_codes_leave_one_after_the_other_in_the_order_of_asking(database: Database, config: Config) -> None:
    for place in (1, 2, 0):
        await ask(database, place, NOW - timedelta(minutes=5 - place))
    times: list[float] = []

    async def note(parcel: Parcel) -> Outcome:
        times.append(asyncio.get_running_loop().time())
        return Accepted(parcel.key)

    channel = ScriptedChannel(note)
    async with running(database, config, channel):
        await channel.has_sent(3)
    assert [parcel.target for parcel in channel.sent] == [resident(0), resident(1), resident(2)]
    assert {parcel.rendition.text for parcel in channel.sent} == {TEXT}
    assert len({parcel.key for parcel in channel.sent}) == 3
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= INTERVAL * 0.9


async def test_a_warning_does_not_wait_for_a_code_that_hangs_at_the_provider(
    database: Database, config: Config
) -> None:
    hangs = asyncio.Event()

    async def answer(parcel: Parcel) -> Outcome:
        if parcel.key.startswith("code-"):
            await hangs.wait()
        return Accepted(parcel.key)

    await ask(database)
    await ask(database, 1)
    channel = ScriptedChannel(answer)
    async with running(database, config, channel):
        await channel.has_sent(1)
        for number in range(1, 4):
            await post(database, number)
            await channel.has_sent(number + 1)
    assert [parcel.target for parcel in channel.sent[1:]] == ["place-1", "place-2", "place-3"]


@pytest.mark.parametrize("outcome", [Halted("the password is wrong"), Rejected("the number is no good", gone=True)])
async def test_what_becomes_of_a_code_changes_nothing_for_the_account(
    database: Database, config: Config, caplog: pytest.LogCaptureFixture, outcome: Halted | Rejected
) -> None:
    async def refuse_codes(parcel: Parcel) -> Outcome:
        return outcome if parcel.key.startswith("code-") else Accepted(parcel.key)

    await ask(database)
    channel = ScriptedChannel(refuse_codes)
    async with running(database, config, channel):
        await channel.has_sent(1)
        await post(database)
        await channel.has_sent(2)
    assert [lane.halted_reason or lane.down_reason for lane in await lanes.states(database)] == [None]
    assert f"a sign-up code was not sent: {outcome.reason}" in caplog.text
    assert resident(0) not in caplog.text
    assert "123456" not in caplog.text


async def test_a_code_that_meets_a_bug_stops_nothing(
    database: Database, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail_on_codes(parcel: Parcel) -> Outcome:
        if parcel.key.startswith("code-"):
            raise LookupError(parcel.target)
        return Accepted(parcel.key)

    await ask(database)
    channel = ScriptedChannel(fail_on_codes)
    async with running(database, config, channel):
        await channel.has_sent(1)
        await post(database)
        await channel.has_sent(2)
    assert "LookupError" in caplog.text
    assert resident(0) not in caplog.text
