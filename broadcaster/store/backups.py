"""Backups of an SQLite database, made while it is being served, and put back in its place."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from broadcaster import private
from broadcaster.store import generations
from broadcaster.store.database import BUSY_TIMEOUT, HEAD, Database
from broadcaster.store.errors import StoreError
from broadcaster.store.generations import Opening
from broadcaster.store.schema import milliseconds
from broadcaster.store.sqlite_driver import sqlite3
from broadcaster.store.whereabouts import place_of_file
from channels.folder import keep

_IS_A_BACKUP = "UPDATE generations SET place = '', copied = ? WHERE number = (SELECT max(number) FROM generations)"


@dataclass(frozen=True, slots=True)
class Restored:
    """What restoring did.

    Args:
        kept: where the database is kept that was there before; None where there was none.
    """

    opening: Opening
    kept: Path | None


async def back_up(database: Database, target: Path, now: datetime) -> None:
    """Write a consistent copy of an SQLite database into a new file, which knows that it is one.

    Others go on writing meanwhile. The file is there only once the copy is whole, and only its owner can read it.

    Raises:
        StoreError: the database cannot be read, or the file cannot be written or is there already.
    """
    await asyncio.to_thread(_back_up, Path(database.name), target, now)


async def restore(database: Database, backup: Path, now: datetime, actor: str) -> Restored:
    """Put a backup, or any other copy, in the place of an SQLite database, as a new generation of it.

    It is written into the same file in one transaction, so whoever still serves that sees either one or the other, and
    stops sending. What was there is kept beside it.

    Raises:
        StoreError: it is no whole database of this or an earlier version, or cannot be written. Nothing was changed.
    """
    file = Path(database.name)
    kept = file.with_name(f"{file.stem}-replaced-{now:%Y%m%d-%H%M%S}{file.suffix}") if database.exists() else None
    with _scratch(file) as scratch:
        await asyncio.to_thread(_copy_whole, backup, scratch)
        async with Database(f"sqlite+aiosqlite:///{scratch}") as copy:
            await _expect_ours(copy, backup)
            await copy.upgrade()
            after = 0 if kept is None else await _number(database)
            if kept is not None:
                await asyncio.to_thread(_back_up, file, kept, now)
            if kept is None:
                private.create(file).close()
            async with copy.write() as connection:
                opening = await generations.begin(connection, copy, place_of_file(file), now, actor, after=after)
        await asyncio.to_thread(_copy, scratch, file)
    return Restored(opening, kept)


async def _expect_ours(copy: Database, backup: Path) -> None:
    found = await copy.revision()
    if found is None:
        raise StoreError(f"{backup}: this is no database of the broadcaster. Name a file that `db backup` wrote.")
    if found > HEAD:
        raise StoreError(
            f"{backup}: it was made by a newer version (revision {found}, known up to {HEAD}). Install the newer "
            "program; nothing was changed."
        )


async def _number(database: Database) -> int:
    """The newest generation of a database of any version."""
    found = await database.revision()
    if found is None or found < generations.SINCE:
        return 0
    newest = await generations.newest(database)
    return 0 if newest is None else newest.number


def _back_up(source: Path, target: Path, now: datetime) -> None:
    if target.exists():
        raise StoreError(f"{target} is there already, and a backup never replaces another. Name a new file.")
    with _scratch(target) as scratch:
        _copy_whole(source, scratch)
        with _explained(scratch), closing(sqlite3.connect(scratch)) as copy, copy:
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, that needs none beside it
            if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'generations'").fetchone():
                copy.execute(_IS_A_BACKUP, [milliseconds(now)])
        keep(scratch)
        scratch.rename(target)
        keep(target.parent)


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A new file beside another one that only its owner can read; gone afterwards, unless it was renamed."""
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        private.create(scratch).close()
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}. Name a folder that you may use.") from None
    try:
        yield scratch
    finally:
        for name in (scratch.name, f"{scratch.name}-journal", f"{scratch.name}-wal", f"{scratch.name}-shm"):
            scratch.with_name(name).unlink(missing_ok=True)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a database, and make sure that the copy is sound."""
    if not source.is_file():
        raise StoreError(f"{source}: there is no such file.")
    _copy(source, target)
    with _explained(source), closing(sqlite3.connect(target)) as copy:
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreError(f"{source}: it is damaged ({found}). Take another copy.")


def _copy(source: Path, target: Path) -> None:
    """Copy all pages in one transaction, as they are at one moment."""
    until = monotonic() + BUSY_TIMEOUT

    def give_up(_status: int, _left: int, _all: int) -> None:
        if monotonic() > until:
            raise StoreError(f"{target}: another program holds it. Nothing was changed: stop that one and try again.")

    with (
        _explained(source),
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT)) as found,
        closing(sqlite3.connect(target)) as copy,
    ):
        found.backup(copy, progress=give_up)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"{file}: it cannot be copied: {error}.") from error
