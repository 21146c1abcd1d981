"""A whole broadcaster in a test: real configuration, database, sandbox and sockets; only the clock is the test's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broadcaster.config import Config, load
from broadcaster.delivery import Verdict
from broadcaster.engine.station import untold
from broadcaster.plan import Plan, prepare
from broadcaster.runtime import Broadcaster, assembled
from broadcaster.scaffold import template, write_missing
from broadcaster.sending import Sent, Watch, go_on, send
from broadcaster.store import reports
from broadcaster.store.database import Database
from broadcaster.store.subscribers import Subscription
from channels.sandbox import Sandbox

FIRST_RESIDENT = 46_701_740_605


def resident(place: int) -> str:
    """One of the 95 mobile numbers that are reserved for fiction."""
    assert 0 <= place < 95
    return f"+{FIRST_RESIDENT + place}"


def anybody(place: int) -> str:
    """One of many numbers that nobody can have, for crowds: no Swedish number begins with 0 after the country code."""
    return f"+460{place:09}"


@dataclass
class Clock:
    """A clock that goes as all clocks do, and that a test can put forward."""

    ahead: timedelta = timedelta(0)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.ahead += by


ALERT = """+++
incident = "Dataintrång"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
expires = {expires}
+++
# Våra system är avstängda

Ring {{{{ municipality.phone }}}} om du behöver oss. {extra}

## @en
# Our systems are shut down

Call {{{{ municipality.phone }}}} if you need us.
"""


@dataclass
class World:
    """What a test acts on."""

    config: Config
    sandbox: Sandbox
    clock: Clock

    @property
    def database(self) -> Database:
        return Database(self.config.database_url.get_secret_value())

    def plan(self, extra: str = "", lifetime: timedelta = timedelta(hours=6)) -> Plan:
        expires = (self.clock.now + lifetime).replace(microsecond=0).isoformat()
        text = ALERT.format(expires=expires, extra=extra)
        return prepare(text.encode(), "alert.md", self.config, self.clock.now.astimezone(self.config.zone))

    async def subscribe(self, numbers: Iterable[str], municipality: str = "borgholm", language: str = "sv") -> None:
        async with self.running() as broadcaster:
            wanted = [Subscription(number, municipality, language) for number in numbers]
            await broadcaster.store.subscribers.add(wanted, self.clock.now, "test")

    def running(
        self, results: Callable[[str, Iterable[Verdict]], None] = untold
    ) -> AbstractAsyncContextManager[Broadcaster]:
        """Everything that sends, put together as the program does."""
        return assembled(self.config, self.clock, results)

    async def send(self, plan: Plan, *, patience: float = 20, stop: asyncio.Event | None = None) -> Sent:
        """Send as the command line does, and wait for the end of it."""
        async with self.running() as broadcaster:
            watch = Watch(stop or asyncio.Event(), lambda _: None, patience)
            return await send(broadcaster, plan, now=self.clock.now, actor="test", watch=watch)

    async def finish(self, message: str, *, patience: float = 20) -> Sent:
        """Go on with what is left of a message."""
        async with self.running() as broadcaster:
            return await go_on(broadcaster, message, Watch(asyncio.Event(), lambda _: None, patience))

    async def after(self, former: Plan, plan: Plan) -> Sent:
        """Send a plan as soon as another has been submitted."""
        async with self.database as database:
            while not await reports.find_message(database, former.id):
                continue  # every look gives way to the others
        return await self.send(plan)

    def reached(self) -> list[str]:
        """Every phone that got an SMS, as often as it did."""
        return sorted(text.to for text in self.sandbox.texts)


def configured(folder: Path, sandbox: Sandbox, changes: Mapping[str, str]) -> Config:
    """A configuration in a folder that talks to a sandbox; ``changes`` replace words of the shipped one."""
    file = folder / "config.toml"
    write_missing(file)
    text = template()
    for old, new in changes.items():
        assert old in text, f"the shipped configuration does not say {old!r}"
        text = text.replace(old, new)
    text = text.replace("http://127.0.0.1:8070", sandbox.url)
    file.write_text(text, encoding="utf-8")
    return load(file)


FAST = {
    "rate = 10 ": "rate = 2000\nconcurrency = 8 ",
    'provider = "facebook"': 'provider = "facebook"\nrate = 100',
}
"""Accounts that need not wait for each other's posts."""


@asynccontextmanager
async def world(folder: Path, database_url: str, changes: Mapping[str, str] = FAST) -> AsyncIterator[World]:
    """A world with an empty database."""
    async with Sandbox() as sandbox:
        address = database_url.replace("postgresql+asyncpg", "postgresql")
        config = configured(folder, sandbox, {**changes, '"broadcaster.db"': f'"{address}"'})
        async with Database(database_url) as database:
            await database.upgrade()
        yield World(config, sandbox, Clock())
