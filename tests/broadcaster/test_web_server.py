"""Listening, with limits: what is too large, too slow or too much is clearly refused, and a stop is gentle."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from broadcaster.web.server import LARGEST_BODY, LONGEST_LINE, MOST_HEADERS, Limits, body_in_time, serving

PATIENCE = 20
SECURITY = ("Content-Security-Policy", "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options")


class Door:
    """An application whose answer waits to be let out."""

    def __init__(self, body_within: float = PATIENCE) -> None:
        self.inside = asyncio.Event()
        self.open = asyncio.Event()
        self.app = web.Application(middlewares=[body_in_time(body_within)], client_max_size=LARGEST_BODY)
        self.app.add_routes([web.get("/slow", self._slow), web.post("/form", self._form)])

    async def _slow(self, _request: web.Request) -> web.Response:
        self.inside.set()
        await self.open.wait()
        return web.Response(text="at last")

    async def _form(self, request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))


class Caller:
    """Somebody who speaks HTTP by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def say(self, *lines: str, body: bytes = b"") -> None:
        self.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)

    def write(self, sent: bytes) -> None:
        self._writer.write(sent)

    async def hears(self) -> str:
        """All that is said until the other side hangs up."""
        async with asyncio.timeout(PATIENCE):
            return (await self._reader.read()).decode()


@asynccontextmanager
async def calling(address: tuple[str, int]) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def door() -> Door:
    return Door()


@pytest.fixture
async def address(door: Door) -> AsyncIterator[tuple[str, int]]:
    async with serving(door.app, "127.0.0.1", 0, "https://kris.example.se") as address:
        yield address


def post(length: int) -> tuple[str, ...]:
    return ("POST /form HTTP/1.1", "Host: kris.example.se", f"Content-Length: {length}", "Connection: close")


async def test_the_largest_body_is_taken_and_one_byte_more_is_refused(address: tuple[str, int]) -> None:
    async with calling(address) as caller:
        caller.say(*post(LARGEST_BODY), body=b"a" * LARGEST_BODY)
        taken = await caller.hears()
    async with calling(address) as caller:
        caller.say(*post(LARGEST_BODY + 1), body=b"a" * (LARGEST_BODY + 1))
        refused = await caller.hears()

    assert taken.startswith("HTTP/1.1 200")
    assert refused.startswith("HTTP/1.1 413")


async def test_who_sends_ten_megabytes_hears_that_it_is_too_much(address: tuple[str, int]) -> None:
    async with calling(address) as caller:
        caller.say(*post(10_000_000), body=b"a" * 10_000_000)
        assert (await caller.hears()).startswith("HTTP/1.1 413")


async def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    door = Door(body_within=0.05)
    async with serving(door.app, "127.0.0.1", 0, limits=Limits(linger=0.05)) as address, calling(address) as caller:
        caller.say(*post(100), body=b"a")
        assert (await caller.hears()).startswith("HTTP/1.1 408")


@pytest.mark.parametrize("sent", ["", "GET /slow HTTP/1.1\r\nHost: kris"], ids=["nothing", "half of the headers"])
async def test_who_never_finishes_asking_is_hung_up_on(door: Door, sent: str) -> None:
    async with serving(door.app, "127.0.0.1", 0, limits=Limits(idle=0.05)) as address, calling(address) as caller:
        caller.write(sent.encode())
        assert await caller.hears() == ""


TOO_MUCH: dict[str, Callable[[], list[str]]] = {
    "a long line": lambda: [f"GET /{'a' * LONGEST_LINE} HTTP/1.1"],
    "a long header": lambda: ["GET / HTTP/1.1", f"Cookie: {'a' * (LONGEST_LINE + 1)}"],
    "many headers": lambda: ["GET / HTTP/1.1", *(f"X-{place}: a" for place in range(MOST_HEADERS + 1))],
    "no HTTP": lambda: ["\x16\x03\x01 geheim"],
}


@pytest.mark.parametrize("lines", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_what_is_no_request_or_too_long_for_one_is_refused_without_an_echo(
    address: tuple[str, int], lines: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with calling(address) as caller:
        caller.say(*lines())
        heard = await caller.hears()

    head, _, body = heard.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.0 400")
    assert [name for name in SECURITY if f"{name}: " not in head] == []
    assert "Strict-Transport-Security: max-age=" in head
    assert body == ""
    assert "127.0.0.1" not in caplog.text
    assert "aaa" not in caplog.text


async def test_a_connection_too_many_is_told_to_come_again_and_the_others_go_on(door: Door) -> None:
    async with serving(door.app, "127.0.0.1", 0, limits=Limits(connections=1)) as address, calling(address) as first:
        first.say("GET /slow HTTP/1.1", "Host: kris.example.se", "Connection: close")
        await door.inside.wait()
        async with calling(address) as second:
            refused = await second.hears()
        door.open.set()
        answered = await first.hears()

    assert refused.startswith("HTTP/1.1 503")
    assert "Retry-After: " in refused
    assert [name for name in SECURITY if f"{name}: " not in refused] == []
    assert answered.endswith("at last")


async def test_a_stop_lets_nobody_new_in_and_answers_who_is_inside(door: Door) -> None:
    stop = asyncio.Event()
    listens: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()

    async def serve() -> None:
        async with serving(door.app, "127.0.0.1", 0) as address:
            listens.set_result(address)
            await stop.wait()

    served = asyncio.create_task(serve())
    address = await listens
    async with calling(address) as inside, calling(address) as idle:
        inside.say("GET /slow HTTP/1.1", "Host: kris.example.se")
        await door.inside.wait()
        stop.set()
        assert await idle.hears() == ""  # that it is hung up on shows that the stop has begun
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        door.open.set()
        assert (await inside.hears()).endswith("at last")
    await served


async def test_who_is_never_done_does_not_keep_the_server_from_stopping(door: Door) -> None:
    limits = Limits(grace=0.05)
    async with asyncio.timeout(PATIENCE):
        async with serving(door.app, "127.0.0.1", 0, limits=limits) as address, calling(address) as caller:
            caller.say("GET /slow HTTP/1.1", "Host: kris.example.se")
            await door.inside.wait()
    assert not door.open.is_set()
