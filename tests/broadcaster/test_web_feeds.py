"""The feeds over HTTP: readers that come back are told that nothing is new, and never get something old."""

import gzip
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import feedparser
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from yarl import URL

from broadcaster.web import FeedFiles, Line, create_app
from channels.feed import FeedChannel
from channels.feed.document import Format
from messages.model import Municipality
from tests.fakes.surfaces import MemorySurfaces
from tests.support.feeding import feeds_in

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
WRITTEN = NOW - timedelta(hours=1)
PUBLIC_URL, HUB = "https://kris.example.se", "https://hub.example.se"
RSS = "/feeds/borgholm/sv.rss"
ALERT = "/feeds/borgholm/cap/0a1b2c3d4e.xml"
LINE = Line("+4648588001", "+4648588000", SecretStr("0123456789abcdef"), {}, ("sv",), ZoneInfo("Europe/Stockholm"))


def write(path: Path, content: bytes, when: datetime = WRITTEN) -> None:
    """As the channel does it: a new file in the old one's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(content)
    os.utime(unfinished, (when.timestamp(), when.timestamp()))
    unfinished.replace(path)


@pytest.fixture
async def directory(tmp_path: Path) -> Path:
    """The feeds of Borgholm, without a message, last written an hour ago."""
    borgholm = Municipality("borgholm", ("sv",), ("feed",), {"name": "Borgholms kommun & Co"})
    channel = FeedChannel(
        feeds_in(tmp_path / "feeds"),
        MemorySurfaces(lambda: NOW),
        {"borgholm": borgholm},
        now=lambda: NOW,
        public_url=PUBLIC_URL,
        hubs={"borgholm": HUB},
    )
    await channel.refresh()
    write(tmp_path / "feeds/borgholm/cap/0a1b2c3d4e.xml", b"<alert/>")
    for file in (tmp_path / "feeds").glob("*/*.*"):
        os.utime(file, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    return tmp_path / "feeds"


@pytest.fixture
def app(directory: Path) -> web.Application:
    return create_app(
        feed_files=FeedFiles(directory, lambda: NOW, PUBLIC_URL, {"borgholm": HUB}),
        lines={"vaxel": LINE},
        surfaces=MemorySurfaces(lambda: NOW),
        now=lambda: NOW,
        public_url=None,
    )


@pytest.fixture
async def client(app: web.Application) -> AsyncIterator[aiohttp.ClientSession]:
    """A reader that shows what really came over the wire."""
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(
            server.make_url("/"), auto_decompress=False, headers={"Accept-Encoding": "identity"}
        ) as session,
    ):
        yield session


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("borgholm/sv.rss", "application/rss+xml; charset=utf-8"),
        ("borgholm/sv.atom", "application/atom+xml; charset=utf-8"),
        ("all/sv.json", "application/feed+json"),
        ("borgholm/cap.atom", "application/atom+xml; charset=utf-8"),
        ("borgholm/cap/0a1b2c3d4e.xml", "application/cap+xml; charset=utf-8"),
    ],
)
async def test_a_reader_gets_a_file_as_it_was_written(
    name: str, media_type: str, client: aiohttp.ClientSession, directory: Path
) -> None:
    async with client.get(f"/feeds/{name}") as response:
        body = await response.read()
    assert response.status == 200
    assert body == (directory / name).read_bytes()
    assert response.headers["Content-Type"] == media_type
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["ETag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    assert response.headers["Last-Modified"] == "Tue, 13 Dec 2022 07:00:00 GMT"


async def test_a_feed_comes_whole(client: aiohttp.ClientSession) -> None:
    async with client.get(RSS) as response:
        body = await response.read()
    assert feedparser.parse(body).feed.title == "Viktig information från Borgholms kommun & Co"


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
async def test_an_answer_names_the_feed_its_hub_and_its_other_formats(form: str, client: aiohttp.ClientSession) -> None:
    async with client.get(f"/feeds/borgholm/sv.{form}") as response:
        links = response.links
    assert str(links["self"]["url"]) == f"{PUBLIC_URL}/feeds/borgholm/sv.{form}"
    assert str(links["hub"]["url"]) == HUB
    others = [value for value in response.headers["Link"].split(", ") if 'rel="alternate"' in value]
    assert others == [
        f'<{PUBLIC_URL}/feeds/borgholm/sv.{other.value}>; rel="alternate"; type="{other.media_type}"'
        for other in Format
        if other.value != form
    ]


async def test_the_feed_of_alerts_names_its_hub_and_an_alert_nothing(client: aiohttp.ClientSession) -> None:
    async with client.get("/feeds/borgholm/cap.atom") as feed, client.get(ALERT) as alert:
        assert feed.links.keys() == {"self", "hub"}
        assert "Link" not in alert.headers


async def test_a_feed_without_a_hub_names_none(client: aiohttp.ClientSession) -> None:
    async with client.get("/feeds/all/en.rss") as missing, client.get("/feeds/all/cap.atom") as response:
        assert missing.status == 404
        assert response.links.keys() == {"self"}


async def test_head_tells_the_same_without_the_feed(client: aiohttp.ClientSession) -> None:
    async with client.get(RSS) as got, client.head(RSS) as headed:
        body = await got.read()
        assert await headed.read() == b""
    assert headed.status == 200
    assert headed.headers["Content-Length"] == str(len(body))
    different = {name for name in got.headers if got.headers[name] != headed.headers.get(name)} - {"Date"}
    assert different == set()


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("deflate, GZIP;q=0.5, br", "gzip"),
        ("*", "gzip"),
        ("gzip; q=0.001", "gzip"),
        ("br, *;q=0", None),
        ("gzip;q=0", None),
        ("gzip; q=0.000, *", None),
        ("identity", None),
        ("br, notgzip", None),
        ("", None),
    ],
)
async def test_a_feed_is_compressed_for_those_who_take_it(
    accepted: str,
    encoding: str | None,
    client: aiohttp.ClientSession,
    directory: Path,
) -> None:
    async with client.get(RSS, headers={"Accept-Encoding": accepted}) as response:
        body = await response.read()
    assert response.headers.get("Content-Encoding") == encoding
    assert (gzip.decompress(body) if encoding else body) == (directory / "borgholm/sv.rss").read_bytes()
    assert response.headers["Content-Length"] == str(len(body))
    assert response.headers["ETag"].endswith('-gzip"') is bool(encoding)
    assert response.headers["Vary"] == "Accept-Encoding"


OLD, SAME, LATER = (format_datetime(WRITTEN + timedelta(seconds=s), usegmt=True) for s in (-1, 0, 1))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"If-None-Match": "{tag}"}, 304),
        ({"If-None-Match": "W/{tag}"}, 304),
        ({"If-None-Match": '"other", {tag}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": "{tag}", "If-Modified-Since": OLD}, 304),
        ({"If-None-Match": '"other"', "If-Modified-Since": LATER}, 200),
        ({"If-None-Match": "no tag at all", "If-Modified-Since": LATER}, 200),
        ({"If-Modified-Since": SAME}, 304),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Modified-Since": OLD}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-None-Match": "{tag}", "Accept-Encoding": "gzip"}, 200),
        ({"If-None-Match": "{zipped}", "Accept-Encoding": "gzip"}, 304),
        ({"If-None-Match": "{zipped}"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_reader_that_has_the_feed_is_told_so(
    method: str, asked: dict[str, str], status: int, client: aiohttp.ClientSession
) -> None:
    async with client.get(RSS) as first:
        tag = first.headers["ETag"]
    values = {"tag": tag, "zipped": f'{tag[:-1]}-gzip"'}
    headers = {name: value.format(**values) for name, value in asked.items()}
    async with client.request(method, RSS, headers=headers) as response:
        body = await response.read()
    assert response.status == status
    assert bool(body) is (status == 200 and method == "GET")
    assert response.headers["ETag"] == (values["zipped"] if "Accept-Encoding" in asked else tag)
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Last-Modified"] == SAME


async def test_what_another_process_writes_shows_at_once(client: aiohttp.ClientSession, directory: Path) -> None:
    async with client.get(RSS) as before:
        tag = before.headers["ETag"]
    write(directory / "borgholm/sv.rss", b"<rss/>")
    async with client.get(RSS, headers={"If-None-Match": tag}) as after:
        assert await after.read() == b"<rss/>"


async def test_two_changes_within_one_second_are_never_taken_for_one(
    client: aiohttp.ClientSession, directory: Path
) -> None:
    moment = NOW - timedelta(milliseconds=800)
    write(directory / "borgholm/sv.rss", b"<rss>1</rss>", moment)
    async with client.get(RSS) as response:
        assert "Last-Modified" not in response.headers
    write(directory / "borgholm/sv.rss", b"<rss>2</rss>", moment + timedelta(milliseconds=100))
    async with client.get(RSS, headers={"If-Modified-Since": format_datetime(NOW, usegmt=True)}) as response:
        assert response.status == 200
        assert await response.read() == b"<rss>2</rss>"


async def test_a_feed_that_is_taken_away_is_gone(client: aiohttp.ClientSession, directory: Path) -> None:
    async with client.get(RSS) as response:
        assert response.status == 200
    (directory / "borgholm/sv.rss").unlink()
    async with client.get(RSS) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/kalmar/sv.rss",
        "/feeds/borgholm/de.rss",
        "/feeds/borgholm/sv.xml",
        "/feeds/.lock",
        "/feeds/%2e%2e/secret.rss",
        "/feeds/..%2f..%2fsecret/sv.rss",
        "/feeds/borgholm/%2e%2e%2fsecret.rss",
        "/feeds/borgholm%00/sv.rss",
        "/feeds/borgholm/.sv.rss.unfinished",
        "/feeds/borgholm/cap.rss",
        "/feeds/borgholm/cap/ffffffffff.xml",
        "/feeds/borgholm/cap/..%2f..%2f..%2fsecret.xml",
        "/feeds/borgholm/cap/.0a1b2c3d4e.xml.unfinished",
    ],
)
async def test_nothing_but_feeds_is_handed_out(path: str, client: aiohttp.ClientSession, directory: Path) -> None:
    write(directory.parent / "secret.rss", b"secret")
    write(directory.parent / "secret/sv.rss", b"secret")
    write(directory / "borgholm/.sv.rss.unfinished", b"secret")
    url = str(client._base_url).rstrip("/") + path
    async with client.get(URL(url, encoded=True)) as response:
        assert response.status == 404
        assert b"secret" not in await response.read()


async def test_an_unknown_feed_says_where_the_known_ones_are(client: aiohttp.ClientSession) -> None:
    async with client.get("/feeds/kalmar/sv.rss") as response:
        assert await response.text() == (
            "Det finns inget sådant flöde. Flödena står längst ner på varje kommuns sida.\n"
            "There is no such feed. Each municipality's page has its feeds at the end.\n"
        )


async def test_without_feeds_there_are_none() -> None:
    app = create_app(feed_files=None, lines={}, surfaces=MemorySurfaces(lambda: NOW), now=lambda: NOW, public_url=None)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(server.make_url("/")) as client,
        client.get(RSS) as response,
    ):
        assert response.status == 404


async def test_a_fault_inside_is_told_without_its_details(
    client: aiohttp.ClientSession, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (directory / "borgholm/sv.rss").unlink()
    (directory / "borgholm/sv.rss").mkdir()
    async with client.get(RSS) as response:
        assert response.status == 500
        assert await response.text() == "Något gick fel hos oss. Försök igen om en stund.\n"
    assert "GET /feeds/borgholm/sv.rss could not be answered" in caplog.text


async def test_health_is_told_to_whoever_watches(client: aiohttp.ClientSession) -> None:
    async with client.get("/health") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok"})
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/health", RSS, "/nowhere"])
async def test_every_answer_is_guarded_and_keeps_our_versions_to_itself(
    path: str, client: aiohttp.ClientSession
) -> None:
    async with client.get(path) as response:
        assert response.headers["Server"] == "broadcaster"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
