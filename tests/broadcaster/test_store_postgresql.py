"""What only a server far away can do: wait for ever, be gone, and call."""

import asyncio
import socket
from typing import Any

import pytest
from sqlalchemy import func, select

from broadcaster.store import lanes
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.submissions import submit
from tests.support.storing import fetch, posts, upgraded

LISTENERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
SETTINGS = """SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('lock_timeout'),
    current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'),
    current_setting('tcp_keepalives_count'), current_setting('tcp_user_timeout')"""


async def listeners(database: Database) -> int:
    [(count,)] = await fetch(database, LISTENERS)
    return int(count)


async def cut(database: Database) -> None:
    """End all other connections to the database."""
    await fetch(database, f"SELECT pg_terminate_backend(pid) {OTHERS}")


async def test_the_server_is_told_how_long_to_wait_for_us(postgresql_url: str) -> None:
    async with Database(postgresql_url) as database:
        assert await fetch(database, SETTINGS) == [("5s", "30s", "5", "2", "3", "10000")]


async def test_we_notice_when_the_machine_of_the_server_is_gone(postgresql_url: str) -> None:
    async with Database(postgresql_url) as database, database.read() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        link = driver._transport.get_extra_info("socket")
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3


async def test_who_stands_still_in_a_transaction_loses_it_and_is_told(postgresql_url: str) -> None:
    async def stand_still(database: Database, other: Database) -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("INSERT INTO lanes (name) VALUES ('pages')")
            await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
            while await fetch(other, f"SELECT pid {OTHERS}"):
                continue  # every look gives way to the others
            await connection.exec_driver_sql("SELECT 1")

    async with upgraded(postgresql_url):
        pass
    async with Database(postgresql_url) as database, Database(postgresql_url) as other:
        with pytest.raises(
            StoreError,
            match=r"(the connection broke|idle-in-transaction timeout)\. Check that the database server runs",
        ):
            await stand_still(database, other)
        assert await fetch(database, "SELECT name FROM lanes") == []


async def test_what_another_program_holds_too_long_is_said_with_what_to_do(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as one, Database(postgresql_url, busy_timeout=0.05) as other:
        lease = await lanes.acquire(one, "pages", "elsewhere pid 1 a")
        assert lease is not None
        async with one.write() as connection:
            await lanes.hold(connection, one, lease)
            with pytest.raises(StoreError, match=r"lock timeout\. Nothing was changed\. Another program holds it"):
                await lanes.release(other, lease)


async def test_an_upgrade_waits_for_another_one_as_long_as_it_takes(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as one, Database(postgresql_url, busy_timeout=0.05) as other:
        async with one.write() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(0x62726F6164)))
            upgrading = asyncio.create_task(other.upgrade())
            waited = "SELECT 1 FROM pg_locks WHERE NOT granted AND clock_timestamp() - waitstart > interval '0.1 s'"
            while not await fetch(one, waited):
                assert not upgrading.done()
        await upgrading


async def test_a_submission_wakes_whoever_listens_once_it_is_there(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as here, Database(postgresql_url) as there, there.listening():
        assert not there.woken.is_set()
        await submit(here, posts(1), "test")
        async with asyncio.timeout(10):
            await there.woken.wait()
        assert await fetch(there, "SELECT count(*) FROM deliveries") == [(1,)]


async def test_who_listens_learns_when_its_connection_breaks_and_can_listen_anew(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as here, Database(postgresql_url) as there:
        async with there.listening() as broken:
            await cut(here)
            async with asyncio.timeout(10):
                await broken.wait()
        async with there.listening():
            await submit(here, posts(1), "test")
            async with asyncio.timeout(10):
                await there.woken.wait()


async def test_who_listens_no_more_leaves_no_connection_behind(postgresql_url: str) -> None:
    async with Database(postgresql_url) as here, Database(postgresql_url) as there:
        async with there.listening():
            assert await listeners(here) == 1
        async with asyncio.timeout(10):
            while await listeners(here):
                continue


async def test_a_listener_without_a_server_is_told_so() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql+asyncpg://tests@127.0.0.1:{nobody.getsockname()[1]}/kris"
        async with Database(url) as database:
            with pytest.raises(StoreError, match=r"Check that the database server runs"):
                async with database.listening():
                    pass
