"""The public pages over HTTP: what residents get, also when the database is away, and how little they need to fetch."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from yarl import URL

from broadcaster.store.errors import StoreError
from broadcaster.web import Pages, create_app
from broadcaster.web.pages import STALE
from channels.page import Content
from tests.fakes.surfaces import MemorySurfaces
from tests.support.pages import NOW, showing, site, standing

PATIENCE = 20


class State:
    """What the database has to show, as a test has it."""

    def __init__(self) -> None:
        self.now = NOW
        self.content = Content([showing()], [standing()])
        self.revision = 0
        self.away = False
        self.looks = self.reads = 0
        self.asked = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    def change(self, content: Content) -> None:
        self.content = content
        self.revision += 1

    async def read(self) -> Content:
        await self._answer()
        self.reads += 1
        return self.content

    async def look(self) -> object:
        await self._answer()
        self.looks += 1
        return self.revision

    def clock(self) -> datetime:
        return self.now

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for what comes with some look at the database."""
        async with asyncio.timeout(PATIENCE):
            while not happened():
                self.asked.clear()
                await self.asked.wait()

    async def _answer(self) -> None:
        self.asked.set()
        await self.free.wait()
        if self.away:
            raise StoreError("kris.db: the disk is gone.")


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
async def client(state: State) -> AsyncIterator[aiohttp.ClientSession]:
    """A reader of pages that look at the database all the time."""
    async with reading(state, glance=0.001) as session:
        yield session


@asynccontextmanager
async def reading(state: State, glance: float) -> AsyncIterator[aiohttp.ClientSession]:
    app = create_app(
        feed_files=None,
        lines={},
        surfaces=MemorySurfaces(state.clock),
        now=state.clock,
        public_url=None,
        public_pages=Pages(site(), state.read, state.look, state.clock, glance),
    )
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(
            server.make_url("/"), auto_decompress=False, headers={"Accept-Encoding": "identity"}
        ) as session,
    ):
        yield session


async def becomes(client: aiohttp.ClientSession, expected: Callable[[str], bool]) -> bool:
    """Wait for a page to be as expected."""
    async with asyncio.timeout(PATIENCE):
        while not expected(await read(client)):
            continue
    return True


async def read(client: aiohttp.ClientSession, path: str = "/borgholm/") -> str:
    async with client.get(path) as response:
        return await response.text()


@pytest.mark.parametrize(
    ("path", "language", "heading"),
    [
        ("/", "sv", "Viktig information från kommunerna"),
        ("/en/", "en", "Important information from the municipalities"),
        ("/borgholm/", "sv", "Viktig information från Borgholms kommun"),
        ("/borgholm/en/", "en", "Important information from Borgholm Municipality"),
    ],
)
async def test_every_page_is_at_its_address(
    path: str, language: str, heading: str, client: aiohttp.ClientSession
) -> None:
    async with client.get(path) as response:
        page = await response.text()
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Language"] == language
    assert response.headers["Cache-Control"] == "public, max-age=30"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert f'<html lang="{language}">' in page
    assert f"<h1>{heading}</h1>" in page
    assert "Våra datorsystem är avstängda" in page


@pytest.mark.parametrize("path", ["/kalmar/", "/kalmar", "/borgholm/fi/", "/borgholm/sv/", "/m%C3%B6rbyl%C3%A5nga/"])
async def test_a_page_that_does_not_exist_leads_on_in_swedish(path: str, client: aiohttp.ClientSession) -> None:
    async with client.get(URL(str(client._base_url).rstrip("/") + path, encoded=True)) as response:
        page = await response.text()
    assert response.status == 404
    assert response.headers["Cache-Control"] == "no-cache"
    assert "<h1>Sidan finns inte</h1>" in page
    assert '<a href="/borgholm/">Viktig information från Borgholms kommun</a>' in page


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/borgholm", "/borgholm/"),
        ("/Borgholm/", "/borgholm/"),
        ("/borgholm/en", "/borgholm/en/"),
        ("/BORGHOLM/EN", "/borgholm/en/"),
        ("/en", "/en/"),
    ],
)
async def test_an_address_that_is_nearly_right_leads_to_the_page(
    path: str, leads_to: str, client: aiohttp.ClientSession
) -> None:
    async with client.get(path) as response:
        assert response.status == 200
        assert response.history[0].status == 308
        assert response.url.path == leads_to


@pytest.mark.parametrize("path", ["/feeds/borgholm/sv.rss", "/index.php", "/webhooks/twilio/voice/x"])
async def test_the_pages_leave_other_addresses_alone(path: str, client: aiohttp.ClientSession) -> None:
    async with client.get(path) as response:
        assert response.status in {404, 405}
        assert "Sidan finns inte" not in await response.text()


async def test_who_has_the_page_is_told_so(client: aiohttp.ClientSession) -> None:
    async with client.get("/borgholm/") as first:
        tag = first.headers["ETag"]
    for method in ("GET", "HEAD"):
        async with client.request(method, "/borgholm/", headers={"If-None-Match": tag}) as again:
            assert again.status == 304
            assert await again.read() == b""
            assert again.headers["ETag"] == tag
            assert "frame-ancestors" in again.headers["Content-Security-Policy"]


async def test_head_tells_the_same_without_the_page(client: aiohttp.ClientSession) -> None:
    async with client.get("/borgholm/") as got, client.head("/borgholm/") as headed:
        body = await got.read()
        assert await headed.read() == b""
    assert headed.headers["Content-Length"] == str(len(body))
    assert headed.headers["ETag"] == got.headers["ETag"]


async def test_a_page_is_compressed_for_those_who_take_it(client: aiohttp.ClientSession) -> None:
    plain = await read(client)
    async with client.get("/borgholm/", headers={"Accept-Encoding": "gzip, br"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await response.read()).decode() == plain


async def test_a_change_shows_with_the_next_look(client: aiohttp.ClientSession, state: State) -> None:
    await read(client)
    state.change(Content([showing(title="Allt fungerar igen")]))
    assert await becomes(client, lambda page: "Allt fungerar igen" in page)


async def test_the_first_visitor_after_a_quiet_time_gets_what_is_true_now_without_waiting_for_the_database(
    state: State,
) -> None:
    async with reading(state, glance=0.001) as client:
        state.now += timedelta(hours=5)
        state.change(Content([showing(title="Allt fungerar igen", expires=NOW + timedelta(hours=9))]))
        before, reads = state.looks, state.reads
        await state.until(lambda: state.reads > reads and state.looks > before + 1)
        state.free.clear()  # from now on the database answers nobody
        page = await read(client)
        state.free.set()
    assert "Allt fungerar igen" in page
    assert "inte kunnat uppdateras" not in page


async def test_who_asks_when_the_machine_wakes_up_waits_for_the_look_that_comes(state: State) -> None:
    async with reading(state, glance=0.5) as client:
        await read(client)
        state.now += timedelta(hours=5)
        page = await read(client)
    assert "inte kunnat uppdateras" not in page
    assert state.looks == 2


async def test_however_many_ask_the_database_is_read_once(client: aiohttp.ClientSession, state: State) -> None:
    pages = await asyncio.gather(*(read(client, path) for path in ("/", "/en/", "/borgholm/") * 20))
    assert len(set(pages)) == 3
    assert state.reads == 1


async def test_the_database_is_looked_at_now_and_then_only(state: State) -> None:
    async with reading(state, glance=3600) as client:
        for path in ("/", "/en/", "/borgholm/") * 5:
            await read(client, path)
    assert state.looks == 1


async def test_time_alone_makes_a_message_history(client: aiohttp.ClientSession, state: State) -> None:
    state.change(Content([showing(expires=NOW + timedelta(minutes=1))]))
    assert await becomes(client, lambda page: "<article" in page and "09:13" in page)
    state.now += timedelta(minutes=1)
    page = await read(client)
    assert "<article" not in page
    assert "Sidan visar läget tisdag 13 december kl. 09.13." in (
        page.replace('<time datetime="2022-12-13T09:13+01:00">', "").replace("</time>", "")
    )


async def test_without_its_database_the_page_stands_and_says_since_when(
    client: aiohttp.ClientSession, state: State, caplog: pytest.LogCaptureFixture
) -> None:
    await read(client)
    state.away = True
    await state.until(lambda: "cannot be brought up to date" in caplog.text)
    for passed in (STALE, 25 * STALE):
        state.now = NOW + passed
        page = await read(client)
        assert "Våra datorsystem är avstängda" in page
        assert ("Sidan har inte kunnat uppdateras sedan" in page) is (passed > STALE)
    assert caplog.text.count("cannot be brought up to date: kris.db: the disk is gone.") == 1
    state.away = False
    assert await becomes(client, lambda page: "inte kunnat uppdateras" not in page)


async def test_a_database_that_hangs_keeps_nobody_waiting_who_can_be_shown_something(
    client: aiohttp.ClientSession, state: State
) -> None:
    await read(client)
    state.free.clear()
    async with asyncio.timeout(5):
        assert "Våra datorsystem är avstängda" in await read(client)
        state.now += 2 * STALE
        pages = [await read(client) for _ in range(5)]  # the first of them waits for a look, and in vain
    assert all("Våra datorsystem är avstängda" in page and "inte kunnat uppdateras" in page for page in pages)
    state.free.set()


async def test_before_anything_could_be_read_residents_are_told_whom_to_call(state: State) -> None:
    state.away = True
    async with reading(state, glance=0.001) as client, client.get("/borgholm/") as response:
        said = await response.text()
    assert response.status == 503
    assert response.headers["Retry-After"] == "30"
    assert response.headers["Cache-Control"] == "no-store"
    assert said == (
        "Sidan kan inte visas just nu. Försök igen om en stund, eller ring.\n\n"
        "Borgholms kommun: 0485-880 00\nMörbylånga kommun: 0485-470 00\n"
    )


@pytest.mark.parametrize(
    ("path", "language", "heading"),
    [
        ("/borgholm/om/", "sv", "Om sidan: Borgholms kommun"),
        ("/borgholm/en/om/", "en", "About this page: Borgholm Municipality"),
        ("/Borgholm/om", "sv", "Om sidan: Borgholms kommun"),
    ],
)
async def test_who_stands_behind_a_page_is_told_without_the_database(
    state: State, path: str, language: str, heading: str
) -> None:
    state.away = True
    async with reading(state, glance=0.001) as client, client.get(path) as response:
        page = await response.text()
    assert (response.status, response.headers["Content-Language"]) == (200, language)
    assert f"<h1>{heading}</h1>" in page


@pytest.mark.parametrize("path", ["/om/", "/nowhere/om/", "/borgholm/fi/om/", "/borgholm/en/om/x/"])
async def test_there_is_no_such_page_of_nobody(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as response:
        assert response.status == 404
