"""A whole broadcaster with a crowd of residents: real configuration, store, engine and adapters."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from broadcaster.clock import utc_now
from broadcaster.config import Config, load
from broadcaster.delivery import REACHED
from broadcaster.plan import Plan, prepare, submission
from broadcaster.runtime import assembled
from broadcaster.scaffold import template, write_missing
from broadcaster.sending import Watch, go_on
from broadcaster.store.database import Database
from broadcaster.store.schema import deliveries
from broadcaster.store.sealing import Seal
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers, Subscription

ALERT = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = [{municipalities}]
+++
# Våra system är avstängda, läge {number}

Ring {{{{ municipality.phone }}}} om du behöver oss.
"""

UNHURRIED = {"rate = 10 ": "rate = 1000000\nconcurrency = 64 "}
"""An SMS account without a limit that would be felt."""

DATABASE = "broadcaster.db"

_BATCH = 20_000


def anybody(place: int) -> str:
    """One of many numbers that nobody can have: no Swedish number begins with 0 after the country code."""
    return f"+460{place:09}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A configuration with its database."""

    config: Config

    def plan(self, number: int, *municipalities: str) -> Plan:
        """A message to everybody in the municipalities (or in Borgholm); another number, another message."""
        listed = ", ".join(f'"{name}"' for name in municipalities or ("borgholm",))
        text = ALERT.format(number=number, municipalities=listed)
        return prepare(text.encode(), "alert.md", self.config, utc_now())

    def database(self) -> Database:
        """Its database, to be opened."""
        return Database(self.config.database_url.get_secret_value())

    async def subscribe(self, places: Iterable[int], municipality: str = "borgholm") -> None:
        """Let a crowd subscribe, a batch at a time."""
        numbers = [anybody(place) for place in places]
        async with self.database() as database:
            subscribers = Subscribers(database, Seal(self.config.key))
            for start in range(0, len(numbers), _BATCH):
                batch = [Subscription(number, municipality, "sv") for number in numbers[start : start + _BATCH]]
                await subscribers.add(batch, utc_now(), "benchmark")

    async def submit(self, plan: Plan) -> None:
        """Write a message down; nothing is sent."""
        async with self.database() as database:
            await submit(database, submission(plan, utc_now()), "benchmark")

    async def send(self, message: str) -> None:
        """Send what was submitted, as the command line does, in a broadcaster that starts for it."""
        async with assembled(self.config) as broadcaster:
            sent = await go_on(broadcaster, message, Watch(asyncio.Event(), lambda _: None, patience=30))
        if sent.progress.count(*REACHED) != sent.progress.total:
            raise RuntimeError(f"not everything was sent: {sent.progress}")

    async def last_recorded(self, message: str, lane: str = "sms") -> float:
        """When the last delivery of a lane was recorded, in seconds since 1970."""
        wanted = select(func.max(deliveries.c.changed)).where(
            deliveries.c.message == message, deliveries.c.lane == lane
        )
        async with self.database() as database, database.read() as connection:
            last: datetime = (await connection.execute(wanted)).scalar_one()
        return last.timestamp()


async def until(happened: Callable[[], bool]) -> None:
    """Wait for what happens in another process, which sets no event here."""
    while True:
        if happened():
            return
        await asyncio.sleep(0.01)


@asynccontextmanager
async def scene(
    folder: Path, provider_url: str, database: str = DATABASE, changes: Mapping[str, str] = UNHURRIED
) -> AsyncIterator[Scene]:
    """A scene in a folder, with an empty database. ``changes`` replace words of the shipped configuration."""
    file = folder / "config.toml"
    write_missing(file)
    text = template()
    for old, new in {**changes, '"broadcaster.db"': f'"{database}"', "http://127.0.0.1:8070": provider_url}.items():
        if old not in text:
            raise RuntimeError(f"the shipped configuration does not say {old!r}")
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    config = load(file)
    async with Database(config.database_url.get_secret_value()) as opened:
        await opened.upgrade()
    yield Scene(config)
