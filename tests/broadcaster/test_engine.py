"""The engine: what wakes it, and what it does about lanes that have no account."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from broadcaster.cli.reporting import print_reasons
from broadcaster.config import Account, Config, load
from broadcaster.delivery import State, Verdict
from broadcaster.engine.engine import Engine
from broadcaster.engine.station import Workshop
from broadcaster.engine.strays import end_strays
from broadcaster.scaffold import write_missing
from broadcaster.store import doubts, lanes
from broadcaster.store.database import Database
from broadcaster.store.ledger import Ledger, Report
from broadcaster.store.submissions import Posting, submit
from channels.contract import Channel
from tests.fakes.channel import ScriptedChannel
from tests.support.storing import HOUR, NOW, PAGE, SEAL, fetch, posts, states, submission, upgraded

NEVER = 3600.0
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    write_missing(tmp_path / "config.toml")
    return load(tmp_path / "config.toml")


def shop(database: Database, now: datetime) -> Workshop:
    return Workshop(database, Ledger(database), SEAL, lambda: now, lambda: 0.5, lanes.new_holder())


@asynccontextmanager
async def running(
    database: Database,
    accounts: Mapping[str, Account],
    channels: Mapping[str, Channel],
    *,
    now: datetime = NOW,
) -> AsyncIterator[None]:
    """An engine that never looks by itself after its first look."""
    stop = asyncio.Event()
    engine = Engine(accounts, channels, [], shop(database, now), look_out=NEVER)
    working = asyncio.create_task(engine.run(stop))
    try:
        yield
    finally:
        stop.set()
        await working


async def post(database: Database, number: int) -> None:
    """Submit a message with one delivery for the SMS account."""
    message = submission(f"{number:010}", renditions=[PAGE], postings=[Posting(PAGE, "sms", f"place-{number}")])
    assert await submit(database, message, "test")


async def test_what_is_submitted_in_the_same_process_is_sent_without_a_look_out(
    database: Database, config: Config
) -> None:
    channel = ScriptedChannel()
    async with running(database, {"sms": config.accounts["sms"]}, {"sms": channel}):
        for number in range(1, 4):
            await post(database, number)
            await channel.has_sent(number)

    assert [parcel.target for parcel in channel.sent] == ["place-1", "place-2", "place-3"]


async def test_what_is_submitted_on_another_machine_is_sent_without_a_look_out_even_after_a_break(
    postgresql_url: str, config: Config
) -> None:
    channel = ScriptedChannel()

    async def listener(other: Database, former: list[tuple[int]]) -> list[tuple[int]]:
        async with asyncio.timeout(20):
            while not (found := await fetch(other, LISTENERS)) or found == former:
                continue  # every look gives way to the others
        return found

    async with (
        upgraded(postgresql_url) as here,
        Database(postgresql_url) as other,
        running(here, {"sms": config.accounts["sms"]}, {"sms": channel}),
    ):
        first = await listener(other, [])
        await post(other, 1)
        await channel.has_sent(1)
        [(pid,)] = first
        await fetch(other, "SELECT pg_terminate_backend(:pid)", pid=pid)
        await listener(other, first)
        await post(other, 2)
        await channel.has_sent(2)

    assert [parcel.target for parcel in channel.sent] == ["place-1", "place-2"]


async def test_whatever_makes_deliveries_due_wakes_whoever_sends(database: Database) -> None:
    ledger = Ledger(database)

    def woken() -> bool:
        was = database.woken.is_set()
        database.woken.clear()
        return was

    await submit(database, posts(2), "test")
    assert woken()
    lease = await lanes.acquire(database, "pages", "elsewhere pid 1 a")
    assert lease is not None
    [one, other] = (await ledger.turn(lease, Report({}, room=2), NOW)).claimed
    verdicts = {one.id: Verdict(State.IN_DOUBT), other.id: Verdict(State.ACCEPTED)}
    await ledger.turn(lease, Report(verdicts, room=0), NOW)
    assert not woken(), "a turn is the engine's own"
    assert await doubts.resolve(database, one.id, State.PENDING, NOW, "person")
    assert woken()
    assert await ledger.reroute("pages", "others", ["borgholm"], None, NOW) == 1
    assert woken()
    await lanes.resume(database, ["pages"])
    assert woken()


async def shown(config: Config, database: Database) -> str:
    """What ``status`` says is the matter with the message of :func:`posts`."""
    written = StringIO()
    await print_reasons(Console(file=written, width=1000), config, database, "0a1b2c3d4e")
    return written.getvalue()


async def test_what_waits_for_an_account_that_was_removed_expires_and_status_says_so(
    database: Database, config: Config
) -> None:
    message = submission(renditions=[PAGE], postings=[Posting(PAGE, "sms-former", f"page-{n}") for n in range(3)])
    await submit(database, message, "test")
    died = await lanes.acquire(database, "sms-former", "elsewhere pid 1 a")
    assert died is not None
    await Ledger(database).turn(died, Report({}, room=1), NOW)
    await lanes.release(database, died)

    async def settled(now: datetime, wanted: list[State]) -> None:
        accounts, channels = {"sms": config.accounts["sms"]}, {"sms": ScriptedChannel()}
        async with running(database, accounts, channels, now=now), asyncio.timeout(20):
            while await states(database) != wanted:
                continue  # every look gives way to the others

    await settled(NOW, [State.IN_DOUBT, State.PENDING, State.PENDING])
    assert "sms-former is not in the configuration any more" in await shown(config, database)
    await settled(NOW + HOUR, [State.IN_DOUBT, State.EXPIRED, State.EXPIRED])
    assert "2 expired (sms-former): expired before it could be sent" in await shown(config, database)


async def test_a_lane_that_a_worker_with_its_account_serves_is_left_to_it(database: Database) -> None:
    await submit(database, posts(1), "test")
    lease = await lanes.acquire(database, "pages", "elsewhere pid 1 a")
    assert lease is not None
    ledger = Ledger(database)
    assert await ledger.strays(["sms"]) == {"pages"}
    assert await ledger.strays(["pages"]) == set()
    [claimed] = (await ledger.turn(lease, Report({}, room=1), NOW)).claimed
    await end_strays(shop(database, NOW + HOUR), ["sms"])
    await ledger.turn(lease, Report({claimed.id: Verdict(State.ACCEPTED)}, room=0), NOW)

    assert await states(database) == [State.ACCEPTED]
