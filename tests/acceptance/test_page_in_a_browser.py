"""The public pages in a real browser: for everybody (WCAG 2.2 AA, by axe-core), on any screen, in light and dark."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestServer

from broadcaster.store.errors import StoreError
from broadcaster.web import Pages, create_app
from channels.page import Content
from channels.provider import Firm, Profile
from messages.markdown import to_html
from tests.fakes.surfaces import MemorySurfaces
from tests.support.browsing import DESK, PHONE, SMALLEST, opened, violations
from tests.support.pages import CONTACTS, NOW, busy, showing, site

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PATHS = ("/", "/en/", "/borgholm/", "/borgholm/en/", "/morbylanga/", "/nowhere/")
MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#00567a"/></svg>'
PROFILE = Profile(
    facebook="https://www.facebook.com/borgholmskommun",
    press="press@borgholm.se",
    email="kommun@borgholm.se",
    mark=f"data:image/svg+xml;base64,{b64encode(MARK.encode()).decode()}",
    colour="#00567a",
    firms=(Firm("Twilio", in_eu=False),),
)
SITE = replace(site(), contacts={**CONTACTS, "borgholm": replace(CONTACTS["borgholm"], profile=PROFILE)})


@asynccontextmanager
async def served(content: Content, later: timedelta = timedelta(0)) -> AsyncIterator[str]:
    """The pages over HTTP; ``later`` than zero, the database has been away for so long."""

    async def read() -> Content:
        return content

    async def revision() -> object:
        if times[-1] > NOW:
            raise StoreError("kris.db: the disk is gone.")
        return 1

    times = [NOW]
    pages = Pages(SITE, read, revision, lambda: times[-1], glance=0.01)
    app = create_app(
        feed_files=None,
        lines={},
        surfaces=MemorySurfaces(lambda: NOW),
        now=lambda: NOW,
        public_url=None,
        public_pages=pages,
    )
    async with TestServer(app) as server:
        await pages.page(next(iter(pages.addresses.values())))
        times.append(NOW + later)
        yield str(server.make_url("/")).rstrip("/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALLEST, DESK], ids=["320px", "desktop"])
async def test_no_page_shuts_anybody_out(browser: "Browser", scheme: str, size: tuple[int, int]) -> None:
    async with served(busy()) as address, opened(browser, scheme, size, scripts=True) as page:
        for path in PATHS:
            await page.goto(address + path)
            for details in await page.query_selector_all("details"):
                await details.evaluate("element => element.open = true")
            assert await violations(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") == size[0], path


async def test_what_the_law_wants_residents_to_be_told_shuts_nobody_out_either(browser: "Browser") -> None:
    async with served(Content()) as address, opened(browser, "dark", SMALLEST, scripts=True) as page:
        for path in ("/borgholm/om/", "/borgholm/en/om/"):
            await page.goto(address + path)
            assert await violations(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") == SMALLEST[0], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_page_with_nothing_to_say_or_out_of_date_shuts_nobody_out_either(
    browser: "Browser", scheme: str
) -> None:
    hour = timedelta(hours=1)
    async with served(Content(), later=hour) as address, opened(browser, scheme, SMALLEST, scripts=True) as page:
        await page.goto(f"{address}/borgholm/")
        assert await page.locator(".warning").is_visible()
        assert await violations(page) == []


async def test_long_words_and_addresses_never_widen_the_page(browser: "Browser") -> None:
    word = "Kommunledningsförvaltningens" * 4
    said = showing(title=word, text=f"<p>https://www.borgholm.se/{word}</p><pre><code>{word}</code></pre>")
    async with served(Content([said])) as address, opened(browser, "light", SMALLEST, scripts=True) as page:
        await page.goto(f"{address}/borgholm/")
        assert await page.evaluate("document.documentElement.scrollWidth") == SMALLEST[0]


async def test_the_page_works_without_scripts_and_nothing_of_it_is_refused_by_its_own_policy(
    browser: "Browser",
) -> None:
    async with served(busy()) as address, opened(browser, "light", PHONE) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{address}/borgholm/")
        assert await page.locator(".brand img").evaluate("one => one.naturalWidth > 0")
        earlier = page.locator("article .earlier").first
        assert not await earlier.is_visible()
        await page.locator("article summary").first.click()
        assert await earlier.is_visible()
        box = await page.locator("body").bounding_box()
    assert complaints == []
    assert box is not None
    assert box["width"] <= PHONE[0]


async def test_a_phone_number_in_running_text_never_breaks_across_lines(browser: "Browser") -> None:
    said = showing(text=to_html(" ".join(f"{'o' * length} 0485-880 00" for length in range(1, 40))))
    async with served(Content([said])) as address, opened(browser, "light", SMALLEST, scripts=True) as page:
        await page.goto(f"{address}/borgholm/")
        lines = await page.locator("article a[href^=tel]").evaluate_all(
            "all => all.map(a => a.getClientRects().length)"
        )
    assert lines == [1] * 39


async def test_who_uses_the_keyboard_can_skip_to_what_matters(browser: "Browser") -> None:
    async with served(busy()) as address, opened(browser, "light", PHONE) as page:
        await page.goto(f"{address}/")
        skip = page.locator(".skip")
        assert not await in_sight(page, ".skip")
        await page.keyboard.press("Tab")
        assert await in_sight(page, ".skip")
        assert await skip.text_content() == "Hoppa till innehållet"
        await page.keyboard.press("Enter")
        assert page.url.endswith("/#main")


async def in_sight(page: "Page", selector: str) -> bool:
    box = await page.locator(selector).bounding_box()
    return box is not None and box["x"] >= 0


async def test_on_paper_there_is_what_to_read_and_no_way_to_click(browser: "Browser") -> None:
    async with served(busy()) as address, opened(browser, "dark", DESK) as page:
        await page.goto(f"{address}/borgholm/")
        await page.emulate_media(media="print")
        assert not await page.locator("nav").first.is_visible()
        assert await page.locator("article .earlier").first.is_visible()
        assert await page.locator("article h3").first.is_visible()
