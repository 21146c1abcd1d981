"""Sveriges Radio's stream of events as a wake-up, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.sandbox import Sandbox
from channels.sources.stream import Patience, listen

HASTY = Patience(silence=5, pause=0.01, longest_pause=0.05, longest_line=1000)


class Bell:
    """Counts how often it was rung, and can be waited for."""

    def __init__(self) -> None:
        self.rung = 0
        self._ringing = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self) -> None:
        self.rung += 1
        task = asyncio.create_task(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self) -> None:
        async with self._ringing:
            self._ringing.notify_all()

    async def until(self, times: int) -> None:
        async with asyncio.timeout(10), self._ringing:
            await self._ringing.wait_for(lambda: self.rung >= times)


@asynccontextmanager
async def listening(url: str, bell: Bell, patience: Patience = HASTY) -> AsyncIterator[None]:
    async with aiohttp.ClientSession() as http:
        task = asyncio.create_task(listen(http, url, bell.ring, patience, dice=lambda: 0.5))
        try:
            yield
        finally:
            assert not task.done()  # it never gives up by itself
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def streaming(handler: Callable[[int], AsyncIterator[bytes]]) -> AsyncIterator[str]:
    """A server whose streams say what a test wishes; it is told which connection it is."""
    connections = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal connections
        connections += 1
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        async for piece in handler(connections):
            await answer.write(piece)
        return answer

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def test_every_event_wakes() -> None:
    bell = Bell()
    async with Sandbox() as sandbox, listening(f"{sandbox.base_url('sources')}/sr-vma/stream", bell):
        await sandbox.wait_for(lambda sandbox: sandbox.sources.listeners == 1)
        await bell.until(1)  # for what was said before
        sandbox.sources.add_event('{"message": "new"}')
        await bell.until(2)
        sandbox.sources.add_event()
        await bell.until(3)


async def test_a_stream_that_ends_is_opened_again_and_what_was_said_in_between_is_not_missed() -> None:
    bell = Bell()
    async with Sandbox() as sandbox, listening(f"{sandbox.base_url('sources')}/sr-vma/stream", bell):
        await sandbox.wait_for(lambda sandbox: sandbox.sources.listeners == 1)
        await bell.until(1)
        sandbox.sources.end_streams()
        await bell.until(2)


async def test_comments_and_other_fields_do_not_wake() -> None:
    bell = Bell()

    async def say(_: int) -> AsyncIterator[bytes]:
        yield b": here\n\nid: 1\r\n\r\nretry: 10\n\n\n\ndata: x\n\n"  # in one go, so that all count or none
        await asyncio.Event().wait()

    async with streaming(say) as url, listening(url, bell):
        await bell.until(2)
    assert bell.rung == 2


async def test_events_count_however_their_lines_end_and_their_bytes_come() -> None:
    bell = Bell()

    async def say(_: int) -> AsyncIterator[bytes]:
        for piece in (b"da", b"ta: x\n", b"data: y\n\nid: 1\ndata\r\rdata: z\r\n\r", b"\n"):
            yield piece
        await asyncio.Event().wait()

    async with streaming(say) as url, listening(url, bell):
        await bell.until(4)
    assert bell.rung == 4


@pytest.mark.parametrize("line", [b"data: " + bytes(5000), b"data: x\n" * 10 + b"y" * 5000])
async def test_a_line_without_end_is_no_stream(line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    bell = Bell()

    async def say(connection: int) -> AsyncIterator[bytes]:
        if connection == 1:
            yield line
        await asyncio.Event().wait()

    caplog.set_level("INFO", "channels.sources.stream")
    async with streaming(say) as url, listening(url, bell):
        await bell.until(2)
    assert "it has a line of more than 1000 bytes" in caplog.text


async def test_a_stream_that_falls_silent_is_opened_again() -> None:
    bell = Bell()

    async def say(connection: int) -> AsyncIterator[bytes]:
        if connection == 1:
            yield b": here\n\n"
        await asyncio.Event().wait()

    async with streaming(say) as url, listening(url, bell, Patience(silence=0.1, pause=0.01)):
        await bell.until(2)


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (404, "text/event-stream", "the answer is HTTP 404"),
        (302, "text/event-stream", "the answer is HTTP 302"),
        (200, "text/html", "the answer is text/html, not text/event-stream"),
    ],
)
async def test_what_is_no_stream_is_asked_for_ever_more_rarely(
    status: int, kind: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    times: list[float] = []
    often = asyncio.Event()

    async def handle(_: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        if len(times) == 5:
            often.set()
        return web.Response(status=status, headers={"Content-Type": kind, "Location": "/"})

    app = web.Application()
    app.router.add_get("/", handle)
    bell = Bell()
    caplog.set_level("INFO", "channels.sources.stream")
    async with (
        TestServer(app) as server,
        listening(str(server.make_url("/")), bell, Patience(pause=0.02, longest_pause=0.16)),
        asyncio.timeout(10),
    ):
        await often.wait()
    assert times[-1] - times[0] > 0.2  # 0.02 and 0.04 and 0.08 and 0.16 seconds, but for the machine's own delays
    assert bell.rung == 0
    assert reason in caplog.text
    assert "127.0.0.1" not in caplog.text
