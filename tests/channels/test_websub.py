"""The hub is told of feeds that have changed: after they have, once or more often, and again when it could not be."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from pydantic import ValidationError

from channels.contract import Accepted, Deferred, Halted, Parcel
from channels.limit import TimeLimit
from channels.providers.websub import PROVIDER, WebSubSettings
from channels.sandbox import Behaviour, Fault, Sandbox
from channels.websub import WebSub
from channels.wire import TIMEOUT, Wire
from messages.model import Kind, Rendition, Severity
from tests.fakes.surfaces import MemorySurfaces
from tests.fakes.wiring import wired
from tests.support.answering import Asked, answering

ISSUED = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
PARCEL = Parcel(
    key="m1-1",
    target="borgholm/sv",
    rendition=Rendition("borgholm", "websub", "sv", "Allt är nere", "<p>Ring växeln.</p>"),
    message="m1",
    kind=Kind.ALERT,
    severity=Severity.SEVERE,
    issued=ISSUED,
    expires=ISSUED + timedelta(days=1),
)
TOPICS = [
    *(f"{surface}/sv.{form}" for surface in ("borgholm", "all") for form in ("rss", "atom", "json")),
    "borgholm/cap.atom",
    "all/cap.atom",
]


@pytest.fixture
async def surfaces() -> MemorySurfaces:
    """A feed that shows the message."""
    shown = MemorySurfaces(lambda: ISSUED)
    await shown.put("feed", "borgholm/sv", "m1", replace(PARCEL, rendition=replace(PARCEL.rendition, channel="feed")))
    return shown


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


Build = Callable[..., WebSub]


@pytest.fixture
async def websub(sandbox: Sandbox, surfaces: MemorySurfaces) -> AsyncIterator[Build]:
    """Make the adapter, at the sandbox's hub unless told otherwise; the feeds are found at the sandbox as well."""
    async with aiohttp.ClientSession() as http:

        def build(hub: str = "", patience: float = 5, timeout: float = TIMEOUT) -> WebSub:
            return WebSub(
                hub or sandbox.base_url("websub"),
                Wire(http, TimeLimit(timeout)),
                surfaces,
                public_url=f"{sandbox.url}/kris",
                patience=patience,
                settle=0,
            )

        yield build


async def test_the_hub_is_told_of_every_feed_that_has_changed(websub: Build, sandbox: Sandbox) -> None:
    assert await websub().send(PARCEL) == Accepted("m1/borgholm/sv")
    assert sandbox.pings == [f"{sandbox.url}/kris/feeds/{topic}" for topic in TOPICS]


async def test_the_hub_is_told_in_its_own_words(websub: Build) -> None:
    async with answering(lambda _: web.Response(status=202)) as hub:
        assert isinstance(await websub(f"{hub.url}/publish").send(PARCEL), Accepted)
    first = hub.asked[0]
    form = first.form
    assert (first.method, first.path) == ("POST", "/publish")
    assert form["hub.mode"] == "publish"
    assert form["hub.url"] == form["hub.topic"]
    assert form["hub.url"].endswith("/kris/feeds/borgholm/sv.rss")


async def test_nothing_is_told_before_the_feed_shows_it(
    websub: Build, surfaces: MemorySurfaces, sandbox: Sandbox
) -> None:
    surfaces.standing = False
    outcome = await websub(patience=0.2).send(PARCEL)
    assert outcome == Deferred("the feed does not show the message yet")
    assert sandbox.pings == []

    surfaces.asked.clear()
    telling = asyncio.create_task(websub().send(PARCEL))
    await surfaces.asked.wait()
    surfaces.standing = None
    assert isinstance(await telling, Accepted)
    assert len(sandbox.pings) == len(TOPICS)


async def test_a_message_that_another_feed_shows_does_not_count(websub: Build, sandbox: Sandbox) -> None:
    assert isinstance(await websub(patience=0.2).send(replace(PARCEL, target="borgholm/en")), Deferred)
    assert isinstance(await websub(patience=0.2).send(replace(PARCEL, message="m2")), Deferred)
    assert sandbox.pings == []


async def test_telling_twice_is_harmless(websub: Build, sandbox: Sandbox) -> None:
    assert await websub().send(PARCEL) == await websub().send(PARCEL)
    assert len(sandbox.pings) == 2 * len(TOPICS)


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(Fault.THROTTLE, retry_after=120),
        Behaviour(Fault.ERROR),
        Behaviour(Fault.ERROR, code=503),
        Behaviour(Fault.ERROR_AFTER),
        Behaviour(Fault.GARBAGE),
        Behaviour(Fault.DROP),
        Behaviour(Fault.RESET),
        Behaviour(Fault.HANG),
        Behaviour(Fault.REFUSE),
        Behaviour(Fault.UNAUTHORISED),
    ],
    ids=str,
)
async def test_a_hub_in_trouble_leaves_no_doubt_for_it_may_be_told_again(
    behaviour: Behaviour, websub: Build, sandbox: Sandbox
) -> None:
    sandbox.behave("websub", behaviour)
    outcome = await websub(timeout=0.5).send(PARCEL)
    assert isinstance(outcome, Deferred)
    assert outcome.after == (timedelta(minutes=2) if behaviour.retry_after else None)
    sandbox.behave("websub")
    assert isinstance(await websub().send(PARCEL), Accepted)
    assert set(sandbox.pings) == {f"{sandbox.url}/kris/feeds/{topic}" for topic in TOPICS}


async def test_what_the_hub_did_not_hear_of_is_told_the_next_time(websub: Build, sandbox: Sandbox) -> None:
    late = f"{sandbox.url}/kris/feeds/all/sv.atom"
    sandbox.behave("websub", Behaviour(Fault.ERROR, to=late, times=1))
    assert isinstance(await websub().send(PARCEL), Deferred)
    assert late not in sandbox.pings
    assert isinstance(await websub().send(PARCEL), Accepted)
    assert late in sandbox.pings


@pytest.mark.parametrize(("status", "body"), [(200, "<html>"), (202, ""), (204, "")])
async def test_a_success_is_one_whatever_the_hub_says_with_it(status: int, body: str, websub: Build) -> None:
    async with answering(lambda _: web.Response(status=status, text=body)) as hub:
        assert isinstance(await websub(hub.url).send(PARCEL), Accepted)


async def test_nothing_is_told_from_where_nobody_finds_the_feeds() -> None:
    async with aiohttp.ClientSession() as http:
        settings = WebSubSettings(provider="websub", base_url="http://127.0.0.1:9")
        outcome = await PROVIDER.build(settings, wired(http, lambda: ISSUED)).send(PARCEL)
    assert isinstance(outcome, Halted)
    assert "serve.public_url" in outcome.reason


@pytest.mark.parametrize("address", ["", "hub.example.se", "http://hub.example.se", "https://hub.example.se/?a=b"])
def test_an_address_that_is_none_or_open_to_everybody_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="base_url"):
        WebSubSettings(provider="websub", base_url=address)


async def publish(sandbox: Sandbox, **form: str) -> int:
    """Tell the sandbox's hub something; returns the answer's status."""
    fields = {name.replace("_", "."): value for name, value in form.items()}
    async with aiohttp.ClientSession() as http, http.post(sandbox.base_url("websub"), data=fields) as answer:
        return answer.status


async def test_the_sandboxs_hub_fetches_what_it_is_told_of(sandbox: Sandbox) -> None:
    def feed(asked: Asked) -> web.Response:
        return web.Response(text="/feed") if asked.path == "/feed" else web.Response(status=404, text="gone")

    async with answering(feed) as publisher:
        for path in ("/feed", "/gone"):
            assert await publish(sandbox, hub_mode="publish", hub_url=publisher.url + path) == 204
        await sandbox.wait_for(lambda sandbox: len(sandbox.fetches) == 2)
    assert [(fetch.status, fetch.body) for fetch in sandbox.fetches] == [(200, b"/feed"), (404, b"gone")]
    assert [fetch.topic for fetch in sandbox.fetches] == sandbox.pings


async def test_the_sandboxs_hub_survives_a_publisher_that_is_gone(sandbox: Sandbox) -> None:
    async with answering(lambda _: web.Response()) as publisher:
        url = publisher.url
    await publish(sandbox, hub_mode="publish", hub_topic=url)
    await sandbox.wait_for(lambda sandbox: bool(sandbox.fetches))
    assert sandbox.fetches[0].status is None
    sandbox.reset()
    assert (sandbox.pings, sandbox.fetches) == ([], [])


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"hub_mode": "subscribe", "hub_url": "http://127.0.0.1/feed"},
        {"hub_mode": "publish"},
        {"hub_mode": "publish", "hub_url": "https://feeds.example.se/sv.rss"},
        {"hub_mode": "publish", "hub_url": "http://[::1"},
    ],
    ids=str,
)
async def test_the_sandboxs_hub_refuses_what_is_no_feed_of_this_machine(form: dict[str, str], sandbox: Sandbox) -> None:
    assert await publish(sandbox, **form) == 400
    assert sandbox.pings == []
