"""Opening the database: SQLite by default, PostgreSQL where several machines share the work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import URL, Connection, Table, event, func, inspect, make_url, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from broadcaster import private
from broadcaster.store import sqlite as sqlite_files
from broadcaster.store.errors import StoreError, explained

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

HEAD = "0015"
"""Revision of the newest migration: what this program reads and writes. Revisions count up, in four digits."""

BUSY_TIMEOUT = 30.0

_UPGRADING = 0x62726F6164  # the lock's name among PostgreSQL's advisory locks: any number that nobody else uses

_CALL = "broadcaster"  # what machines wake each other by, on PostgreSQL

T = TypeVar("T")


class Database:
    """An open database. Use it as an async context manager.

    Args:
        busy_timeout: seconds to wait for another process to finish writing.

    Attributes:
        woken: set whenever deliveries may be due now: because of what was written here, or on PostgreSQL, while
            somebody is :meth:`listening`, on another machine.
    """

    def __init__(self, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.url = make_url(url)
        self.name = self.url.render_as_string(hide_password=True) if self.is_postgresql else str(self.url.database)
        self._engine = _engine(self.url, busy_timeout)
        self._writing = self._engine.execution_options(writer=True)
        # SQLite has one writer at a time. Ours queue here, in order; its own busy handler would sleep and try again.
        self._writer = nullcontext() if self.is_postgresql else asyncio.Lock()
        # One reads while the other waits for somebody else's lock.
        self._threads = None if self.is_postgresql else sqlite_files.Threads(self.url, busy_timeout)
        # There a statement is a transaction, and a pooled connection is not tried before: while the loop is busy every
        # question that could be spared takes as long as the turn of all that are sending.
        self._alone = _engine(self.url, busy_timeout, alone=True) if self.is_postgresql else self._engine
        self.woken = asyncio.Event()

    @property
    def is_postgresql(self) -> bool:
        """Whether it is PostgreSQL; else it is SQLite."""
        return self.dialect == "postgresql"

    @property
    def dialect(self) -> str:
        """``postgresql`` or ``sqlite``."""
        return self.url.get_backend_name()

    def insert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        """An INSERT that can say what happens on a conflict."""
        if self.is_postgresql:
            from sqlalchemy.dialects import postgresql  # noqa: PLC0415 (see _engine)

            return postgresql.insert(table)
        return sqlite.insert(table)

    async def __aenter__(self) -> "Database":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._engine.dispose()
        await self._alone.dispose()
        if self._threads is not None:
            await self._threads.close()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads.

        Raises:
            StoreError: when the database cannot be used.
        """
        with explained(self.name):
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *, wakes: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes: committed at the end, rolled back on any exception.

        On SQLite it begins as a writer, so it can never fail half way because somebody else wrote in between.

        Args:
            wakes: whether deliveries may be due because of it, so that whoever sends should look at once.

        Raises:
            StoreError: when the database cannot be used. Then nothing was changed, unless the connection to a server
                broke in the very moment of committing; whoever tries again must bear both.
        """
        with explained(self.name):
            async with self._writer, self._writing.begin() as connection:
                if wakes and self.is_postgresql:
                    await connection.exec_driver_sql(f"NOTIFY {_CALL}")  # goes out with the commit
                yield connection
        if wakes:
            self.woken.set()

    async def read_at_once(self, work: Callable[[Connection], T]) -> T:
        """Read in one go: for what is asked all day long. On PostgreSQL every statement sees what is there by then.

        Raises:
            StoreError: when the database cannot be used.
        """
        with explained(self.name):
            if self._threads is not None:
                return await self._threads.run(work, writes=False)
            async with self._alone.connect() as connection:
                return await connection.run_sync(work)

    async def write_at_once(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """A transaction that writes, in one go: for the hot path.

        On SQLite the event loop is left once for all of it. Step by step every step would wait for the loop, which is
        busy, and SQLite for all others meanwhile.

        Args:
            alone: there is no more than one statement that writes, so that PostgreSQL is asked nothing but that.

        Raises:
            StoreError: as :meth:`write` does.
        """
        with explained(self.name):
            if self._threads is None:
                together = self._alone.execution_options(isolation_level="READ COMMITTED")
                async with (self._alone if alone else together).begin() as connection:
                    return await connection.run_sync(work)
            async with self._writer:
                return await self._threads.run(work, writes=True)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Event]:
        """Let other machines set :attr:`woken`, on PostgreSQL; yields an event that is set when it comes to an end.

        Raises:
            StoreError: when the database cannot be used.
        """
        from broadcaster.store.postgresql import listening  # noqa: PLC0415 (see _engine)

        with explained(self.name):
            async with listening(self._engine, _CALL, self.woken.set) as broken:
                yield broken

    def exists(self) -> bool:
        """Whether the SQLite file is there; a PostgreSQL server answers for itself."""
        return self.is_postgresql or Path(self.url.database or "").exists()

    async def version(self) -> str:
        """What it is, for people: ``SQLite 3.53.4, journal: wal`` or ``PostgreSQL 15.4``."""
        async with self.read() as connection:
            if self.is_postgresql:
                shown = (await connection.exec_driver_sql("SHOW server_version")).scalar_one()
                return f"PostgreSQL {shown.split()[0]}"
            number = (await connection.exec_driver_sql("SELECT sqlite_version()")).scalar_one()
            journal = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
            return f"SQLite {number}, journal: {journal}"

    async def revision(self) -> str | None:
        """Revision of the database's tables, None for an empty database."""
        async with self.read() as connection:
            if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
                return None
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()

    async def expect_current(self) -> None:
        """Make sure that the tables are those this program knows.

        Raises:
            StoreError: when they are missing, older or newer.
        """
        if not self.exists():
            raise StoreError(f"{self.name}: there is no database here. Run `broadcaster init`.")
        found = await self.revision()
        if found == HEAD:
            return
        if found is None:
            raise StoreError(f"{self.name}: the database is empty. Run `broadcaster db upgrade`.")
        if found < HEAD:
            raise StoreError(f"{self.name}: the database is from an older version. Run `broadcaster db upgrade`.")
        raise self._newer(found)

    async def upgrade(self) -> None:
        """Create the tables or bring them up to date, with all that they hold.

        Raises:
            StoreError: when the database cannot be used or is from a newer version.
        """
        if not self.exists():  # SQLite gives the files beside it the same rights
            with suppress(OSError):  # which SQLite meets, too, and tells
                private.create(Path(self.name)).close()
        found = await self.revision()
        if found is not None and found > HEAD:
            raise self._newer(found)
        # SQLite cannot change a table's constraints: it is made again, and those that refer to it must bear that.
        migrating = self._writing.execution_options(unreferenced=True)
        with explained(self.name):
            try:
                async with self._writer, migrating.begin() as connection:
                    if self.is_postgresql:  # where two could begin at once, and the first may take its time
                        await connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                        await connection.execute(select(func.pg_advisory_xact_lock(_UPGRADING)))
                    await connection.run_sync(_migrate)
            finally:
                await self._engine.dispose()  # of connections that do not look where references lead

    def _newer(self, found: str) -> StoreError:
        return StoreError(
            f"{self.name}: the database was made by a newer version (revision {found}, known up to {HEAD}). "
            "Install the newer program; nothing was changed."
        )


def _migrate(connection: Any) -> None:  # noqa: ANN401 (handed through to Alembic as it is)
    # Imported here: Alembic takes as long to import as most commands take to run.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "broadcaster.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _engine(url: URL, busy_timeout: float, *, alone: bool = False) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        return sqlite_files.opened(url, busy_timeout)
    from broadcaster.store.postgresql import arguments, refuse_closed  # noqa: PLC0415 (a driver that SQLite has no use for)

    given = arguments(busy_timeout, by_index=alone)
    if not alone:
        return create_async_engine(url, pool_pre_ping=True, connect_args=given)
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", connect_args=given)
    event.listen(engine.sync_engine, "checkout", refuse_closed)
    return engine
