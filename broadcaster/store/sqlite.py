"""SQLite: how it is opened, how its transactions begin, and the threads that run whole ones."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from broadcaster.store.errors import StoreError
from broadcaster.store.sqlite_driver import DRIVER, ended, sqlite3

# https://sqlite.org/wal.html: before this version a rare race between a checkpoint and a writer corrupts the file.
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)

T = TypeVar("T")


def opened(url: URL, busy_timeout: float) -> AsyncEngine:
    """An engine for transactions whose steps the event loop takes."""
    engine = create_async_engine(url.set(drivername=DRIVER), connect_args={"timeout": busy_timeout})
    _prepared(engine.sync_engine)
    return engine


class Threads:
    """Runs whole transactions in a thread for those that read and one for those that write.

    Each has a connection of its own, and does one after the other.
    """

    def __init__(self, url: URL, busy_timeout: float) -> None:
        here, waits = url.set(drivername="sqlite"), {"timeout": busy_timeout}
        self._reading = _prepared(create_engine(here, module=sqlite3, connect_args=waits))
        writing = _prepared(create_engine(here, module=sqlite3, connect_args=waits))
        event.listen(writing, "connect", _prepare_turns)
        self._writing = writing.execution_options(writer=True)
        self._reader, self._writer = ThreadPoolExecutor(1, "reader"), ThreadPoolExecutor(1, "writer")

    async def run(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        """Do it. Whoever is called off in between waits for the end: nobody may take a turn before."""
        executor, engine = (self._writer, self._writing) if writes else (self._reader, self._reading)
        return await ended(asyncio.get_running_loop().run_in_executor(executor, _transact, engine, work))

    async def close(self) -> None:
        """Close the connections, where they were opened."""
        for executor, engine in ((self._reader, self._reading), (self._writer, self._writing)):
            await asyncio.get_running_loop().run_in_executor(executor, engine.dispose)
        self._reader.shutdown()
        self._writer.shutdown()


def _transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _prepared(engine: Engine) -> Engine:
    def know_the_file(_connection: object, record: Any) -> None:  # noqa: ANN401 (a pool's record of a connection)
        record.info["file"] = _identity(str(engine.url.database))

    event.listen(engine, "connect", _prepare)
    event.listen(engine, "connect", know_the_file)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 (a driver's connection)
    connection.isolation_level = None  # transactions are begun by _begin, not guessed by the driver
    cursor = connection.cursor()
    try:
        _choose_journal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        connection.close()  # nobody else would
        raise
    cursor.close()


def _choose_journal(cursor: Any) -> None:  # noqa: ANN401 (a driver's cursor)
    if not WAL_IS_SAFE:
        cursor.execute("PRAGMA journal_mode=DELETE")
        return
    # Where somebody works in a file that is not in WAL mode yet, whoever opens it next changes it: both are safe.
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode=WAL")


def _prepare_turns(connection: Any, _record: object) -> None:  # noqa: ANN401 (a driver's connection)
    from broadcaster.store.turns import prepare_sqlite  # noqa: PLC0415 (it builds on this module)

    cursor = connection.cursor()
    try:
        prepare_sqlite(cursor)
    except BaseException:
        connection.close()  # nobody else would
        raise
    cursor.close()


def _begin(connection: Any) -> None:  # noqa: ANN401 (a connection of either kind)
    options = connection.get_execution_options()
    if options.get("unreferenced"):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # has no effect once the transaction has begun
    writer = options.get("writer")
    if writer:
        _expect_in_place(connection)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _expect_in_place(connection: Any) -> None:  # noqa: ANN401 (a connection of either kind)
    """Write into no file that has lost its place to another: in WAL mode SQLite does not look."""
    path = connection.engine.url.database
    here = _identity(path)
    if connection.info["file"] is None:  # it was new
        connection.info["file"] = here
    elif connection.info["file"] != here:
        advice = "Nothing was changed: start this program again."
        raise StoreError(f"{path}: another file is in its place, or none. {advice}")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 (at every transaction)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
