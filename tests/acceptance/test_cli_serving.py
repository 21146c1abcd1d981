"""Scripts of what runs until it is stopped: ``serve`` beside ``send``, and ``sandbox`` as a process of its own."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from channels.sandbox import Behaviour, Fault
from tests.support.desk import PATIENCE, Desk, ended
from tests.support.warm import Ran
from tests.support.world import resident

THREE = [resident(0), resident(1), resident(2)]


class Service:
    """A command that listens."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self._process = process
        self.address = address

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> Ran:
        """Ask it to stop, and wait until it has."""
        self._process.send_signal(number)
        return await ended(self._process)


@asynccontextmanager
async def listening(desk: Desk, command: str) -> AsyncIterator[Service]:
    """Start a command and wait until it says where it listens."""
    async with desk.started(command) as process:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            first = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert found, f"it does not say where it listens: {first!r}"
        yield Service(process, found[0])


async def test_serve_answers_the_phone_also_when_the_feeds_cannot_be_written(desk: Desk) -> None:
    desk.configure('directory = "feeds"', 'directory = "config.toml/feeds"')

    async with listening(desk, "serve") as service, aiohttp.ClientSession() as http:
        async with http.get(f"{service.address}/health") as answer:
            status = answer.status
        stopped = await service.stop()

    assert status == 200
    assert "the feeds cannot be written" in stopped.err
    assert "config.toml/feeds" in stopped.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_brings_out_what_send_has_left_and_stops_when_told(desk: Desk, number: signal.Signals) -> None:
    await desk.subscribe(THREE)
    desk.sandbox.behave("twilio", Behaviour(Fault.THROTTLE, retry_after=0.5))
    sent = await desk.run("send", desk.message(), "--yes", "--wait", "0")
    desk.sandbox.behave("twilio")

    async with listening(desk, "serve") as service:
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 3, timeout=30)
        stopped = await service.stop(number)
    status = await desk.run("status", "--json")

    assert sent.code == 1
    assert stopped.code == 0
    assert "what is left goes on when it is started again" in stopped.out
    assert status.data["deliveries"]["sms"]["accepted"] == 3
    assert desk.reached() == THREE


async def test_serve_and_send_at_once_send_everything_once_and_the_feed_and_line_have_it(desk: Desk) -> None:
    await desk.subscribe(THREE)
    async with listening(desk, "serve") as service, aiohttp.ClientSession() as http:
        sent = await desk.run("send", desk.message(), "--yes")
        async with http.get(f"{service.address}/feeds/morbylanga/sv.rss") as answer:
            feed = await answer.text()
        await service.stop()

    assert sent.code == 0
    assert desk.reached() == THREE
    assert len(desk.sandbox.posts) == 4
    assert "Våra system är avstängda" in feed


async def test_serve_writes_no_number_secret_or_text_into_its_log(desk: Desk) -> None:
    await desk.subscribe(THREE)
    for name in ("twilio", "facebook-borgholm", "facebook-morbylanga"):
        desk.write(f"secrets/{name}", "geheim-and-long")
    desk.sandbox.behave("facebook", Behaviour(Fault.UNAUTHORISED))
    desk.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=THREE[0]), Behaviour(Fault.DROP, to=THREE[1]))
    await desk.run("send", desk.message(), "--yes", "--wait", "0")

    async with listening(desk, "serve") as service, aiohttp.ClientSession() as http:
        await desk.sandbox.wait_for(lambda sandbox: len(sandbox.texts) == 2, timeout=30)
        async with http.post(f"{service.address}/webhooks/twilio/voice/nobody?token=geheim-and-long") as answer:
            assert answer.status >= 400
        stopped = await service.stop()

    said = stopped.out + stopped.err
    assert "geheim" not in said
    assert "om du behöver oss" not in said
    assert all(number[3:] not in said for number in THREE)


async def test_the_sandbox_as_a_process_gets_what_is_sent_to_it(desk: Desk) -> None:
    await desk.subscribe(THREE)
    async with listening(desk, "sandbox") as service, aiohttp.ClientSession() as http:
        desk.configure(desk.sandbox.url, service.address)
        sent = await desk.run("send", desk.message(), "--yes")
        async with http.get(f"{service.address}/sandbox/received") as answer:
            received = await answer.json()
        async with http.get(service.address) as answer:
            page = await answer.text()
        stopped = await service.stop(signal.SIGINT)

    assert sent.code == stopped.code == 0
    assert sorted(text["to"] for text in received["texts"]) == THREE
    assert len(received["posts"]) == 4
    assert "Våra system är avstängda" in page
    assert stopped.err == ""
