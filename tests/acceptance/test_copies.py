"""A database that is copied in the middle of a sending, and gone on with elsewhere: asked of the phones."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.delivery import State
from broadcaster.plan import Plan, submission
from broadcaster.runtime import Broadcaster
from broadcaster.sending import Watch, send
from broadcaster.store import backups, doubts, generations
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.submissions import submit
from channels.sandbox import Behaviour, Fault
from tests.acceptance.test_failover import TWO
from tests.support.copying import configured, copied, copied_amid, gone_on, moved, put_in_place, sent_again
from tests.support.postgresql import Server
from tests.support.world import FAST, World, anybody, world

CROWD = [anybody(place) for place in range(40)]
SLOW = {**FAST, "rate = 10 ": "rate = 100\nconcurrency = 4 "}


@asynccontextmanager
async def crowded(folder: Path, changes: dict[str, str] = SLOW) -> AsyncIterator[World]:
    async with world(folder, f"sqlite+aiosqlite:///{folder}/broadcaster.db", changes) as here:
        await here.subscribe(CROWD)
        yield here


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with crowded(tmp_path) as made:
        yield made


@pytest.mark.parametrize("seed", range(5))
async def test_a_copy_made_in_the_middle_goes_on_and_reaches_everybody_once(
    here: World, tmp_path: Path, seed: int
) -> None:
    at, until = sorted(random.Random(seed).choices(range(1, len(CROWD)), k=2))  # noqa: S311 - foreseen
    plan = here.plan()
    there = await copied_amid(here, plan, tmp_path / "there", at, until)

    sent = await gone_on(there, plan.id)

    assert Counter(here.reached()) == Counter(CROWD)
    assert len(here.sandbox.posts) == 4
    assert sent.progress.count(State.ACCEPTED) == sent.progress.total


async def test_what_is_left_waits_until_the_providers_can_be_asked(here: World, tmp_path: Path) -> None:
    plan = here.plan()
    there = await copied_amid(here, plan, tmp_path / "there", 5, 20)
    reached = here.reached()

    sent = await there.send(plan, patience=1)

    assert here.reached() == reached
    assert sent.progress.count(State.PENDING, State.SENDING) == 0
    assert sent.progress.count(State.IN_DOUBT) > 0


async def test_what_went_by_another_provider_after_the_copy_is_found_there(tmp_path: Path) -> None:
    async with crowded(tmp_path, {**SLOW, **TWO}) as here:
        plan, stop = here.plan(), asyncio.Event()
        sending = asyncio.create_task(here.send(plan, stop=stop))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 5, timeout=20)
        there = copied(here, tmp_path / "there")
        here.sandbox.behave("twilio", Behaviour(Fault.UNAUTHORISED))
        await sending
        here.sandbox.behave("twilio")
        assert {text.provider for text in here.sandbox.texts} == {"twilio", "46elks"}

        sent = await gone_on(there, plan.id)

    assert Counter(here.reached()) == Counter(CROWD)
    assert sent.progress.count(State.ACCEPTED) == sent.progress.total


async def test_a_message_that_is_newer_than_the_copy_is_sent_to_nobody_twice(here: World, tmp_path: Path) -> None:
    there = copied(here, tmp_path / "there")
    plan = here.plan()
    await here.send(plan)
    async with there.running():  # what the original did since is not known here
        there.clock.move(timedelta(hours=1))

    sent = await sent_again(there, plan)

    assert Counter(here.reached()) == Counter(CROWD)
    assert len(here.sandbox.posts) == 4
    assert sent.progress.count(State.ACCEPTED) == sent.progress.total


async def test_a_message_that_nobody_has_sent_leaves_a_copy_without_a_long_wait(here: World, tmp_path: Path) -> None:
    await here.send(here.plan())
    there = copied(here, tmp_path / "there")
    async with there.running():
        there.clock.move(timedelta(minutes=5))
    new = here.plan(extra="Nytt läge.")

    await there.send(new)

    assert Counter(here.reached()) == Counter(CROWD * 2)


async def test_when_the_provider_stays_silent_nothing_leaves_before_it_was_asked_for_long(
    here: World, tmp_path: Path
) -> None:
    plan = here.plan()  # severe: it would go once more when nobody can tell
    there = await copied_amid(here, plan, tmp_path / "there", 5, 20)
    reached = here.reached()
    here.clock.move(timedelta(hours=1))  # the copy is old when it is opened
    here.sandbox.behave("twilio", Behaviour(Fault.THROTTLE))

    await gone_on(there, plan.id, patience=1.5)

    assert here.reached() == reached
    async with there.database as database:
        assert all(doubt.looks > 0 and not doubt.held for doubt in await doubts.listing(database))


async def test_whoever_serves_a_database_stops_when_a_copy_is_restored_in_its_place(
    here: World, tmp_path: Path
) -> None:
    plan, backup = here.plan(), tmp_path / "backup.db"
    async with here.running() as broadcaster:
        sending = asyncio.create_task(_sent(broadcaster, here, plan))
        await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 5, timeout=20)
        here.sandbox.behave("twilio", Behaviour(Fault.SLOW, seconds=2))  # it is not done before the copy is restored
        async with here.database as database:
            await backups.back_up(database, backup, here.clock.now)
            restored = await backups.restore(database, backup, here.clock.now, "test")

        with pytest.raises(StoreError, match="start it again"):
            await sending
    here.sandbox.behave("twilio")

    sent = await gone_on(here, plan.id)

    assert restored.opening.generation.number == 2
    assert restored.kept is not None
    assert Counter(here.reached()) == Counter(CROWD)
    assert sent.progress.count(State.ACCEPTED) == sent.progress.total


async def test_whoever_serves_a_file_stops_when_another_is_put_in_its_place(here: World, tmp_path: Path) -> None:
    plan = here.plan()
    async with here.running() as broadcaster:
        await submit(broadcaster.store.database, submission(plan, here.clock.now), "test")
        there = copied(here, tmp_path / "there")
        put_in_place(there, here)
        stop = asyncio.Event()

        await broadcaster.engine.run(stop)  # it ends by itself

        assert stop.is_set()
        assert "not the file that this process began with" in str(broadcaster.engine.superseded)
        with pytest.raises(StoreError, match="start this program again"):
            await submit(broadcaster.store.database, submission(here.plan(extra="Igen."), here.clock.now), "test")
    assert here.reached() == []


async def _sent(broadcaster: Broadcaster, here: World, plan: Plan) -> None:
    watch = Watch(asyncio.Event(), lambda _: None, 20)
    await send(broadcaster, plan, now=here.clock.now, actor="test", watch=watch)


async def test_a_folder_that_is_renamed_loses_nobody_and_reaches_nobody_twice(here: World, tmp_path: Path) -> None:
    plan, stop = here.plan(), asyncio.Event()
    sending = asyncio.create_task(here.send(plan, stop=stop))
    await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 10, timeout=20)
    stop.set()
    await sending
    there = moved(here, tmp_path / "moved.db")

    await gone_on(there, plan.id)

    assert Counter(here.reached()) == Counter(CROWD)


async def test_a_copy_of_a_copy_goes_on_the_same_way(here: World, tmp_path: Path) -> None:
    plan = here.plan()
    there = await copied_amid(here, plan, tmp_path / "there", 5, 15)
    async with there.running():
        pass
    farther = copied(there, tmp_path / "farther")
    await gone_on(there, plan.id)

    await gone_on(farther, plan.id)

    assert Counter(here.reached()) == Counter(CROWD)
    async with farther.database as database:
        newest = await generations.newest(database)
    assert newest is not None
    assert newest.number == 3


async def test_a_copied_postgresql_database_is_noticed_too(tmp_path: Path, postgresql_server: Server) -> None:
    async with postgresql_server.database() as name:
        url = f"postgresql+asyncpg://{postgresql_server.address}/{name}"
        async with world(tmp_path, url, SLOW) as here:
            await here.subscribe(CROWD)
            plan, stop = here.plan(), asyncio.Event()
            sending = asyncio.create_task(here.send(plan, stop=stop))
            await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= 5, timeout=20)
            stop.set()
            await sending
            async with postgresql_server.database(copy_of=name) as copy:
                await here.finish(plan.id)
                there = configured(here, tmp_path / "there.toml", f"/{name}", f"/{copy}")

                sent = await gone_on(there, plan.id)

    assert Counter(here.reached()) == Counter(CROWD)
    assert sent.progress.count(State.ACCEPTED) == sent.progress.total


async def test_the_same_database_opened_again_is_no_copy(database_url: str, tmp_path: Path) -> None:
    async with world(tmp_path, database_url, FAST) as here:
        for _ in range(3):
            async with here.running():
                pass
        async with Database(database_url) as database:
            newest = await generations.newest(database)
    assert newest is not None
    assert (newest.number, newest.copied) == (1, None)
