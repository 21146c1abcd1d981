"""What residents meet on a day that the test sets: pages, phones, feeds and lines of a broadcaster that is served."""

import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import aiohttp
import feedparser
from aiohttp.test_utils import TestServer

from broadcaster.plan import Plan, prepare
from broadcaster.rehearsal import sandbox_of
from broadcaster.runtime import Broadcaster
from broadcaster.serving import web_app
from broadcaster.web import pages
from broadcaster.web.pages import Pages
from channels.sandbox import Sandbox
from messages.html_text import plain
from tests.support.world import FAST, World, world

MAIN = re.compile(r"<main.*?</main>", re.DOTALL)
PAGES = {"borgholm": "100000000000001", "morbylanga": "100000000000002"}
LINES = {"borgholm": "+46846500400", "morbylanga": "+46846500401"}


@dataclass
class Shown:
    """What there is to see, hear and read."""

    world: World
    broadcaster: Broadcaster
    calls: Sandbox
    http: aiohttp.ClientSession
    url: str
    pages: Pages

    def set_clock(self, time: datetime) -> None:
        """Let it be another time."""
        self.world.clock.move(time - self.world.clock.now)

    async def send(self, text: str) -> Plan:
        """Send a message file as the command line does."""
        plan = prepare(text.encode(), "message.md", self.world.config, self.world.clock.now)
        await self.world.send(plan)
        return plan

    async def page(self, municipality: str) -> str:
        """The text of a public page, from its headline to its end, once ``serve`` has looked at the database."""
        await self.pages._look()
        async with self.http.get(f"{self.url}/{municipality}") as response:
            found = MAIN.search(await response.text())
        assert found
        return plain(found[0])

    async def feed(self, municipality: str) -> list[str]:
        """The titles of a feed, newest first, as a parser that is not ours reads them."""
        async with self.http.get(f"{self.url}/feeds/{municipality}/sv.atom") as response:
            return [entry.title for entry in feedparser.parse(await response.read()).entries]

    async def cap(self, municipality: str) -> bytes:
        """The feed of CAP alerts."""
        async with self.http.get(f"{self.url}/feeds/{municipality}/cap.atom") as response:
            return await response.read()

    async def document(self, path: str) -> bytes:
        """One file of the feeds."""
        async with self.http.get(f"{self.url}/feeds/{path}") as response:
            assert response.status == 200, path
            return await response.read()

    async def line(self, municipality: str) -> str:
        """All that a caller hears before being put through."""
        call = await self.calls.dial(LINES[municipality])
        return " ".join(one.text for one in call.heard.spoken)

    def posts(self, municipality: str) -> list[str]:
        """The first lines of the Swedish posts on a page, oldest first."""
        return [
            post.message.splitlines()[0]
            for post in self.world.sandbox.posts
            if post.page == PAGES[municipality] and not post.withdrawn
        ]

    def texts(self, number: str) -> list[str]:
        """What a phone has got by SMS, oldest first."""
        return [text.body for text in self.world.sandbox.texts if text.to == number]


@asynccontextmanager
async def shown(folder: Path, time: datetime, more: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[Shown]:
    """A broadcaster that is served, at a time; ``more`` replaces words of the shipped configuration."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    changes = {**FAST, **more, "http://127.0.0.1:8080": f"http://127.0.0.1:{port}", "port = 8070": "port = 0"}
    url = f"sqlite+aiosqlite:///{folder}/broadcaster.db"
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(world(folder, url, changes))
        here.clock.move(time - here.clock.now)
        broadcaster = await opened.enter_async_context(here.running())
        app = web_app(broadcaster, here.clock)
        await opened.enter_async_context(TestServer(app, port=port))
        calls = await opened.enter_async_context(sandbox_of(here.config))
        http = await opened.enter_async_context(aiohttp.ClientSession())
        yield Shown(here, broadcaster, calls, http, f"http://127.0.0.1:{port}", app[pages.PAGES])
