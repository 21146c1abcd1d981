"""SQLite for the event loop: whatever is begun in a thread is ended, also for somebody who is called off meanwhile.

A statement that is left between its execution and the reading of its rows keeps SQLite's lock for as long as its cursor
lives, and nobody can write. Here a statement is one call in the connection's thread: executed, all rows read, cursor
closed. So no transaction can be left with a statement in it, and there are no results that are read row by row.

https://sqlite.org/lockingv3.html
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import URL, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util.concurrency import await_

# One library for the whole process: locks of files belong to processes, and what one library closes the other loses.
# https://sqlite.org/howtocorrupt.html#multiple_copies_of_sqlite_linked_into_the_same_application
try:
    from pysqlite3 import dbapi2 as sqlite3  # newer than most Pythons': WAL is safe in it
except ImportError:  # there is none ready-made for this machine
    import sqlite3  # noqa: TID251 (this is where everybody takes it from)

__all__ = ["DRIVER", "Dialect", "ended", "sqlite3"]

DRIVER = "sqlite+whole"
"""What SQLAlchemy knows it by, in the address of an engine."""

T = TypeVar("T")
P = ParamSpec("P")


async def ended(running: "asyncio.Future[T]") -> T:
    """Wait for the end of it, however often the one who waits is called off.

    Raises:
        asyncio.CancelledError: afterwards, for whoever was called off.
    """
    called_off = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            called_off = error
    if called_off is None:
        return running.result()
    running.exception()  # nobody hears of it any more
    raise called_off


async def _undisturbed(running: "asyncio.Future[T]") -> T:
    """As :func:`ended`, but who is called off notices it at the next wait: SQLAlchemy would think a rollback failed."""
    try:
        return await ended(running)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()  # it is still called off as often as it was
            task.cancel()
        return running.result()


class _Cursor:
    """What a statement has returned, as SQLAlchemy asks a cursor for it."""

    arraysize = 1

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self._rows: deque[Any] = deque()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def execute(self, statement: str, parameters: Any = ()) -> None:  # noqa: ANN401 (a sequence or a mapping)
        await_(ended(self._connection.begun(self._run, sqlite3.Cursor.execute, statement, parameters)))

    def executemany(self, statement: str, parameters: Sequence[Any]) -> None:
        await_(ended(self._connection.begun(self._run, sqlite3.Cursor.executemany, statement, parameters)))

    def _run(self, how: Callable[..., Any], statement: str, parameters: object) -> None:
        cursor = self._connection.driver_connection.cursor()
        try:
            how(cursor, statement, parameters)
            self.description, self._rows = cursor.description, deque(cursor.fetchall())
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()

    def fetchone(self) -> Any:  # noqa: ANN401 (a row)
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def __iter__(self) -> Iterator[Any]:
        while self._rows:
            yield self._rows.popleft()

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        """SQLAlchemy's word for closing it and keeping the rows: so it is from the start."""


class _Connection(AdaptedConnection):
    """A connection and the thread that uses it."""

    def __init__(self, *where: Any, **how: Any) -> None:  # noqa: ANN401 (what sqlite3.connect takes)
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._is_closed = False
        try:
            self._connection: Any = await_(_undisturbed(self.begun(sqlite3.connect, *where, **how)))
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    def begun(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """A step that has begun in the thread, or will as soon as the one before has ended."""
        return asyncio.get_running_loop().run_in_executor(self._thread, lambda: step(*args, **kwargs))

    def cursor(self) -> _Cursor:
        return _Cursor(self)

    def commit(self) -> None:
        await_(_undisturbed(self.begun(self._connection.commit)))

    def rollback(self) -> None:
        await_(_undisturbed(self.begun(self._connection.rollback)))

    def close(self) -> None:
        if not self._is_closed:  # whoever cannot prepare a connection closes it, and SQLAlchemy may do so again
            self._is_closed = True
            await_(_undisturbed(self.begun(self._connection.close)))
            self._thread.shutdown(wait=False)

    def create_function(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (as sqlite3 has it)
        self._connection.create_function(*args, **kwargs)


class Dialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's SQLite over such connections."""

    driver = "whole"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:  # noqa: ANN401 (a module)
        """The library."""
        return sqlite3

    @classmethod
    def get_pool_class(cls, _url: URL) -> type[Pool]:
        """The pool that waits as the event loop does."""
        return AsyncAdaptedQueuePool

    def connect(self, *where: Any, **how: Any) -> Any:  # noqa: ANN401 (a connection as SQLAlchemy knows it)
        """Open the file."""
        return _Connection(*where, **how)


registry.register("sqlite.whole", __name__, Dialect.__name__)
