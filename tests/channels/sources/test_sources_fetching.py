"""Fetching what others publish, over real sockets: politely, and from nowhere that it should not be."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from channels.sources.fetching import Bounds, Fetched, Fetcher, Unchanged, Unreachable, is_public

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NEWS = b'[{"Identifier": "1"}]'


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@asynccontextmanager
async def source(handler: Handler) -> AsyncIterator[str]:
    """A source that answers every request as a test wishes."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


def saying(*, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return handle


async def reason_of(http: aiohttp.ClientSession, handler: Handler, bounds: Bounds | None = None) -> str:
    async with source(handler) as url:
        answer = await Fetcher(http, bounds or Bounds()).fetch(url)
    assert isinstance(answer, Unreachable)
    assert "127.0.0.1" not in answer.reason
    return answer.reason


async def test_a_document_comes_with_what_to_ask_with_the_next_time(http: aiohttp.ClientSession) -> None:
    headers = {"ETag": '"a"', "Last-Modified": "Sat, 21 Nov 2026 08:00:00 GMT"}
    async with source(saying(body=NEWS, headers=headers)) as url:
        answer = await Fetcher(http).fetch(f"{url}/news")
    assert answer == Fetched(NEWS, '"a"', "Sat, 21 Nov 2026 08:00:00 GMT", f"{url}/news")


async def test_what_has_not_changed_is_not_fetched_again(http: aiohttp.ClientSession) -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")))
        return web.Response(status=304)

    async with source(handle) as url:
        assert await Fetcher(http).fetch(url, etag='"a"', last_modified="then") == Unchanged()
    assert seen == [('"a"', "then")]


async def test_unchanged_is_no_answer_to_who_has_nothing_yet(http: aiohttp.ClientSession) -> None:
    assert "HTTP 304" in await reason_of(http, saying(status=304))


async def test_the_source_is_told_who_asks(http: aiohttp.ClientSession) -> None:
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers["User-Agent"])
        return web.Response(body=NEWS)

    async with source(handle) as url:
        await Fetcher(http).fetch(url)
    assert seen[0].startswith("municipal-broadcaster")


async def test_packed_answers_are_unpacked(http: aiohttp.ClientSession) -> None:
    async with source(saying(body=gzip.compress(NEWS), headers={"Content-Encoding": "gzip"})) as url:
        answer = await Fetcher(http).fetch(url)
    assert isinstance(answer, Fetched)
    assert answer.body == NEWS


async def test_a_file_that_is_packed_by_itself_is_unpacked(http: aiohttp.ClientSession) -> None:
    async with source(saying(body=gzip.compress(NEWS), headers={"Content-Type": "application/gzip"})) as url:
        answer = await Fetcher(http).fetch(f"{url}/feed.xml.gz")
    assert isinstance(answer, Fetched)
    assert answer.body == NEWS
    assert "longer than" in await reason_of(http, saying(body=gzip.compress(bytes(50_000_000))))


@pytest.mark.parametrize(
    ("charset", "text", "body"),
    [
        ("iso-8859-1", "Öland", "Öland".encode("latin-1")),
        ("windows-1252", "Öl…", "Öl…".encode("windows-1252")),
        ("utf-16-le", "Öland", "Öland".encode("utf-16-le")),
    ],
)
async def test_what_only_the_head_of_the_answer_tells_of_its_characters_is_heeded(
    http: aiohttp.ClientSession, charset: str, text: str, body: bytes
) -> None:
    async with source(saying(body=body, headers={"Content-Type": f"text/xml; charset={charset}"})) as url:
        answer = await Fetcher(http).fetch(url)
    assert isinstance(answer, Fetched)
    assert answer.body.decode("utf-8-sig") == text


@pytest.mark.parametrize("charset", ["iso-8859-1", "x-unknown", "utf-8"])
async def test_what_shows_its_characters_itself_is_left_as_it_is(http: aiohttp.ClientSession, charset: str) -> None:
    for body in ("Öland".encode(), "Öland".encode("utf-16"), *([b"\xd6land"] if charset != "iso-8859-1" else [])):
        async with source(saying(body=body, headers={"Content-Type": f"text/xml; charset={charset}"})) as url:
            answer = await Fetcher(http).fetch(url)
        assert isinstance(answer, Fetched)
        assert answer.body == body


async def test_a_packed_bomb_is_unpacked_no_further_than_the_limit(http: aiohttp.ClientSession) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    handler = saying(body=bomb, headers={"Content-Encoding": "gzip"})
    assert "longer than 5242880 bytes" in await reason_of(http, handler)


@pytest.mark.parametrize(
    ("packed", "body", "reason"),
    [
        ("gzip", NEWS, "it says that it is packed (gzip) and is not"),
        ("gzip", gzip.compress(NEWS, mtime=0)[:-6], "it breaks off before its end (gzip)"),
        ("br", zlib.compress(NEWS), "it is packed in a way that was not asked for (br)"),
    ],
)
async def test_what_cannot_be_unpacked_is_said(
    http: aiohttp.ClientSession, packed: str, body: bytes, reason: str
) -> None:
    assert await reason_of(http, saying(body=body, headers={"Content-Encoding": packed})) == reason


async def test_an_endless_answer_is_cut_off_at_the_limit(http: aiohttp.ClientSession) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(bytes(64 * 1024))

    assert "an endless answer" in await reason_of(http, handle, Bounds(longest=1_000_000))


async def test_an_answer_that_only_drips_is_given_up_in_time(http: aiohttp.ClientSession) -> None:
    gone = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b" ")
        await gone.wait()
        return answer

    async with source(handle) as url:
        answer = await Fetcher(http, Bounds(patience=0.2)).fetch(url)
        gone.set()
    assert answer == Unreachable("it did not finish within 0.2 seconds")


async def test_a_connection_that_breaks_is_said(http: aiohttp.ClientSession) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return answer

    assert await reason_of(http, handle) == "the connection broke before everything had arrived"


async def test_a_source_that_is_not_there_is_unreachable(http: aiohttp.ClientSession) -> None:
    async with source(saying(body=NEWS)) as url:
        pass
    assert await Fetcher(http).fetch(url) == Unreachable("there is no connection to it")
    answer = await Fetcher(http).fetch("http://nowhere.invalid/")
    assert answer == Unreachable("its name cannot be looked up (DNS)")


@pytest.mark.parametrize("url", ["", "news", "ftp://127.0.0.1/", "http://[", "http://\u2028/", "file:///etc/passwd"])
async def test_what_is_no_web_address_is_not_fetched(http: aiohttp.ClientSession, url: str) -> None:
    assert await Fetcher(http).fetch(url) == Unreachable("it leads to something that is not a web address")


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({}, None),
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        ({"Retry-After": "99999999999999999999"}, timedelta(days=1)),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        (
            {"Retry-After": "Sat, 21 Nov 2026 08:10:00 GMT", "Date": "Sat, 21 Nov 2026 08:00:00 GMT"},
            timedelta(minutes=10),
        ),
        ({"Retry-After": "Sat, 21 Nov 2026 07:00:00 GMT", "Date": "Sat, 21 Nov 2026 08:00:00 GMT"}, timedelta()),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 500])
async def test_a_source_says_how_long_to_leave_it_alone(
    http: aiohttp.ClientSession, status: int, headers: dict[str, str], after: timedelta | None
) -> None:
    async with source(saying(status=status, headers=headers)) as url:
        answer = await Fetcher(http).fetch(url)
    assert isinstance(answer, Unreachable)
    assert f"HTTP {status}" in answer.reason
    assert answer.after == after


async def test_redirects_at_the_same_place_are_followed_and_what_was_found_says_where(
    http: aiohttp.ClientSession,
) -> None:
    async def handle(request: web.Request) -> web.Response:
        steps = {"/old": "/newer", "/newer": "newest/", "/newest/": "?v=3"}
        step = steps.get(request.path) if not request.query else None
        return web.Response(status=302, headers={"Location": step}) if step else web.Response(body=NEWS)

    async with source(handle) as url:
        answer = await Fetcher(http).fetch(f"{url}/old")
    assert isinstance(answer, Fetched)
    assert answer.url == f"{url}/newest/?v=3"


async def test_a_circle_of_redirects_ends(http: aiohttp.ClientSession) -> None:
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=301, headers={"Location": "/again"})

    assert await reason_of(http, handle) == "it redirects more than 3 times"
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://127.0.0.1:1/", "it leads into a private network, where it has no business"),
        ("https://localhost:1/", "it leads into a private network, where it has no business"),
        ("https://[::1]/", "it leads into a private network, where it has no business"),
        ("https://[::ffff:10.0.0.1]/", "it leads into a private network, where it has no business"),
        ("https://10.0.0.1/", "it leads into a private network, where it has no business"),
        ("https://169.254.169.254/latest/meta-data", "it leads into a private network, where it has no business"),
        ("http://127.0.0.1:1/", "it leads to an address that is neither at the same place nor https"),
        ("http://192.0.2.1/", "it leads to an address that is neither at the same place nor https"),
        ("//127.0.0.1:1/", "it leads to an address that is neither at the same place nor https"),
        ("https://2130706433/", "its address cannot be used"),
        ("file:///etc/passwd", "it leads to something that is not a web address"),
        ("http://[", "it leads to something that is not a web address"),
    ],
)
async def test_a_redirect_leads_into_no_network_that_only_we_can_reach(
    http: aiohttp.ClientSession, target: str, reason: str
) -> None:
    assert await reason_of(http, saying(status=302, headers={"Location": target})) == reason


async def test_a_redirect_without_an_aim_is_followed_to_no_end(http: aiohttp.ClientSession) -> None:
    assert await reason_of(http, saying(status=302)) == "it redirects more than 3 times"


async def test_a_document_that_a_feed_leads_to_is_judged_as_a_redirect_from_it(http: aiohttp.ClientSession) -> None:
    async with source(saying(body=NEWS)) as url, source(saying(body=b"secret")) as other:
        fetcher = Fetcher(http)
        beside = await fetcher.fetch(f"{url}/alert.xml", led_by=f"{url}/feed.xml")
        away = await fetcher.fetch(f"{other}/alert.xml", led_by=f"{url}/feed.xml")
        hidden = await fetcher.fetch(str(URL(other).with_scheme("https")), led_by=f"{url}/feed.xml")
    assert isinstance(beside, Fetched)
    assert away == Unreachable("it leads to an address that is neither at the same place nor https")
    assert hidden == Unreachable("it leads into a private network, where it has no business")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2a00:1450:400f:80c::200e", True),
        ("64:ff9b::808:808", True),  # 8.8.8.8, as seen from a network that has IPv6 alone
        ("64:ff9b::a00:1", False),
        ("::ffff:8.8.8.8", True),
        ("::ffff:192.168.1.1", False),
        ("2002:a00:1::", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("fd12::1", False),
        ("ff0e::1", False),
    ],
)
def test_addresses_of_private_networks_are_told_from_public_ones(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_a_source_s_clock_counts_for_its_own_dates(http: aiohttp.ClientSession) -> None:
    theirs = datetime(2020, 1, 1, tzinfo=UTC)
    headers = {"Date": format_datetime(theirs), "Retry-After": format_datetime(theirs + timedelta(hours=1))}
    async with source(saying(status=503, headers=headers)) as url:
        answer = await Fetcher(http).fetch(url)
    assert answer == Unreachable("it asks to be left alone for a while (HTTP 503)", timedelta(hours=1))
