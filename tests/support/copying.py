"""Copies of a database, made as people make them, and gone on with."""

import asyncio
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from broadcaster.config import load
from broadcaster.plan import Plan
from broadcaster.sending import Sent, Watch, go_on, send
from broadcaster.store import generations
from broadcaster.store.sqlite_driver import sqlite3
from tests.support.world import World


def copied(here: World, there: Path, database: Path | None = None) -> World:
    """The same configuration in another folder, with a copy of the database that SQLite makes at this moment.

    Args:
        database: the copy, if there is one already.
    """
    original = Path(here.database.name)
    shutil.copytree(here.config.folder, there, ignore=shutil.ignore_patterns(f"{original.name}*", there.name))
    if database is not None:
        shutil.copy(database, there / original.name)
    else:
        with closing(sqlite3.connect(original)) as found, closing(sqlite3.connect(there / original.name)) as made:
            found.backup(made)
    return configured(here, there / "config.toml", str(original), str(there / original.name))


def moved(here: World, to: Path) -> World:
    """The same database, renamed."""
    Path(here.database.name).rename(to)
    return configured(here, to.with_suffix(".toml"), here.database.name, str(to))


def put_in_place(there: World, here: World) -> None:
    """Move one's database over another's."""
    Path(there.database.name).replace(here.database.name)


def configured(here: World, file: Path, old: str, new: str) -> World:
    """The same world with another configuration, in which an address is another one."""
    text = here.config.file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return replace(here, config=load(file))


async def copied_amid(here: World, plan: Plan, there: Path, at: int, until: int) -> World:
    """Send, copy after so many texts, and stop the original in order after so many more; returns the copy."""
    stop = asyncio.Event()
    sending = asyncio.create_task(here.send(plan, stop=stop))
    await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= at, timeout=20)
    copy = copied(here, there)
    await here.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= until, timeout=20)
    stop.set()
    await sending
    return copy


async def gone_on(there: World, message: str, *, patience: float = 20) -> Sent:
    """Open it and go on with what is left of a message, once the providers can be asked."""
    async with there.running() as broadcaster:
        there.clock.move(generations.SETTLE)
        return await go_on(broadcaster, message, _watch(patience))


async def sent_again(there: World, plan: Plan) -> Sent:
    """Open it and send a message there, once the providers can be asked."""
    async with there.running() as broadcaster:
        there.clock.move(generations.SETTLE)
        return await send(broadcaster, plan, now=there.clock.now, actor="test", watch=_watch(20))


def _watch(patience: float) -> Watch:
    return Watch(asyncio.Event(), lambda _: None, patience)
