"""Transactions that are called off: at whatever wait it happens, the next one can write at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from broadcaster.store import doubts, lanes
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries
from broadcaster.store.submissions import submit
from tests.support.storing import NOW, execute, fetch, posts, upgraded

Work = Callable[[Database], Coroutine[Any, Any, object]]


class CalledOff:
    """Does something, and calls its task off at the waits that are told, counted from 1."""

    def __init__(self, work: Coroutine[Any, Any, object], *at: int, by: Callable[[], object] | None = None) -> None:
        self._work = work
        self._at = at
        self._by = by
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, object]:
        task = asyncio.current_task()
        assert task is not None
        resume: Callable[[], Any] = partial(self._work.send, None)
        while True:
            try:
                future = resume()
            except StopIteration as end:
                return end.value
            self.waits += 1
            if self.waits in self._at:
                (self._by or task.cancel)()
            try:
                resume = partial(self._work.send, (yield future))
            except BaseException as error:  # noqa: BLE001 (it is handed in)
                resume = partial(self._work.throw, error)


async def ending(work: Awaitable[object]) -> BaseException | None:
    """What came of it in a task of its own."""

    async def alone() -> None:
        await work

    [outcome] = await asyncio.gather(asyncio.create_task(alone()), return_exceptions=True)
    return outcome


async def read(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(select(deliveries))


async def read_twice(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(select(deliveries.c.id))
        await connection.run_sync(lambda sync: sync.execute(select(deliveries)).all())


async def read_and_do_something_else(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(select(deliveries))
        await asyncio.sleep(0)


async def read_row_by_row(database: Database) -> None:
    async with database.read() as connection:
        for _ in await connection.execute(select(deliveries)):
            await asyncio.sleep(0)


async def read_at_once(database: Database) -> None:
    await database.read_at_once(lambda connection: connection.execute(select(deliveries)).all())


async def read_doubts(database: Database) -> None:
    await doubts.due(database, "pages", NOW + timedelta(hours=1), 10)


async def write(database: Database) -> None:
    async with database.write(wakes=True) as connection:
        await connection.execute(select(deliveries))
        await connection.execute(text("UPDATE deliveries SET attempts = attempts + 1"))


async def write_at_once(database: Database) -> None:
    def count_up(connection: Connection) -> None:
        connection.execute(text("UPDATE deliveries SET attempts = attempts + 1"))

    await database.write_at_once(count_up)


async def fail(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE deliveries SET attempts = attempts + 1"))
        raise LookupError


async def take_a_lane(database: Database) -> None:
    await lanes.acquire(database, "pages", "somebody")


async def look_for_the_revision(database: Database) -> None:
    await database.expect_current()


WORKS: list[Work] = [
    read,
    read_twice,
    read_and_do_something_else,
    read_row_by_row,
    read_at_once,
    read_doubts,
    write,
    write_at_once,
    fail,
    take_a_lane,
    look_for_the_revision,
    Database.upgrade,
]


@asynccontextmanager
async def somebody_else(url: str) -> AsyncIterator[Database]:
    """Who waits for nobody: on SQLite not at all, on PostgreSQL until the server has noticed that a client is gone."""
    async with Database(url, busy_timeout=0.0 if url.startswith("sqlite") else 2.0) as other:
        yield other


async def filled(database: Database) -> None:
    """Give it two deliveries in doubt."""
    await submit(database, posts(2), "test")
    await execute(database, "UPDATE deliveries SET state = 'in_doubt'")
    await execute(database, "INSERT INTO lanes (name, epoch) VALUES ('pages', 0), ('feed', 0)")


async def write_freely(other: Database) -> None:
    """Raises StoreError if somebody holds it up."""
    await execute(other, "UPDATE lanes SET epoch = epoch + 1")


async def test_whoever_is_called_off_at_any_wait_holds_up_nobody(database_url: str) -> None:
    async with upgraded(database_url) as database, somebody_else(database_url) as other:
        await filled(database)
        for work in [read_doubts, write, write_at_once] if database.is_postgresql else WORKS:
            for at in count(1):
                called_off = CalledOff(work(database), at)
                outcome = await ending(called_off)
                await write_freely(other)
                if called_off.waits < at:
                    assert at > 1, work
                    break
                assert outcome is None or isinstance(outcome, asyncio.CancelledError | LookupError), work


@pytest.mark.parametrize("work", [read_doubts, read_at_once, write, write_at_once, Database.upgrade])
async def test_whoever_is_called_off_while_the_file_is_opened_holds_up_nobody(tmp_path: Path, work: Work) -> None:
    url = f"sqlite:///{tmp_path}/broadcaster.db"
    async with upgraded(url) as database, somebody_else(url) as other:
        await filled(database)
        for at in count(1):
            async with Database(url) as new:
                called_off = CalledOff(work(new), at)
                await ending(called_off)
                await write_freely(other)
            if called_off.waits < at:
                break


async def test_whoever_is_called_off_again_while_it_is_cleared_up_holds_up_nobody(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/broadcaster.db"
    async with upgraded(url) as database, somebody_else(url) as other:
        await filled(database)
        for work in (read_doubts, read_at_once, write, write_at_once):
            for at in count(1):
                called_off = CalledOff(work(database), at, at + 1, at + 2)
                await ending(called_off)
                await write_freely(other)
                if called_off.waits < at:
                    break


async def test_an_upgrade_that_is_called_off_leaves_nothing_half_made_and_no_lock(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/whole.db") as database:
        whole = CalledOff(database.upgrade())
        await whole
    for fifth in range(5):
        url = f"sqlite:///{tmp_path}/{fifth}.db"
        async with Database(url) as database, somebody_else(url) as other:
            called_off = CalledOff(database.upgrade(), 1 + fifth * whole.waits // 5)
            assert isinstance(await ending(called_off), asyncio.CancelledError)
            assert await fetch(other, "SELECT name FROM sqlite_master") == []
            await execute(other, "CREATE TABLE lanes (name TEXT)")


async def test_a_timeout_ends_a_transaction_at_any_wait_and_calls_off_nothing_else(database_url: str) -> None:
    async def bounded(work: Work, at: int) -> int:
        """Returns how often it waited; more than ``at`` unless it had time enough."""
        called_off = None
        try:
            async with asyncio.timeout(None) as limit:
                called_off = CalledOff(work(database), at, by=partial(limit.reschedule, 0.0))
                await called_off
        except TimeoutError:
            pass
        assert called_off is not None
        await asyncio.sleep(0)  # where a cancellation that is left over would show
        return called_off.waits

    async with upgraded(database_url) as database, somebody_else(database_url) as other:
        await filled(database)
        for work in (read_doubts, write, write_at_once):
            for at in count(1):
                waits = await asyncio.create_task(bounded(work, at))
                await write_freely(other)
                if waits < at:
                    break
