"""Callers, from the message to what they hear: called from the sandbox, answered by ``serve``, over real sockets."""

import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from broadcaster.rehearsal import sandbox_of
from broadcaster.serving import web_app
from channels.sandbox import CallError, Sandbox
from channels.sandbox.ongoing import Call
from tests.support.browsing import DESK, opened, violations
from tests.support.world import FAST, World, world

if TYPE_CHECKING:
    from playwright.async_api import Browser

BORGHOLM, MORBYLANGA = "+46846500400", "+46846500401"
ELKS = {
    """provider = "twilio-voice"
line = "+46846500400"               # what residents call
switchboard = "+4648588000"         # where calls go on to
auth_token = { file = "secrets/twilio" }
""": """provider = "46elks-voice"
line = "+46846500400"
switchboard = "+4648588000"
secret = { env = "CALL_SECRET" }
"""
}
QUEUE = {'switchboard = "+4648547000"': 'switchboard = "+4648547000"\nqueue = "kris"\nagents = ["+4648547010"]'}


@dataclass
class Town:
    """A world in which residents can call."""

    world: World
    sandbox: Sandbox
    http: aiohttp.ClientSession

    async def page(self, **form: str) -> str:
        """Do something with the call on the sandbox's page, and read what it then shows of it."""
        async with self.http.post(f"{self.sandbox.url}/call", data=form) as response:
            found = re.search(
                r'<form method="post" action="/call" aria-label="Call.*?</form>', await response.text(), re.S
            )
        assert found
        return found[0]


@asynccontextmanager
async def town(folder: Path, changes: dict[str, str]) -> AsyncIterator[Town]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    changes = {**FAST, **changes, "http://127.0.0.1:8080": f"http://127.0.0.1:{port}", "port = 8070": "port = 0"}
    url = f"sqlite+aiosqlite:///{folder}/broadcaster.db"
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(world(folder, url, changes))
        broadcaster = await opened.enter_async_context(here.running())
        await opened.enter_async_context(TestServer(web_app(broadcaster, here.clock), port=port))
        sandbox = await opened.enter_async_context(sandbox_of(here.config))
        yield Town(here, sandbox, await opened.enter_async_context(aiohttp.ClientSession()))


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, QUEUE) as here:
        yield here


@pytest.fixture
async def elks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, espeak: Path) -> AsyncIterator[Town]:
    monkeypatch.setenv("PATH", str(espeak.parent), prepend=":")
    monkeypatch.setenv("CALL_SECRET", "correct-horse-battery")
    async with town(tmp_path, ELKS) as here:
        yield here


def words(call: Call) -> str:
    return " ".join(spoken.text for spoken in call.heard.spoken)


async def test_a_message_replaced_while_a_caller_waits_is_heard_at_the_next_round(queue: Town) -> None:
    await queue.world.send(queue.world.plan("Först."))
    call = await queue.sandbox.dial(MORBYLANGA)
    assert call.heard.queue == "kris"
    await call.wait()
    assert "Du har plats 1 i kön." in words(call)
    assert "Först." in words(call)

    await queue.world.send(queue.world.plan("Sedan."))
    await call.wait()
    assert "Sedan." in words(call)
    assert "Först." not in words(call)

    await call.press("0")
    assert call.heard.connected == "+4648547000"
    with pytest.raises(CallError, match="waits in no queue"):
        await call.wait()


async def test_a_caller_stays_with_the_language_that_was_chosen(queue: Town) -> None:
    await queue.world.send(queue.world.plan())
    call = await queue.sandbox.dial(MORBYLANGA)
    await call.press("2")
    await call.press("9")
    await call.wait()
    assert "You are number 1 in the queue." in words(call)
    assert "Our systems are shut down" in words(call)


async def test_the_queue_is_followed_round_by_round_on_the_page(queue: Town) -> None:
    await queue.world.send(queue.world.plan())
    assert "waits in the queue kris" in await queue.page(**{"do": "call", "line": MORBYLANGA, "from": "anonymous"})
    assert "Du har plats 1 i kön." in await queue.page(do="wait")
    assert "connects to +4648547000" in await queue.page(key="0")
    assert "the call waits in no queue" in await queue.page(do="wait")
    assert 'value="call"' in await queue.page(do="end")


async def test_a_line_at_46elks_plays_the_message_and_connects_the_call(elks: Town) -> None:
    empty = await elks.sandbox.dial(BORGHOLM)
    assert (empty.heard.played, empty.heard.connected) == ((), "+4648588000")

    await elks.world.send(elks.world.plan())
    call = await elks.sandbox.dial(BORGHOLM)
    files = [played.split(": ") for played in call.heard.played]
    assert [name for name, _ in files] == [
        "46846500400-en-choice.wav",
        "46846500400-sv.wav",
        "46846500400-sv-repeat.wav",
    ]
    assert all(kind.startswith("audio/wav, ") for _, kind in files)
    assert (call.heard.keys, call.heard.connected) == (("1", "2", "0", "9"), "+4648588000")

    await call.press("2")
    assert call.heard.played[0].startswith("46846500400-en.wav")
    await call.press("9")
    assert call.heard.played[0].startswith("46846500400-en.wav")
    assert "plays 46846500400-en-choice.wav" in await elks.page(**{"do": "call", "line": BORGHOLM, "from": ""})
    assert "connects to +4648588000" in await elks.page(key="0")


async def test_the_page_says_when_a_line_is_dead(queue: Town) -> None:
    shown = await queue.page(**{"do": "call", "line": "+46701740699", "from": ""})
    assert "no phone line has the number +46701740699" in shown
    assert "Wait a round" not in shown


async def test_a_caller_in_a_browser_waits_presses_a_key_and_is_put_through(queue: Town, browser: "Browser") -> None:
    await queue.world.send(queue.world.plan("Först."))
    async with opened(browser, "light", DESK, scripts=True) as page:
        await page.goto(queue.sandbox.url)
        await page.get_by_label("Calls").select_option(MORBYLANGA)
        await page.get_by_role("button", name="Call", exact=True).click()
        call = page.get_by_role("form", name="Call", exact=True)
        await call.get_by_text("waits in the queue kris").wait_for()
        await queue.world.send(queue.world.plan("Sedan."))
        await page.get_by_role("button", name="Wait a round").click()
        await call.get_by_text("Sedan.").wait_for()
        assert "Först." not in await call.inner_text()
        await page.get_by_role("button", name="0", exact=True).click()
        await call.get_by_text("connects to +4648547000").wait_for()
        assert await violations(page) == []
        await page.get_by_role("button", name="Hang up").click()
        await page.get_by_role("button", name="Call", exact=True).wait_for()
