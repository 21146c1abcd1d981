"""A sending process that dies, as by kill -9, or is stopped, at a named point of its dealings with the database.

The points are found at the lowest seam, where statements and commits reach the driver: the program is all real.
"""

import asyncio
import multiprocessing
import os
import re
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import Pool

from broadcaster.config import load
from broadcaster.plan import prepare
from broadcaster.runtime import assembled
from broadcaster.sending import Watch, send
from tests.support.world import Clock

SUBMITTING = r"INSERT INTO deliveries\b"
CLAIMING = r"^(INSERT INTO turn|WITH held) .*'\[\]'.*, [1-9]\d*\)$"  # no verdicts, and room for some
RECORDING = r"^(INSERT INTO turn|WITH held) .*'\[\["
RECOVERING = r"UPDATE deliveries SET .*\bWHERE\b.*\bepoch < "
SETTLING = r"UPDATE deliveries SET .*\blooks="
RECORDING_AMID = r"^WITH held .*'\[\[.*, 0\)$"  # the first half of a turn, within a transaction
"""What statements of these transactions look like, with their values, and no others do."""

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.support.warm", __name__])  # there is one list, and one server, for all


@dataclass(frozen=True, slots=True)
class Point:
    """A point in a process's life.

    Args:
        doing: what a statement of the transaction in question looks like.
        committed: whether the point is right after its commit; else right before.
        by: what happens to it there.
    """

    doing: str
    committed: bool
    by: signal.Signals = signal.SIGKILL


class Mortal:
    """A process that sends a message as the program does, and dies at a point if it comes to it.

    Args:
        ahead: how far its clock is put forward.
    """

    def __init__(self, config: Path, file: Path, dies: Point | None = None, ahead: timedelta = timedelta(0)) -> None:
        self._said = config.with_name("said")
        self._process = _forks.Process(target=_live, args=(config, file, dies, ahead, self._said))
        self._process.start()

    async def end(self) -> int:
        """Wait for its end and return the exit code: -9 if it was killed."""
        await asyncio.to_thread(self._process.join, 40)
        if self._process.exitcode is None:
            self._process.kill()
            raise TimeoutError(f"it went on and on:\n{self._said.read_text()}")
        return self._process.exitcode

    def wake(self) -> None:
        """Let it go on, if it was stopped."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGCONT)

    async def kill(self) -> None:
        """Kill it, here and now."""
        self._process.kill()
        assert await self.end() == -signal.SIGKILL


def _live(config: Path, file: Path, dies: Point | None, ahead: timedelta, said: Path) -> None:
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    if dies is not None:
        _arrange(dies)
    asyncio.run(_send(config, file.read_bytes(), file.name, Clock(ahead)))


async def _send(config_file: Path, message: bytes, file: str, clock: Clock) -> None:
    config = load(config_file)
    plan = prepare(message, file, config, clock.now.astimezone(config.zone))
    async with assembled(config, clock) as broadcaster:
        watch = Watch(asyncio.Event(), lambda _: None, patience=20)
        await send(broadcaster, plan, now=clock.now, actor="test", watch=watch)


def _arrange(point: Point) -> None:
    """Have this process die at the point."""
    doing = re.compile(point.doing, re.DOTALL)

    def note(connection: Connection, _cursor: object, statement: str, values: object, *_: object) -> None:
        if doing.search(f"{statement} {values!r}"):
            connection.info["at the point"] = True
            if not point.committed and getattr(connection.connection.dbapi_connection, "autocommit", None) is True:
                before(connection)  # the statement is the transaction: there is no other point before it is over

    def before(connection: Connection) -> None:
        if connection.info.get("at the point"):
            os.kill(os.getpid(), point.by)

    def after(_connection: object, record: Any) -> None:  # noqa: ANN401 (SQLAlchemy hands over more kinds than one)
        if record.info.get("at the point"):
            os.kill(os.getpid(), point.by)

    event.listen(Engine, "before_cursor_execute", note)
    if point.committed:
        event.listen(Pool, "checkin", after)  # a connection goes back to its pool as soon as its transaction is over
    else:
        event.listen(Engine, "commit", before)
