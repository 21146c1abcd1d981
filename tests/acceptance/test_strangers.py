"""What strangers send: broken, half, huge or nonsense. It is their fault: no error of ours is logged or counted."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from broadcaster.metrics import Meters
from broadcaster.serving import operators_app, web_app
from broadcaster.web.server import Limits, serving
from tests.support.calling import calling
from tests.support.world import world

Address = tuple[str, int]

ROUTES = (
    "/",
    "/borgholm/en/",
    "/nowhere/",
    "/feeds/borgholm/sv.rss",
    "/feeds/borgholm/cap/x.xml",
    "/webhooks/twilio/voice/phone-borgholm",
    "/webhooks/twilio/voice/phone-borgholm/wait",
    "/webhooks/twilio/status",
    "/webhooks/twilio/sms",
    "/webhooks/46elks/status/secret",
    "/webhooks/46elks/sms/secret",
    "/webhooks/46elks/voice/secret",
    "/borgholm/anmalan",
    f"/borgholm/avsluta/{'x' * 22}",
    "/health",
    "/metrics",
)


def request(head: str, *headers: str, body: bytes = b"") -> bytes:
    """A request with ``{path}`` still in it."""
    return "\r\n".join((head, "Host: kris.example.se", *headers, "", "")).encode() + body


def form(*headers: str, body: bytes = b"a=b") -> bytes:
    return request("POST {path} HTTP/1.1", f"Content-Length: {len(body)}", *headers, body=body)


CHUNKED = "Transfer-Encoding: chunked"
ATTACKS = {
    "nothing": b"",
    "half of the headers": b"POST {path} HTTP/1.1\r\nHos",
    "half of a body": request("POST {path} HTTP/1.1", "Content-Length: 100", body=b"abc"),
    "half of a body with GET": request("GET {path} HTTP/1.1", "Content-Length: 100", body=b"abc"),
    "half of a chunk": request("POST {path} HTTP/1.1", CHUNKED, body=b"64\r\nabc"),
    "no last chunk": request("POST {path} HTTP/1.1", CHUNKED, body=b"3\r\nabc\r\n"),
    "what is no chunk": request("POST {path} HTTP/1.1", CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n"),
    "asks before it sends, and does not": request("POST {path} HTTP/1.1", "Content-Length: 9", "Expect: 100-continue"),
    "expects nonsense": form("Expect: nonsense"),
    "says gzip, and is not": form("Content-Encoding: gzip"),
    "says deflate, and is not": form("Content-Encoding: deflate"),
    "a bomb": form("Content-Encoding: gzip", body=gzip.compress(bytes(20_000_000))),
    "too much": form(body=b"a" * 100_000),
    "two lengths": request("POST {path} HTTP/1.1", "Content-Length: 3", "Content-Length: 4", body=b"a=b"),
    "no letters of any language": form("Content-Type: text/plain; charset=klingon", body=b"\xff\xfe=\x00"),
    "what is no multipart": form("Content-Type: multipart/form-data; boundary=x"),
    "a host that is none": request("POST {path} HTTP/1.1", "Host: [::", "Content-Length: 0"),
    "dates and tags that are none": request(
        "GET {path} HTTP/1.1", "If-Modified-Since: Mon, 99 Foo 99999", 'If-None-Match: """', "Range: bytes=9-1"
    ),
    "accepts what there is not": request("GET {path} HTTP/1.1", "Accept: application/openmetrics-text;version=x"),
    "comes from nowhere": form("X-Forwarded-For: %%,,", "Origin: http://[", body=b"number=%00&code=%ff"),
    "HEAD": request("HEAD {path} HTTP/1.1"),
    "OPTIONS": request("OPTIONS {path} HTTP/1.1"),
    "a method that is none": request("BREW {path} HTTP/1.1"),
    "another protocol": request("GET {path} HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"),
    "an address that is none": request("GET http://[::1{path} HTTP/1.1"),
    "bytes that are no address": b"GET {path}\xff\xfe HTTP/1.1\r\n\r\n",
    "TLS on the plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[Address, Address]]:
    """Both doors of a whole program: for residents and providers, and for those who run it. Nothing is sent."""
    limits = Limits(linger=0.1)
    async with (
        world(folder, f"sqlite+aiosqlite:///{folder}/broadcaster.db") as here,
        here.running() as broadcaster,
        serving(operators_app(broadcaster, meters := Meters(here.config)), "127.0.0.1", 0, limits=limits) as own,
        serving(web_app(broadcaster, meters=meters), "127.0.0.1", 0, limits=limits) as outer,
    ):
        yield outer, own


async def attack(address: Address, sent: bytes) -> None:
    """Send it and hang up; the same and be gone without a word; and the same in two pieces."""
    async with calling(address) as caller:
        caller.write(sent)
        caller.hang_up()
        await caller.rest()
    async with calling(address) as caller:
        caller.write(sent)
        caller.vanish()


async def test_what_strangers_do_wrong_is_no_error_of_ours(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with listening(tmp_path) as (outer, own):
        for sent in ATTACKS.values():
            for address in (outer, own):
                await asyncio.gather(*(attack(address, sent.replace(b"{path}", path.encode())) for path in ROUTES))
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{own[1]}/metrics") as told:
            counted = await told.text()

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    statuses = {
        sample.labels["status"]
        for family in text_string_to_metric_families(counted)
        for sample in family.samples
        if sample.name == "broadcaster_http_requests_total"
    }
    assert "400" in statuses
    assert [status for status in statuses if status.startswith("5")] == []
