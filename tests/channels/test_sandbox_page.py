"""The sandbox's page: what it shows, and that nothing that fails or is hostile breaks it."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from channels.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.async_api import Browser

AUTHORIZATION = {"Authorization": "Basic " + b64encode(b"AC1:secret").decode()}
LINE, DEAD_LINE = "+46701740699", "+46701740698"
NOWHERE = "http://127.0.0.1:1"

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Borgholms kommun</title>
<item><title>Systemen &amp; telefonen</title><description>kort</description>
<content:encoded>&lt;p&gt;Växeln
fungerar.&lt;/p&gt;&lt;ul&gt;&lt;li&gt;Mer kl. 12&lt;/li&gt;&lt;/ul&gt;</content:encoded>
<pubDate>Tue, 13 Dec 2022 08:00:00 +0100</pubDate></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Mörbylånga kommun</title>
<entry><title>Webbplatsen är nere</title><summary>Ring växeln.</summary><updated>2022-12-13T08:00:00Z</updated></entry>
</feed>"""
MENU = """<Response><Gather><Say language="en-GB">For English, press 2.</Say>
<Say language="sv-SE">Våra system är avstängda.</Say><Say language="sv-SE">Våra system är avstängda.</Say></Gather>
<Dial>+4648588000</Dial></Response>"""
ENGLISH = '<Response><Say language="en-GB">Our systems are down.</Say><Dial>+4648588000</Dial></Response>'


class Reader(HTMLParser):
    """The text of a page as a reader sees it, and the tags it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.pieces).split())


@pytest.fixture
async def serve() -> AsyncIterator[str]:
    documents = {"/rss": RSS, "/atom": ATOM, "/html": "<p>no feed</p>", "/broken": "<rss>"}

    async def document(request: web.Request) -> web.Response:
        if request.path not in documents:
            raise web.HTTPNotFound
        return web.Response(text=documents[request.path], content_type="application/xml")

    async def voice(request: web.Request) -> web.Response:
        digits = (await request.post()).get("Digits")
        return web.Response(text=MENU if digits is None else ENGLISH, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/voice", voice)
    app.router.add_get("/{path:.*}", document)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def read(sandbox: Sandbox) -> Reader:
    async with aiohttp.ClientSession() as http, http.get(sandbox.url) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        return Reader(await answer.text())


async def text(sandbox: Sandbox, to: str, body: str) -> None:
    url = sandbox.base_url("twilio") + "/2010-04-01/Accounts/AC1/Messages.json"
    form = {"To": to, "From": "Borgholm", "Body": body}
    async with aiohttp.ClientSession(headers=AUTHORIZATION) as http, http.post(url, data=form) as answer:
        assert answer.status == 201


async def graph(sandbox: Sandbox, method: str, path: str, **arguments: str) -> Mapping[str, str]:
    url = f"{sandbox.base_url('facebook')}/v26.0/{path}?access_token=token"
    async with aiohttp.ClientSession() as http, http.request(method, url, data=arguments) as answer:
        assert answer.status == 200
        payload: Mapping[str, str] = await answer.json()
        return payload


async def test_an_empty_sandbox_says_so() -> None:
    async with Sandbox() as sandbox:
        page = await read(sandbox)
    assert "No phone has got a text yet." in page.text
    assert "No page has a post yet." in page.text


async def test_phones_show_their_texts_newest_first() -> None:
    async with Sandbox() as sandbox:
        await text(sandbox, "+46701740605", "Först")
        await text(sandbox, "+46701740606", "Andra telefonen")
        await text(sandbox, "+46701740605", "Sedan")
        page = await read(sandbox)
    assert re.search(r"Phones 2, with 3 texts \+46701740605 Sedan .*Först .*\+46701740606 Andra telefonen", page.text)


async def test_many_phones_and_texts_are_counted_instead_of_shown() -> None:
    async with Sandbox() as sandbox:
        for number in range(605, 637):
            await text(sandbox, f"+46701740{number}", "Hej")
        for number in range(7):
            await text(sandbox, "+46701740605", f"Besked {number}")
        page = await read(sandbox)
    assert "Phones 32, with 39 texts +46701740605 Besked 6" in page.text
    assert "and 3 earlier +46701740636" in page.text
    assert "and 2 more that got theirs earlier" in page.text
    assert "+46701740607" not in page.text


async def test_pages_show_what_was_edited_and_withdrawn() -> None:
    async with Sandbox() as sandbox:
        edited = await graph(sandbox, "POST", "1000001/feed", message="Fel text")
        await graph(sandbox, "POST", edited["id"], message="Rätt text")
        withdrawn = await graph(sandbox, "POST", "1000002/feed", message="Fel sida")
        await graph(sandbox, "DELETE", withdrawn["id"])
        sandbox.publish("1000003", "Öppet hus på lördag")
        page = await read(sandbox)
    assert re.search(r"1000001 Rätt text [\d:]+ , edited [\d:]+ Earlier text Fel text", page.text)
    assert re.search(r"1000002 Fel sida [\d:]+ , withdrawn [\d:]+", page.text)
    assert re.search(r"1000003 Öppet hus på lördag [\d:]+ , by hand", page.text)


async def test_feeds_show_their_entries(serve: str) -> None:
    async with Sandbox(feeds=[f"{serve}/rss", f"{serve}/atom"]) as sandbox:
        page = await read(sandbox)
    assert "Borgholms kommun Systemen & telefonen Växeln fungerar. Mer kl. 12 Tue, 13 Dec 2022" in page.text
    assert "Mörbylånga kommun Webbplatsen är nere Ring växeln. 2022-12-13T08:00:00Z" in page.text


async def test_phone_lines_are_called_and_their_keys_pressed(serve: str) -> None:
    async with Sandbox(lines={LINE: f"{serve}/voice"}) as sandbox:
        page = await read(sandbox)
    assert f"{LINE} For English, press 2. en-GB Våra system är avstängda. sv-SE, 2 times" in page.text
    assert "connects to +4648588000 after pressing 2 Our systems are down. en-GB connects to +4648588000" in page.text


async def test_what_is_dead_is_a_notice_beside_what_lives(serve: str) -> None:
    feeds = [f"{serve}/atom", f"{serve}/gone", f"{serve}/html", f"{serve}/broken", f"{NOWHERE}/feed", "not a url"]
    lines = {LINE: f"{serve}/voice", DEAD_LINE: f"{NOWHERE}/voice"}
    async with Sandbox(feeds=feeds, lines=lines) as sandbox:
        page = await read(sandbox)
    assert "Webbplatsen är nere" in page.text
    assert f"{serve}/gone This feed answered 404 Not Found" in page.text
    assert f"{serve}/html This feed is neither RSS nor Atom" in page.text
    assert f"{serve}/broken This feed is not XML" in page.text
    assert f"{NOWHERE}/feed This feed cannot be reached: is serve running?" in page.text
    assert "not a url This feed cannot be reached" in page.text
    assert "Våra system är avstängda." in page.text
    assert f"{DEAD_LINE} The call fails: {NOWHERE}/voice cannot be reached: is serve running?" in page.text


async def test_what_is_sent_is_shown_as_text_and_never_becomes_part_of_the_page() -> None:
    hostile = """<script>alert("1")</script>"><img src=x onerror='alert(2)'>&amp;"""
    async with Sandbox(feeds=[f'{NOWHERE}/"><script>'], lines={LINE: f'{NOWHERE}/"><script>'}) as sandbox:
        harmless = await read(sandbox)
        await text(sandbox, "+46701740605", hostile)
        post = await graph(sandbox, "POST", "1000001/feed", message=hostile)
        await graph(sandbox, "POST", post["id"], message=f"{hostile} igen")
        page = await read(sandbox)
    assert page.text.count(hostile) == 3
    tags = {tag for tag, _ in page.tags}
    assert tags - {tag for tag, _ in harmless.tags} == {"div", "footer", "time", "details", "summary"}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


async def test_nothing_on_the_page_comes_from_elsewhere() -> None:
    async with Sandbox() as sandbox, aiohttp.ClientSession() as http, http.get(sandbox.url) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        page = Reader(await answer.text())
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    assert [attributes["href"] for tag, attributes in page.tags if tag == "link"] == ["data:,"]


@pytest.mark.parametrize(("width", "side_by_side"), [(390, False), (1280, True)])
async def test_the_page_fits_its_window_and_keeps_up_with_what_comes(
    browser: "Browser", width: int, *, side_by_side: bool
) -> None:
    async with Sandbox() as sandbox:
        for number in range(605, 625):
            await text(sandbox, f"+46701740{number}", "Växeln fungerar.")
        page = await browser.new_page(viewport={"width": width, "height": 900})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await page.goto(sandbox.url)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        tops = await page.eval_on_selector_all("section", "all => all.map(s => s.getBoundingClientRect().top)")
        assert (len(set(tops)) == 1) is side_by_side
        await text(sandbox, "+46701740605", "Nästa besked kl. 12.")
        await page.get_by_text("Nästa besked kl. 12.").wait_for(timeout=10_000)
        assert errors == []
        await page.close()
