"""The database: its tables, its transactions, and what it says when it cannot be used."""

import asyncio
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, inspect, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError

from broadcaster.store.database import HEAD, Database
from broadcaster.store.errors import StoreError
from broadcaster.store.schema import lanes, metadata
from broadcaster.store.sqlite import WAL_IS_SAFE
from broadcaster.store.submissions import submit
from tests.support.storing import execute, fetch, migrated, posts, upgraded


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def conditions(connection: Connection) -> dict[str, str]:
    """The condition of every partial index, as the database tells it."""
    found = {}
    for index in inspect(connection).get_indexes("deliveries"):
        where = index.get("dialect_options", {}).get(f"{connection.dialect.name}_where")
        if where is not None:
            found[str(index["name"])] = str(where).replace("::text", "").replace("(", "").replace(")", "")
    return found


async def tables(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


def allow(path: Path, mode: int) -> None:
    path.chmod(mode)


COUNT = "SELECT count(*) FROM "


def sqlite(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_an_upgraded_database_is_what_the_schema_says(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(conditions) == {
            "ix_deliveries_pending": "state = 'pending'",
            "ix_deliveries_sending": "state = 'sending'",
            "ix_deliveries_in_doubt": "state = 'in_doubt'",
            "ix_deliveries_waiting": "state = 'waiting'",
        }


def test_the_program_knows_its_newest_migration() -> None:
    versions = (files("broadcaster.store.migrations") / "versions").iterdir()
    assert max(version.name[:4] for version in versions if version.name.endswith(".py")) == HEAD


async def test_an_upgraded_database_is_current_and_upgrading_it_again_keeps_what_it_holds(database: Database) -> None:
    await submit(database, posts(1), "test")
    await database.upgrade()
    await database.expect_current()
    assert await database.revision() == HEAD
    assert await fetch(database, "SELECT count(*) FROM deliveries") == [(1,)]


async def test_deliveries_from_before_they_had_one_reference_are_all_kept_and_refer_to_what_they_did(
    database_url: str,
) -> None:
    async with Database(database_url) as database:
        async with database.write() as connection:
            await connection.run_sync(migrated, "0010")
        for statement in (
            "INSERT INTO messages (id, content_hash, incident, kind, severity, headline, source, issued, expires)"
            " VALUES ('0a1b2c3d4e', 'h', 'Dataintrång', 'alert', 'severe', 'h', 's', 1000, 9000)",
            "INSERT INTO renditions (id, message, municipality, channel, language, title, text)"
            " VALUES (7, '0a1b2c3d4e', 'borgholm', 'sms', 'sv', 't', 'x')",
            "INSERT INTO subscribers (id, number, lookup, since) VALUES (5, 'sealed', 'hashed', 1000)",
            "INSERT INTO deliveries (id, message, rendition, lane, subscriber, state, due, changed)"
            " VALUES (3, '0a1b2c3d4e', 7, 'sms', 5, 'accepted', 1000, 2000)",
        ):
            await execute(database, statement)
        await database.upgrade()
        kept = "SELECT id, message, rendition, lane, subscriber, state, due, changed, attempts, held FROM deliveries"
        assert await fetch(database, kept) == [(3, "0a1b2c3d4e", 7, "sms", 5, "accepted", 1000, 2000, 0, 0)]
        await execute(database, "DELETE FROM subscribers")
        assert await fetch(database, "SELECT subscriber FROM deliveries") == [(None,)]


@pytest.mark.parametrize(
    "change", ["UPDATE deliveries SET rendition = 999", "UPDATE deliveries SET message = 'ffffffffff'"]
)
async def test_a_delivery_cannot_carry_what_is_no_text_of_its_message(database: Database, change: str) -> None:
    await submit(database, posts(1), "test")
    with pytest.raises(IntegrityError):
        await execute(database, change)


async def test_two_programs_may_upgrade_at_once(database_url: str) -> None:
    program = (
        "import alembic.command, asyncio, sys\n"
        "from broadcaster.store.database import Database\n"
        "async def main():\n"
        "    async with Database(sys.argv[1]) as database:\n"
        "        assert await database.revision() is None\n"
        "        print('ready', flush=True)\n"
        "        input()\n"
        "        await database.upgrade()\n"
        "asyncio.run(main())\n"
    )
    command, pipe = (sys.executable, "-c", program, database_url), subprocess.PIPE
    both = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"\n") for process in both))
    assert [process.returncode for process in both] == [0, 0], said
    async with Database(database_url) as database:
        await database.expect_current()


async def test_a_database_from_a_newer_version_is_refused_and_left_as_it_is(database: Database) -> None:
    await execute(database, "UPDATE alembic_version SET version_num = '9999'")
    for use in (database.expect_current, database.upgrade):
        with pytest.raises(StoreError, match=rf"newer version \(revision 9999, known up to {HEAD}\)"):
            await use()
    assert await database.revision() == "9999"


async def test_a_database_from_an_older_version_is_refused_with_the_command_that_upgrades_it(
    database: Database,
) -> None:
    await execute(database, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreError, match=r"older version.*`broadcaster db upgrade`"):
        await database.expect_current()


async def test_an_empty_database_is_refused_with_the_command_that_fills_it(database_url: str) -> None:
    async with Database(database_url) as database:
        async with database.write():
            pass  # on SQLite, this makes the file
        with pytest.raises(StoreError, match=r"is empty.*`broadcaster db upgrade`"):
            await database.expect_current()


async def test_a_missing_file_is_not_made_by_asking_for_it(tmp_path: Path) -> None:
    async with Database(sqlite(tmp_path / "kris.db")) as database:
        with pytest.raises(StoreError, match=r"kris\.db: there is no database here.*`broadcaster init`"):
            await database.expect_current()
    assert not (tmp_path / "kris.db").exists()


async def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "kris.db"
    file.write_text("number,municipality\n" * 100)
    async with Database(sqlite(file)) as database:
        for use in (database.expect_current, database.upgrade):
            with pytest.raises(StoreError, match=r"kris\.db: file is not a database\. .*config\.toml"):
                await use()
    assert file.read_text() == "number,municipality\n" * 100


async def test_a_damaged_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    file = tmp_path / "kris.db"
    async with upgraded(sqlite(file)) as database:
        await submit(database, posts(2_000), "test")
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * (file.stat().st_size - 4096))
    async with Database(sqlite(file)) as database:
        with pytest.raises(StoreError, match=r"malformed.*restore it from a copy"):
            await fetch(database, "SELECT sum(attempts) FROM deliveries")


@pytest.mark.parametrize("place", ["is-a-folder", "no/such/folder/kris.db"])
async def test_a_place_where_no_file_can_be_is_named_with_what_to_do(tmp_path: Path, place: str) -> None:
    (tmp_path / "is-a-folder").mkdir()
    async with Database(sqlite(tmp_path / place)) as database:
        with pytest.raises(StoreError, match=f"{place}: unable to open database file.*folder exists"):
            await database.upgrade()


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody whom permissions bind: root reads and writes everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that everybody can look into (pytest's own are for its user only)."""
    with tempfile.TemporaryDirectory(prefix="broadcaster-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o666, 0o555)], ids=["file", "folder"])
async def test_what_is_read_only_says_so_when_written(readable: Path, file_mode: int, folder_mode: int) -> None:
    file = readable / "kris.db"
    async with upgraded(sqlite(file)) as database:
        await submit(database, posts(1), "test")
    allow(file, file_mode)
    allow(readable, folder_mode)
    said = (
        r"readonly database. Nothing was changed. Make the file|unable to open .* folder exists and may be written to"
    )
    with unprivileged():
        async with Database(sqlite(file)) as database:
            with pytest.raises(StoreError, match=said):
                await submit(database, posts(1, "ffffffffff"), "test")


async def test_a_read_only_file_can_be_read(readable: Path) -> None:
    file = readable / "kris.db"
    async with upgraded(sqlite(file)) as database:
        await submit(database, posts(1), "test")
    allow(file, 0o444)
    allow(readable, 0o777)
    with unprivileged():
        async with Database(sqlite(file)) as database:
            await database.expect_current()
            assert await fetch(database, "SELECT count(*) FROM messages") == [(1,)]


async def test_a_new_database_in_a_read_only_folder_is_refused(readable: Path) -> None:
    allow(readable, 0o555)
    with unprivileged():
        async with Database(sqlite(readable / "kris.db")) as database:
            with pytest.raises(StoreError, match=r"unable to open database file.*may be written to"):
                await database.upgrade()


def fill(database: Database, pages: int) -> None:
    """Let the disk of a SQLite database be full at that many pages."""

    def limit(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    event.listen(database._engine.sync_engine, "connect", limit)


async def test_an_upgrade_that_fills_the_disk_leaves_nothing_half_made(tmp_path: Path) -> None:
    async with Database(sqlite(tmp_path / "kris.db")) as database:
        fill(database, 8)
        with pytest.raises(StoreError, match=r"disk is full. Nothing was changed. Free some space"):
            await database.upgrade()
        assert await tables(database) == set()


async def test_a_message_that_fills_the_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "kris.db")
    async with upgraded(url) as database:
        await submit(database, posts(1), "test")
        [(pages,)] = await fetch(database, "PRAGMA page_count")
    async with Database(url) as database:
        fill(database, pages + 1)
        with pytest.raises(StoreError, match=r"disk is full. Nothing was changed. Free some space"):
            await submit(database, posts(5_000, "ffffffffff"), "test")
        found = [await fetch(database, COUNT + table) for table in ("messages", "renditions", "deliveries", "audit")]
        assert found == [[(1,)]] * 4


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
async def test_a_file_that_another_program_holds_too_long_is_named_with_what_to_do(tmp_path: Path, lock: str) -> None:
    file = tmp_path / "kris.db"
    async with upgraded(sqlite(file)):
        pass
    program = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        f"connection.execute('BEGIN {lock}')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", program, file, stdin=pipe, stdout=pipe)
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    async with Database(sqlite(file), busy_timeout=0.05) as database:
        with pytest.raises(StoreError, match=r"database is locked. Nothing was changed. Another program holds it"):
            await submit(database, posts(1), "test")
        await holder.communicate(b"")
        assert await submit(database, posts(1), "test")


async def test_sqlite_writes_through_to_the_disk_and_never_in_a_mode_that_could_corrupt(tmp_path: Path) -> None:
    async with upgraded(sqlite(tmp_path / "kris.db")) as database:
        assert await fetch(database, "PRAGMA journal_mode") == [("wal" if WAL_IS_SAFE else "delete",)]
        assert await fetch(database, "PRAGMA synchronous") == [(2,)]
        assert await fetch(database, "PRAGMA foreign_keys") == [(1,)]


async def test_an_exception_rolls_all_of_a_transaction_back(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("INSERT INTO lanes (name) VALUES ('pages')")
            raise LookupError

    with pytest.raises(LookupError):
        await write_and_fail()
    assert await fetch(database, "SELECT name FROM lanes") == []


async def test_a_cancelled_transaction_is_rolled_back_and_the_next_one_writes(database: Database) -> None:
    begun = asyncio.Event()

    async def write_for_ever() -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql("INSERT INTO lanes (name) VALUES ('pages')")
            begun.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(write_for_ever())
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await execute(database, "INSERT INTO lanes (name) VALUES ('feed')")
    assert await fetch(database, "SELECT name FROM lanes") == [("feed",)]


async def test_a_sqlite_transaction_that_may_write_is_a_writer_from_its_beginning(tmp_path: Path) -> None:
    async with (
        upgraded(sqlite(tmp_path / "kris.db")) as one,
        Database(sqlite(tmp_path / "kris.db"), busy_timeout=0.05) as other,
        one.write(),
    ):
        with pytest.raises(StoreError, match=r"database is locked"):
            await execute(other, "INSERT INTO lanes (name) VALUES ('pages')")


async def test_writers_that_read_first_never_lose_each_others_writing(database_url: str) -> None:
    async with upgraded(database_url) as one, Database(database_url) as other:
        await execute(one, "INSERT INTO lanes (name, epoch) VALUES ('pages', 0)")

        async def count_up(database: Database) -> None:
            async with database.write() as connection:
                epoch = (await connection.execute(select(lanes.c.epoch).with_for_update())).scalar_one()
                await connection.execute(update(lanes).values(epoch=epoch + 1))

        await asyncio.gather(*(count_up(database) for database in (one, other) for _ in range(20)))
        assert await fetch(one, "SELECT epoch FROM lanes") == [(40,)]


async def test_a_reader_sees_nothing_of_a_transaction_that_is_not_finished(database: Database) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql("INSERT INTO lanes (name) VALUES ('pages')")
        assert await fetch(database, "SELECT name FROM lanes") == []
    assert await fetch(database, "SELECT name FROM lanes") == [("pages",)]


async def test_a_broken_constraint_is_a_bug_and_not_a_trouble_with_the_database(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await execute(database, "INSERT INTO renditions (message) VALUES ('0a1b2c3d4e')")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("/nowhere", 'database "nowhere" does not exist. Create it'),
        ("nobody@", 'role "nobody" does not exist. Check the user'),
        ("127.0.0.1:1/", "Connect call failed.*Check that the database server runs"),
        ("unknown.invalid", "Name or service not known. Check that the database server runs"),
    ],
)
async def test_a_server_that_cannot_be_used_is_named_with_what_to_do(
    postgresql_url: str, wrong: str, said: str
) -> None:
    address, _, name = postgresql_url.rpartition("/")
    host = address.rpartition("@")[2]
    url = {
        "/nowhere": f"{address}/nowhere",
        "nobody@": f"postgresql+asyncpg://nobody@{host}/{name}",
        "127.0.0.1:1/": f"postgresql+asyncpg://tests@127.0.0.1:1/{name}",
        "unknown.invalid": f"postgresql+asyncpg://tests:hemligt@unknown.invalid/{name}",
    }[wrong]
    async with Database(url) as database:
        with pytest.raises(StoreError, match=said) as caught:
            await database.expect_current()
    assert "hemligt" not in str(caught.value)


async def test_a_server_that_only_reads_says_so(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database:

        async def write() -> None:
            async with database.write() as connection:
                await connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                await connection.exec_driver_sql("INSERT INTO lanes (name) VALUES ('pages')")

        with pytest.raises(StoreError, match=r"read-only transaction. Nothing was changed. Connect to the server"):
            await write()


async def test_a_connection_that_breaks_is_told_and_the_next_transaction_has_a_new_one(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database:

        async def write() -> None:
            async with database.write() as connection:
                pid = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
                await connection.exec_driver_sql("INSERT INTO lanes (name) VALUES ('pages')")
                await fetch(database, "SELECT pg_terminate_backend(:pid, 10000)", pid=pid)
                await connection.exec_driver_sql("INSERT INTO lanes (name) VALUES ('feed')")

        with pytest.raises(StoreError, match=r"Check that the database server runs"):
            await write()
        assert await fetch(database, "SELECT name FROM lanes") == []


async def test_of_two_transactions_that_wait_for_each_other_one_is_told_to_try_again(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database:
        await execute(database, "INSERT INTO lanes (name) VALUES ('pages'), ('feed')")
        both = asyncio.Barrier(2)

        async def touch(first: str, second: str) -> None:
            one_more = update(lanes).values(epoch=lanes.c.epoch + 1)
            async with database.write() as connection:
                await connection.exec_driver_sql("SET LOCAL deadlock_timeout = '10ms'")
                await connection.execute(one_more.where(lanes.c.name == first))
                await both.wait()
                await connection.execute(one_more.where(lanes.c.name == second))

        ends = await asyncio.gather(touch("pages", "feed"), touch("feed", "pages"), return_exceptions=True)
        [error] = [end for end in ends if end is not None]
        assert isinstance(error, StoreError)
        assert "deadlock detected. Nothing was changed. Another program was in the way: try again." in str(error)
        assert await fetch(database, "SELECT epoch FROM lanes") == [(1,), (1,)]


async def test_who_waits_too_long_for_a_connection_is_told_so(postgresql_url: str) -> None:
    async with Database(postgresql_url) as database:
        database._engine.sync_engine.pool._timeout = 0.05  # type: ignore[attr-defined]  # half a minute otherwise
        everybody_here = asyncio.Barrier(20)

        async def wait_for_everybody() -> None:
            async with database.read():
                await everybody_here.wait()

        waiting = [asyncio.create_task(wait_for_everybody()) for _ in range(20)]
        done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        errors = [task.exception() for task in done]
        assert errors
        assert all(isinstance(e, StoreError) and "takes too long to answer" in str(e) for e in errors)


async def test_a_connection_that_was_closed_while_nobody_used_it_is_replaced_before_anybody_notices(
    postgresql_url: str,
) -> None:
    async with upgraded(postgresql_url) as database:
        pooled = await database.read_at_once(lambda connection: connection.connection.driver_connection)
        assert pooled is not None
        await pooled.close()
        assert await database.read_at_once(lambda connection: connection.execute(select(1)).scalar()) == 1
