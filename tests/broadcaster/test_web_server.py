"""Listening, with limits: what is too large, too slow or too much is clearly refused, and a stop is gentle."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from ipaddress import ip_network

import pytest
from aiohttp import web

from broadcaster.web.server import LARGEST_BODY, LONGEST_LINE, MOST_HEADERS, Limits, affordable, body_in_time, serving
from tests.support.calling import PATIENCE, Caller, calling

SECURITY = ("Content-Security-Policy", "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options")


class Door:
    """An application whose answer waits to be let out."""

    def __init__(self, body_within: float = PATIENCE, awaited: int = 100) -> None:
        self.inside = asyncio.Event()
        self.open = asyncio.Event()
        taken = body_in_time(body_within, [ip_network("127.0.0.9")], awaited)
        self.app = web.Application(middlewares=[taken], client_max_size=LARGEST_BODY)
        self.app.add_routes(
            [web.get("/slow", self._slow), web.get("/large", self._large), web.post("/form", self._form)]
        )

    async def _slow(self, _request: web.Request) -> web.Response:
        self.inside.set()
        await self.open.wait()
        return web.Response(text="at last")

    async def _large(self, _request: web.Request) -> web.Response:
        return web.Response(body=bytes(200_000_000))

    async def _form(self, request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))


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


async def test_who_does_not_read_the_answer_is_hung_up_on(door: Door) -> None:
    async with serving(door.app, "127.0.0.1", 0, limits=Limits(idle=0.1)) as address, calling(address) as caller:
        caller.say("GET /large HTTP/1.1", "Host: kris.example.se")
        assert "200 OK" in await caller.hears_one()  # and reads no further, until it is hung up on
        assert await caller.rest() < 200_000_000


GET = ("GET /slow HTTP/1.1", "Host: kris.example.se", "Connection: close")


async def asked(address: tuple[str, int], door: Door, own: str) -> str:
    """Ask for a page as a resident does, from an address."""
    door.open.set()
    async with calling(address, own) as caller:
        caller.say(*GET)
        return await caller.hears()


async def test_a_thousand_connections_of_one_address_that_say_nothing_shut_nobody_out(door: Door) -> None:
    limits = Limits(connections=40, per_address=1000)
    async with serving(door.app, "127.0.0.1", 0, limits=limits) as address, AsyncExitStack() as kept:
        neighbour = await kept.enter_async_context(calling(address, "127.0.0.3"))
        greedy = [await kept.enter_async_context(calling(address, "127.0.0.2")) for _ in range(60)]
        greedy[-1].write(b"GET / HT")
        assert (await asked(address, door, "127.0.0.4")).endswith("at last")
        assert await greedy[0].hears() == ""  # the oldest had to go
        neighbour.say(*GET)  # and who is no more than one has kept its place
        assert (await neighbour.hears()).endswith("at last")
        greedy[-1].say("", body=b"")
        assert (await greedy[-1].hears()).startswith("HTTP/1.0 400")


async def test_an_address_that_keeps_too_many_waiting_loses_the_oldest_long_before_there_is_no_room(door: Door) -> None:
    async with (
        serving(door.app, "127.0.0.1", 0, limits=Limits(per_address=2)) as address,
        calling(address) as first,
        calling(address) as second,
        calling(address) as third,
    ):
        door.open.set()
        assert await first.hears() == ""
        for caller in (second, third):
            caller.say(*GET)
            assert (await caller.hears()).endswith("at last")


async def test_whom_we_work_for_keeps_the_place_whatever_others_at_the_address_do(door: Door) -> None:
    limits = Limits(per_address=1, connections=3)
    async with serving(door.app, "127.0.0.1", 0, limits=limits) as address, calling(address) as first:
        first.say(*GET)
        await door.inside.wait()
        async with calling(address), calling(address), calling(address):
            door.open.set()
            assert (await first.hears()).endswith("at last")


async def test_a_proxy_of_ours_keeps_its_connections(door: Door) -> None:
    proxy = [ip_network("127.0.0.2")]
    limits = Limits(per_address=1, connections=3)
    async with (
        serving(door.app, "127.0.0.1", 0, limits=limits, proxies=proxy) as address,
        calling(address, "127.0.0.2") as first,
        calling(address, "127.0.0.2"),
        calling(address, "127.0.0.2"),
    ):
        assert (await asked(address, door, "127.0.0.3")).startswith("HTTP/1.1 503")
        first.say(*GET)
        assert (await first.hears()).endswith("at last")


async def test_bodies_that_do_not_come_are_waited_for_by_the_few_for_each_visitor_behind_a_proxy() -> None:
    door = Door(awaited=1)
    async with serving(door.app, "127.0.0.1", 0) as address, AsyncExitStack() as kept:

        async def sent(visitor: str, body: bytes) -> Caller:
            caller = await kept.enter_async_context(calling(address, "127.0.0.9"))
            caller.say(*post(2), f"X-Forwarded-For: {visitor}", "Expect: 100-continue")
            await caller.hears_one()  # it says that the body may come, so it waits for that
            caller.write(body)
            return caller

        slow = await sent("192.0.2.1", b"a")
        assert (await (await sent("192.0.2.1", b"")).hears()).startswith("HTTP/1.1 429")
        assert (await (await sent("192.0.2.2", b"ab")).hears()).endswith("2")
        slow.write(b"b")
        assert (await slow.hears()).endswith("2")
        assert (await (await sent("192.0.2.1", b"ab")).hears()).endswith("2")


def test_no_more_connections_are_taken_than_there_may_be_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert affordable(1000) == 1000  # it may ask for more files
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1200
        assert affordable(10**9) == hard - 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
