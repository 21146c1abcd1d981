"""Twilio's voice webhook over HTTP: only Twilio is answered, and whoever calls is never left without a switchboard."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from lxml import etree
from pydantic import SecretStr
from twilio.request_validator import RequestValidator
from yarl import URL

from broadcaster.web import Line, create_app
from channels.announcements import IVR
from channels.contract import Parcel, Surfaces
from channels.ivr import IvrChannel, straight_through
from messages.model import Kind, Rendition, Severity
from tests.fakes.surfaces import BrokenSurfaces, HangingSurfaces, MemorySurfaces

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
TOKEN = "0123456789abcdef0123456789abcdef"
LINE = Line("+4648588001", "+4648588000", SecretStr(TOKEN), {}, ("sv", "en"), ZoneInfo("Europe/Stockholm"))
AGENT = "+4648588010"
QUEUE = replace(LINE, queue="kris", agents=frozenset({AGENT}))
PATH = "/webhooks/twilio/voice/borgholm-telefon"
PUBLIC_URL = "https://kris.example.se"
CALLER = "+46701740605"
CALL = {
    "CallSid": "CA0123456789abcdef0123456789abcdef",
    "From": CALLER,
    "To": LINE.number,
    "CallerName": "",
    "Å": "ö&=",
}


def parcel(language: str, text: str) -> Parcel:
    rendition = Rendition("borgholm", IVR.name, language, "", text)
    issued, expires = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    return Parcel(language, LINE.number, rendition, "m1", Kind.ALERT, Severity.SEVERE, issued, expires)


@pytest.fixture
async def surfaces() -> MemorySurfaces:
    surfaces = MemorySurfaces(lambda: NOW)
    channel = IvrChannel(surfaces)
    await channel.send(parcel("sv", "Systemen är avstängda."))
    await channel.send(parcel("en", "The systems are shut down."))
    return surfaces


@asynccontextmanager
async def serving(surfaces: Surfaces, public_url: str | None = PUBLIC_URL) -> AsyncIterator[aiohttp.ClientSession]:
    app = create_app(
        feed_files=None,
        lines={"borgholm-telefon": LINE, "+4648588001": LINE, "kö 1": QUEUE},
        surfaces=surfaces,
        now=lambda: NOW,
        public_url=public_url,
    )
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        yield session


@pytest.fixture
async def client(surfaces: MemorySurfaces) -> AsyncIterator[aiohttp.ClientSession]:
    async with serving(surfaces) as session:
        yield session


def signed(form: Mapping[str, str], url: str = PUBLIC_URL + PATH, token: str = TOKEN) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


async def test_a_caller_hears_the_announcement_of_the_line(client: aiohttp.ClientSession) -> None:
    async with client.post(PATH, data=CALL, headers=signed(CALL)) as response:
        root = etree.fromstring(await response.read())
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert [say.text for say in root.iter("Say")] == [
        "For English, press 2.",
        "Systemen är avstängda.",
        "Systemen är avstängda.",
        "För att höra meddelandet igen, tryck 9.",
        "Du kopplas nu till växeln.",
    ]
    assert root.findtext("Dial") == LINE.switchboard


async def test_a_key_that_the_caller_presses_chooses_the_language(client: aiohttp.ClientSession) -> None:
    form = CALL | {"Digits": "2"}
    async with client.post(PATH, data=form, headers=signed(form)) as response:
        root = etree.fromstring(await response.read())
    assert [say.text for say in root.iter("Say")][:2] == ["The systems are shut down."] * 2


async def test_an_unknown_key_leads_to_the_switchboard(client: aiohttp.ClientSession) -> None:
    form = CALL | {"Digits": "7"}
    async with client.post(PATH, data=form, headers=signed(form)) as response:
        assert await response.text() == straight_through(LINE.switchboard)


@pytest.mark.parametrize(
    "path", [PATH + "?from=console&empty=", PATH + "?q=%C3%A5+b", "/webhooks/twilio/voice/+4648588001"]
)
async def test_the_address_is_checked_just_as_twilio_asked_for_it(path: str, client: aiohttp.ClientSession) -> None:
    url = URL(str(client._base_url).rstrip("/") + path, encoded=True)
    async with client.post(url, data=CALL, headers=signed(CALL, PUBLIC_URL + path)) as response:
        assert response.status == 200
    async with client.post(url, data=CALL, headers=signed(CALL, PUBLIC_URL + path + "x")) as response:
        assert response.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "å"},
        signed(CALL, token="another token"),
        signed(CALL | {"From": "+46701740606"}),
        signed(CALL, url="http://kris.example.se" + PATH),
        signed(CALL, url=PUBLIC_URL + PATH.replace("borgholm", "morbylanga")),
        signed({}),
    ],
)
async def test_whoever_is_not_twilio_gets_nothing(
    headers: dict[str, str], client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with client.post(PATH, data=CALL, headers=headers) as response:
        assert (response.status, await response.read()) == (403, b"")
    assert "signature is missing or wrong" in caplog.text
    for private in (CALLER, TOKEN, LINE.number):
        assert private not in caplog.text


async def test_the_host_a_request_names_does_not_count_behind_a_proxy(client: aiohttp.ClientSession) -> None:
    headers = signed(CALL, url="http://evil.example" + PATH) | {"Host": "evil.example"}
    async with client.post(PATH, data=CALL, headers=headers) as response:
        assert response.status == 403
    async with client.post(PATH, data=CALL, headers=signed(CALL) | {"Host": "10.0.0.7:8080"}) as response:
        assert response.status == 200


async def test_without_a_public_address_the_requests_own_counts(surfaces: MemorySurfaces) -> None:
    async with serving(surfaces, public_url=None) as client:
        url = str(client._base_url).rstrip("/") + PATH
        async with client.post(PATH, data=CALL, headers=signed(CALL, url)) as response:
            assert response.status == 200
        for host in ("a:b:c", "[", "host:99999"):
            async with client.post(PATH, data=CALL, headers=signed(CALL, url) | {"Host": host}) as response:
                assert response.status in {400, 403}


async def test_an_unknown_line_is_not_found(client: aiohttp.ClientSession) -> None:
    async with client.post("/webhooks/twilio/voice/kalmar", data=CALL, headers=signed(CALL)) as response:
        assert response.status == 404


async def test_a_webhook_is_not_for_looking_at(client: aiohttp.ClientSession) -> None:
    async with client.get(PATH) as response:
        assert response.status == 405


async def test_a_form_that_is_far_too_large_is_refused_unread(client: aiohttp.ClientSession) -> None:
    async with client.post(PATH, data=b"a=" + b"x" * 70_000, headers=signed(CALL)) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", urlencode({f"a{n}": "" for n in range(300)}).encode(), b"", b"&&&&", b"%00%ff=%"]
)
async def test_a_form_that_is_no_form_is_refused(body: bytes, client: aiohttp.ClientSession) -> None:
    async with client.post(PATH, data=body, headers=signed(CALL)) as response:
        assert (response.status, await response.read()) == (403, b"")


@pytest.mark.parametrize("kind", [BrokenSurfaces, HangingSurfaces])
async def test_a_store_that_fails_never_leaves_a_dead_line(
    kind: type[MemorySurfaces], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(kind(lambda: NOW)) as client, client.post(PATH, data=CALL, headers=signed(CALL)) as response:
        assert (response.status, await response.text()) == (200, straight_through(LINE.switchboard))
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "the call goes on without it" in record.getMessage()


async def asked(
    client: aiohttp.ClientSession, url: str | None, form: Mapping[str, str] = MappingProxyType({})
) -> etree._Element:
    """Ask as Twilio does for an address that an earlier answer has named."""
    assert url is not None
    whole = CALL | dict(form)
    path = url.removeprefix(PUBLIC_URL)
    target = URL(str(client._base_url).rstrip("/") + path, encoded=True)
    async with client.post(target, data=whole, headers=signed(whole, PUBLIC_URL + path)) as response:
        assert response.status == 200, path
        return etree.fromstring(await response.read())


async def test_a_message_that_is_replaced_while_a_caller_waits_is_heard_at_the_next_round(
    surfaces: MemorySurfaces,
) -> None:
    async with serving(surfaces) as client:
        enqueue = (await asked(client, "/webhooks/twilio/voice/k%C3%B6%201")).find("Enqueue")
        assert enqueue is not None
        rounds = enqueue.get("waitUrl")
        place = {"QueuePosition": "2", "AvgQueueTime": "125", "QueueTime": "20"}
        first = await asked(client, rounds, place)
        newer = replace(parcel("sv", "E-tjänsterna fungerar igen."), issued=NOW, message="m2")
        await IvrChannel(surfaces).replace(newer, "m1/sv")
        second = await asked(client, rounds, place | {"QueuePosition": "1"})
        await IvrChannel(surfaces).withdraw(newer, "m2/sv")
        await IvrChannel(surfaces).withdraw(parcel("en", ""), "m1/en")
        last = await asked(client, rounds, place)
        left = await asked(client, enqueue.get("action"), {"QueueResult": "leave"})

    assert [say.text for say in first.iter("Say")][:3] == [
        "Du har plats 2 i kön.",
        "De som står i kön har i genomsnitt väntat i 2 minuter.",
        "Systemen är avstängda.",
    ]
    assert next(say.text for say in second.iter("Say")) == "Du har plats 1 i kön."
    assert [say.text for say in second.iter("Say")][2] == "E-tjänsterna fungerar igen."
    assert [verb.tag for verb in last] == ["Leave"]
    assert left.findtext("Dial") == LINE.switchboard


async def test_a_caller_leaves_the_queue_by_a_key_and_a_language_stays_as_chosen(surfaces: MemorySurfaces) -> None:
    async with serving(surfaces) as client:
        menu = (await asked(client, "/webhooks/twilio/voice/k%C3%B6%201")).find("Gather")
        assert menu is not None
        english = (await asked(client, menu.get("action"), {"Digits": "2"})).find("Enqueue")
        assert english is not None
        waiting = (await asked(client, english.get("waitUrl"))).find("Gather")
        assert waiting is not None
        assert next(say.text for say in waiting.iter("Say")) == "The systems are shut down."
        assert [verb.tag for verb in await asked(client, waiting.get("action"), {"Digits": "0"})] == ["Leave"]


async def test_those_who_take_calls_are_known_by_their_number(client: aiohttp.ClientSession) -> None:
    agents = "/webhooks/twilio/voice/k%C3%B6%201/agent"
    assert (await asked(client, agents, {"From": AGENT})).findtext("Dial/Queue") == "kris"
    assert (await asked(client, agents)).findtext("Dial") == LINE.switchboard
    nowhere = PATH + "/agent"  # of a line without a queue
    assert (await asked(client, nowhere, {"From": AGENT})).findtext("Dial") == LINE.switchboard


@pytest.mark.parametrize("path", ["/wait", "/left", "/agent"])
async def test_the_webhooks_of_a_queue_are_only_for_twilio(path: str, client: aiohttp.ClientSession) -> None:
    async with client.post(PATH + path, data=CALL, headers=signed(CALL)) as response:
        assert (response.status, await response.read()) == (403, b"")


@pytest.mark.parametrize("kind", [BrokenSurfaces, HangingSurfaces])
async def test_a_store_that_fails_costs_nobody_their_place_in_the_queue(kind: type[MemorySurfaces]) -> None:
    async with serving(kind(lambda: NOW)) as client:
        waiting = await asked(client, PATH + "/wait?language=sv", {"QueuePosition": "3"})
    assert [say.text for say in waiting.iter("Say")] == [
        "Du har plats 3 i kön.",
        "För att kopplas till växeln i stället, tryck 0.",
    ]


@pytest.mark.parametrize("result", ["queue-full", "error", "system-error"])
async def test_a_queue_that_does_not_work_is_told_in_the_log(
    result: str, client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    left = await asked(client, PATH + "/left", {"QueueResult": result})
    assert left.findtext("Dial") == LINE.switchboard
    assert f"({result}) and goes to the switchboard" in caplog.text
