"""Copy the database in the middle of a sending, go on with the copy elsewhere, then count what every resident got.

``make copies``, or ``python -m benchmarks.copies --seed 1 --copies 100``. After how many texts the copy is made and the
original killed, and how it is copied, follows from the seed; what is on its way by then is up to the machine. Writes
build/copies.json. Exit code 1: a goal is not met.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.crew import MESSAGE, POSTS, configured, start
from benchmarks.figure import Figure
from benchmarks.report import publish
from broadcaster.config import Config, load
from broadcaster.opening import opened
from broadcaster.plan import read
from broadcaster.runtime import assembled
from broadcaster.sending import Watch, go_on
from broadcaster.store import backups, generations
from broadcaster.store.database import Database
from broadcaster.store.sqlite_driver import sqlite3
from broadcaster.store.subscribers import Subscription
from channels.sandbox import Sandbox
from messages.document import message_id

RESIDENTS = tuple(f"+460{place:09}" for place in range(60))
"""Numbers that nobody can have. Few: what counts is the moment of the copy."""

PATIENCE = 60.0
"""Seconds without any movement after which a copy is given up."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of some copies, by the count of the sandbox.

    Args:
        sent: texts and posts that were to reach somebody, of all copies.
        lost: those that nobody got.
        twice: those that somebody got more than once.
        unseen: those that left from an original after it was copied.
        rest: those that left from a copy.
    """

    copies: int = 0
    sent: int = 0
    lost: int = 0
    twice: int = 0
    unseen: int = 0
    rest: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        names = self.__slots__
        return Tally(*(getattr(self, name) + getattr(other, name) for name in names))

    def figures(self) -> list[Figure]:
        """The tally beside its goals."""
        both = self.unseen > 0 and self.rest > 0
        return [
            Figure("copies in the middle of a sending", self.copies, "≥ 1", self.copies > 0),
            Figure("left from the original after the copy", self.unseen, "> 0", both),
            Figure("left from the copy", self.rest, "> 0", both),
            Figure(f"lost, of {self.sent} texts and posts", self.lost, "0", self.lost == 0),
            Figure("sent twice", self.twice, "0", self.twice == 0),
        ]


async def copied_once(dice: random.Random) -> Tally:
    """Send, copy, kill, and go on with the copy; count what came of it."""
    with tempfile.TemporaryDirectory(prefix="broadcaster-copies-") as folder:
        async with Sandbox() as sandbox:
            config = configured(Path(folder, "here"), sandbox, {})
            message, file = await _prepare(config)
            copied, killed = sorted(dice.choices(range(1, len(RESIDENTS)), k=2))
            original = start(config, Path(folder, "said"), "send", "--yes", str(file))
            await sandbox.wait_for(lambda seen: len(seen.texts) >= copied, timeout=PATIENCE)
            elsewhere = await _copy(config, Path(folder, "there"), by_command=dice.random() < 0.5)
            at_the_copy = _left(sandbox)
            await sandbox.wait_for(lambda seen: len(seen.texts) >= killed, timeout=PATIENCE)
            original.kill()
            await asyncio.to_thread(original.join)
            at_the_end = _left(sandbox)
            await _go_on(elsewhere, message)
            got = _got(sandbox)
    sent = len(RESIDENTS) + POSTS
    return Tally(
        copies=1,
        sent=sent,
        lost=sent - len(got),
        twice=sum(times > 1 for times in got.values()),
        unseen=at_the_end - at_the_copy,
        rest=_left(sandbox) - at_the_end,
    )


async def tally(copies: int, seed: int) -> Tally:
    """Do it that often."""
    dice = random.Random(seed)  # noqa: S311 - it is to be foreseen
    total = Tally()
    for _ in range(copies):
        total += await copied_once(dice)
    return total


async def _prepare(config: Config) -> tuple[str, Path]:
    """Residents, and a message to them; returns its id and file."""
    async with Database(config.database_url.get_secret_value()) as database:
        await database.upgrade()
    async with opened(config) as store:
        everybody = [Subscription(number, "borgholm", "sv") for number in RESIDENTS]
        await store.subscribers.add(everybody, datetime.now(UTC), "copies")
    expires = (datetime.now(UTC) + timedelta(hours=6)).replace(microsecond=0).isoformat()
    file = config.folder / "message.md"
    file.write_text(MESSAGE.format(number=1, expires=expires), encoding="utf-8")
    return message_id(read(file.read_bytes(), file.name)), file


async def _copy(config: Config, there: Path, *, by_command: bool) -> Config:
    """Copy what it takes to go on, the database by ``db backup`` or another tool that knows SQLite.

    Returns:
        The copy's configuration.
    """
    here = Path(str(Database(config.database_url.get_secret_value()).name))
    shutil.copytree(config.folder / "secrets", there / "secrets")
    for name in ("config.toml", "broadcaster.key"):
        shutil.copy(config.folder / name, there / name)
    if by_command:
        async with Database(config.database_url.get_secret_value()) as database:
            await backups.back_up(database, there / here.name, datetime.now(UTC))
    else:
        with closing(sqlite3.connect(here)) as found, closing(sqlite3.connect(there / here.name)) as made:
            found.backup(made)
    return load(there / "config.toml")


async def _go_on(config: Config, message: str) -> None:
    """Send what is left, with a clock that stands past the time that providers get to list what they took."""
    ahead = timedelta()

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    async with assembled(config, clock) as broadcaster:
        ahead = generations.SETTLE
        await go_on(broadcaster, message, Watch(asyncio.Event(), lambda _: None, PATIENCE))


def _got(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    texts = [(text.to, text.body) for text in sandbox.texts]
    return Counter([*texts, *((post.page, post.message) for post in sandbox.posts)])


def _left(sandbox: Sandbox) -> int:
    return len(sandbox.texts) + len(sandbox.posts)


def main() -> int:
    """Do it, and show the tally."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.copies", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--copies", type=int, default=100)
    options = parser.parse_args()
    return publish(asyncio.run(tally(options.copies, options.seed)).figures(), Path("build/copies.json"))


if __name__ == "__main__":
    sys.exit(main())
