"""Residents at the web's door: a whole broadcaster that sends, and forms posted to it as a browser posts them."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer

from broadcaster.runtime import Broadcaster
from broadcaster.serving import web_app
from channels.sandbox.records import Text
from tests.support.world import FAST, World, world

PATIENCE = 20


@dataclass(frozen=True)
class Answered:
    """What a form was answered."""

    status: int
    body: str
    location: str | None

    @property
    def id(self) -> str:
        """What the wish is known by."""
        assert self.location is not None
        return self.location.partition("/")[2].partition("?")[0]


@dataclass
class Door:
    """A world whose residents can join and leave on the web."""

    world: World
    broadcaster: Broadcaster
    url: str
    http: aiohttp.ClientSession

    async def get(self, path: str) -> Answered:
        """Look at a page."""
        async with self.http.get(f"{self.url}/{path}", allow_redirects=False) as answer:
            return Answered(answer.status, await answer.text(), answer.headers.get("Location"))

    async def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answered:
        """Send a form."""
        async with self.http.post(
            f"{self.url}/{path}", data=form, headers=headers or {}, allow_redirects=False
        ) as answer:
            return Answered(answer.status, await answer.text(), answer.headers.get("Location"))

    async def ask(self, number: str, name: str = "anmalan", language: str = "sv", **headers: str) -> Answered:
        """Ask for a code."""
        return await self.post(f"borgholm/{name}", {"number": number, "language": language}, headers)

    async def confirm(self, asked: Answered, code: str, name: str = "anmalan") -> Answered:
        """Type a code."""
        return await self.post(f"borgholm/{name}/{asked.id}", {"code": code})

    async def text(self, count: int = 1) -> Text:
        """The last text on anybody's phone, once there are so many."""
        await self.world.sandbox.wait_for(lambda sandbox: len(sandbox.texts) >= count, PATIENCE)
        return self.world.sandbox.texts[-1]

    async def subscriptions(self) -> list[tuple[str, str, str]]:
        """Who subscribes to what, in which language."""
        found = [entry.subscription async for entry in self.broadcaster.store.subscribers.all()]
        return [(one.number, one.municipality, one.language) for one in found]


def code_in(text: Text) -> str:
    """The code in a text."""
    found = re.match(r"\d{6}\b", text.body)
    assert found is not None, text.body
    return found[0]


@asynccontextmanager
async def door(
    folder: Path, database_url: str, changes: Mapping[str, str] = {}, *, sends: bool = True
) -> AsyncIterator[Door]:
    """A door; nothing leaves where nobody ``sends``."""
    async with (
        world(folder, database_url, FAST | dict(changes)) as here,
        here.running() as broadcaster,
        TestServer(web_app(broadcaster, here.clock)) as server,
        aiohttp.ClientSession() as http,
    ):
        stop = asyncio.Event()
        engine = asyncio.create_task(broadcaster.engine.run(stop)) if sends else None
        try:
            yield Door(here, broadcaster, str(server.make_url("")).rstrip("/"), http)
        finally:
            stop.set()
            if engine is not None:
                await engine
