"""What the sandbox reports of texts, heard by a server as ours is, and read as we read it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from channels import elks, twilio
from channels.contract import Accepted, Arrival, Channel, InDoubt, Parcel, Receipt
from channels.elks import ElksSms, receipt_secret
from channels.providers.elks import ElksSettings
from channels.sandbox import Behaviour, Fault, Receipts, Report, Sandbox
from channels.twilio import TwilioSettings, TwilioSms
from channels.wire import Wire
from messages.model import Kind, Rendition, Severity

ACCOUNT, TOKEN = f"AC{'0' * 32}", "auth-token"
NUMBER, OTHER = "+46701740605", "+46701740606"


@dataclass
class Ear:
    """Hears receipts: what each says, by the key of its parcel, and whether it is genuine.

    Args:
        open: nothing is answered while it is not set.
        waiting: how many wait for an answer.
    """

    url: str = ""
    heard: list[tuple[Receipt | None, bool]] = field(default_factory=list)
    status: int = 204
    open: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    most_waiting: int = 0

    async def of_twilio(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        signature = request.headers[twilio.SIGNATURE_HEADER]
        genuine = twilio.is_signed(TOKEN, self.url + request.raw_path, form, signature)
        return await self._answer(twilio.read_receipt(form, request.query), genuine)

    async def of_elks(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        genuine = request.match_info["secret"] == receipt_secret(elks_settings("http://127.0.0.1"))
        receipt = elks.read_receipt(form, request.query)
        assert receipt is None or receipt.hint
        return await self._answer(receipt and replace(receipt, hint=False), genuine)

    async def _answer(self, receipt: Receipt | None, genuine: bool) -> web.Response:
        self.waiting += 1
        self.most_waiting = max(self.waiting, self.most_waiting)
        await self.open.wait()
        self.waiting -= 1
        self.heard.append((receipt, genuine))
        return web.Response(status=self.status)


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    ear = Ear()
    ear.open.set()
    app = web.Application()
    app.router.add_post("/webhooks/twilio/status", ear.of_twilio)
    app.router.add_post("/webhooks/46elks/status/{secret}", ear.of_elks)
    async with TestServer(app) as server:
        ear.url = str(server.make_url("/")).rstrip("/")
        yield ear


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def elks_settings(base_url: str) -> ElksSettings:
    return ElksSettings(
        provider="46elks", username="u0000", password=SecretStr("secret"), sender="Borgholm", base_url=base_url
    )


def by_elks(sandbox: Sandbox, http: aiohttp.ClientSession, public_url: str) -> ElksSms:
    return ElksSms(elks_settings(sandbox.base_url("46elks")), Wire(http), public_url=public_url)


def by_twilio(sandbox: Sandbox, http: aiohttp.ClientSession, public_url: str) -> TwilioSms:
    settings = TwilioSettings(
        provider="twilio",
        account_sid=ACCOUNT,
        auth_token=SecretStr(TOKEN),
        sender="Borgholm",
        base_url=sandbox.base_url("twilio"),
    )
    return TwilioSms(settings, Wire(http), public_url=public_url)


Build = Callable[[Sandbox, aiohttp.ClientSession, str], Channel]
every_sms_provider = pytest.mark.parametrize("build", [by_twilio, by_elks])


def parcel(key: str = "m1-7 å/&", target: str = NUMBER) -> Parcel:
    return Parcel(
        key=key,
        target=target,
        rendition=Rendition("borgholm", "sms", "sv", "", "Växeln fungerar."),
        message="m1",
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        issued=datetime.now(UTC),
        expires=datetime.now(UTC) + timedelta(hours=1),
    )


async def send(channel: Channel, parcel: Parcel) -> str:
    outcome = await channel.send(parcel)
    assert isinstance(outcome, Accepted)
    return outcome.remote_id


async def reported(sandbox: Sandbox, count: int) -> list[Report]:
    await sandbox.wait_for(lambda sandbox: len(sandbox.reports) >= count)
    return sandbox.reports


@every_sms_provider
async def test_nothing_is_reported_unless_it_is_asked_for(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, build: Build
) -> None:
    channel = build(sandbox, http, ear.url)
    await send(channel, parcel("unreported"))
    sandbox.receipts = Receipts(("delivered",))
    remote_id = await send(channel, parcel("reported"))
    await reported(sandbox, 1)
    assert ear.heard == [(Receipt("reported", remote_id, Arrival.DELIVERED), True)]


@every_sms_provider
async def test_who_names_no_address_is_told_nothing(
    sandbox: Sandbox, http: aiohttp.ClientSession, build: Build
) -> None:
    sandbox.receipts = Receipts(("delivered",))
    await send(build(sandbox, http, ""), parcel())
    await send(build(sandbox, http, "http://127.0.0.1:1"), parcel())
    assert len(await reported(sandbox, 1)) == 1


async def test_twilio_reports_every_step_and_signs_it(sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear) -> None:
    sandbox.receipts = Receipts()
    sid = await send(by_twilio(sandbox, http, ear.url), parcel())
    steps = ["queued", "sent", "delivered"]
    assert await reported(sandbox, 3) == [Report("twilio", sid, step, 204) for step in steps]
    arrivals = [Arrival.ACCEPTED, Arrival.ACCEPTED, Arrival.DELIVERED]
    assert ear.heard == [(Receipt("m1-7 å/&", sid, arrival), True) for arrival in arrivals]


async def test_46elks_reports_what_it_has_words_for(sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear) -> None:
    sandbox.receipts = Receipts(("queued", "sent", "undelivered"))
    remote_id = await send(by_elks(sandbox, http, ear.url), parcel())
    assert [report.status for report in await reported(sandbox, 2)] == ["sent", "undelivered"]
    assert ear.heard == [
        (Receipt("m1-7 å/&", remote_id, Arrival.ACCEPTED), True),
        (Receipt("m1-7 å/&", remote_id, Arrival.UNDELIVERED, "46elks does not say why"), True),
    ]


@every_sms_provider
async def test_reports_come_in_any_order_and_more_than_once(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, build: Build
) -> None:
    sandbox.receipts = Receipts(("delivered", "sent", "delivered"))
    await send(build(sandbox, http, ear.url), parcel())
    await reported(sandbox, 3)
    heard = [receipt.arrival for receipt, _ in ear.heard if receipt]
    assert heard == [Arrival.DELIVERED, Arrival.ACCEPTED, Arrival.DELIVERED]


async def test_a_failure_has_its_code(sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear) -> None:
    sandbox.receipts = Receipts(("sent", "undelivered"), code=30005)
    sid = await send(by_twilio(sandbox, http, ear.url), parcel())
    await reported(sandbox, 2)
    reason = "the number is unknown or no longer in use (Twilio error 30005)"
    assert ear.heard[1] == (Receipt("m1-7 å/&", sid, Arrival.UNDELIVERED, reason, gone=True), True)


@every_sms_provider
async def test_a_forged_report_says_the_same_and_is_not_genuine(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, build: Build
) -> None:
    sandbox.receipts = Receipts(("delivered",), forged=True)
    remote_id = await send(build(sandbox, http, ear.url), parcel())
    await reported(sandbox, 1)
    assert ear.heard == [(Receipt("m1-7 å/&", remote_id, Arrival.DELIVERED), False)]


@every_sms_provider
async def test_reports_may_be_of_one_number_only(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, build: Build
) -> None:
    sandbox.receipts = Receipts(("delivered",), to=OTHER)
    channel = build(sandbox, http, ear.url)
    await send(channel, parcel("first"))
    await send(channel, parcel("other", OTHER))
    await reported(sandbox, 1)
    assert [receipt.key for receipt, _ in ear.heard if receipt] == ["other"]


@every_sms_provider
async def test_a_report_comes_even_if_the_answer_was_lost(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, build: Build
) -> None:
    sandbox.receipts = Receipts(("sent",))
    sandbox.behave("twilio", Behaviour(Fault.DROP, times=1))
    sandbox.behave("46elks", Behaviour(Fault.DROP, times=1))
    assert isinstance(await build(sandbox, http, ear.url).send(parcel("lost")), InDoubt)
    await reported(sandbox, 1)
    assert ear.heard == [(Receipt("lost", sandbox.texts[0].sid, Arrival.ACCEPTED), True)]


async def test_what_an_api_key_sent_is_signed_with_the_sandboxs_own_token(
    http: aiohttp.ClientSession, ear: Ear
) -> None:
    async with Sandbox(twilio_auth_token=TOKEN, receipts=Receipts(("sent",))) as sandbox:
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        callback = f"{ear.url}/webhooks/twilio/status?d=k"
        form = {"To": NUMBER, "From": "Borgholm", "Body": "Hej", "StatusCallback": callback}
        authorization = {"Authorization": aiohttp.encode_basic_auth(f"SK{'0' * 32}", "another secret")}
        async with http.post(sandbox.base_url("twilio") + path, data=form, headers=authorization) as answer:
            assert answer.status == 201
        await reported(sandbox, 1)
    ((_, genuine),) = ear.heard
    assert genuine


@every_sms_provider
async def test_who_is_slow_to_hear_holds_nothing_up_and_is_not_overrun(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, build: Build
) -> None:
    sandbox.receipts = Receipts(("sent", "delivered"))
    ear.open.clear()
    channel = build(sandbox, http, ear.url)
    for number in range(40):
        await send(channel, parcel(f"{number}"))
    assert (len(sandbox.texts), sandbox.reports) == (40, [])
    ear.open.set()
    await reported(sandbox, 80)
    assert ear.most_waiting <= 16
    for number in range(40):
        heard = [receipt.arrival for receipt, _ in ear.heard if receipt and receipt.key == f"{number}"]
        assert heard == [Arrival.ACCEPTED, Arrival.DELIVERED]


@every_sms_provider
async def test_who_does_not_take_a_report_is_not_told_again(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, build: Build
) -> None:
    sandbox.receipts = Receipts(("sent",))
    ear.status = 500
    await send(build(sandbox, http, ear.url), parcel())
    await send(build(sandbox, http, "http://127.0.0.1:1"), parcel())
    assert [report.answer for report in await reported(sandbox, 2)] in ([500, None], [None, 500])
    assert len(ear.heard) == 1


@every_sms_provider
async def test_no_report_leaves_this_machine(sandbox: Sandbox, http: aiohttp.ClientSession, build: Build) -> None:
    sandbox.receipts = Receipts(("sent",))
    await send(build(sandbox, http, "https://kris.example.se"), parcel())
    assert [report.answer for report in await reported(sandbox, 1)] == [None]


@pytest.mark.parametrize("forged", ["", "forged"])
async def test_an_address_that_is_none_disturbs_nobody(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear, forged: str
) -> None:
    sandbox.receipts = Receipts(("sent",), forged=bool(forged))
    authorization = {"Authorization": aiohttp.encode_basic_auth("u0000", "secret")}
    for address in ("http://[", "nowhere", "http://a:b:c/", "\0", "http://127.0.0.1:99999/"):
        form = {"to": NUMBER, "from": "Borgholm", "message": "Hej", "whendelivered": address}
        async with http.post(f"{sandbox.base_url('46elks')}/a1/sms", data=form, headers=authorization) as answer:
            assert answer.status == 200
    await send(by_elks(sandbox, http, ear.url), parcel())
    await sandbox.wait_for(lambda _: len(ear.heard) == 1)


async def test_starting_anew_reports_as_at_first(http: aiohttp.ClientSession, ear: Ear) -> None:
    async with Sandbox(receipts=Receipts(("sent",))) as sandbox:
        channel = by_twilio(sandbox, http, ear.url)
        ear.open.clear()
        for _ in range(20):
            await send(channel, parcel("before"))
        sandbox.receipts = None
        sandbox.reset()
        ear.open.set()
        await send(channel, parcel("after"))
        await sandbox.wait_for(lambda _: any(receipt and receipt.key == "after" for receipt, _ in ear.heard))
        assert len(ear.heard) <= 17


async def test_a_sandbox_closes_while_somebody_is_slow_to_hear(http: aiohttp.ClientSession, ear: Ear) -> None:
    ear.open.clear()
    async with Sandbox(receipts=Receipts()) as sandbox:
        for _ in range(20):
            await send(by_twilio(sandbox, http, ear.url), parcel())
    ear.open.set()


@pytest.mark.parametrize(
    ("order", "receipts"),
    [
        ({}, Receipts()),
        ({"receipts": {}}, Receipts()),
        ({"receipts": None}, None),
        (
            {"receipts": {"statuses": ["undelivered"], "code": 30005, "forged": True, "to": NUMBER}},
            Receipts(("undelivered",), 30005, forged=True, to=NUMBER),
        ),
    ],
)
async def test_another_process_can_say_what_is_reported(
    sandbox: Sandbox, http: aiohttp.ClientSession, order: dict[str, Any], receipts: Receipts | None
) -> None:
    sandbox.receipts = Receipts(("sent",))
    async with http.post(f"{sandbox.url}/sandbox/receipts", json=order) as answer:
        assert answer.status == 200
    assert sandbox.receipts == receipts


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"receipts": {"statuses": "sent"}}, "receipts.statuses: Input should be"),
        ({"receipts": {"status": "sent"}}, "receipts.status: Unexpected keyword"),
        ({"statuses": []}, "statuses: Extra inputs"),
    ],
)
async def test_an_order_that_makes_no_sense_is_answered_with_what_is_wrong(
    sandbox: Sandbox, http: aiohttp.ClientSession, order: dict[str, Any], words: str
) -> None:
    async with http.post(f"{sandbox.url}/sandbox/receipts", json=order) as answer:
        assert answer.status == 400
        assert words in (await answer.json())["error"]


async def test_another_process_can_read_what_was_reported(
    sandbox: Sandbox, http: aiohttp.ClientSession, ear: Ear
) -> None:
    sandbox.receipts = Receipts(("delivered",))
    sid = await send(by_twilio(sandbox, http, ear.url), parcel())
    await reported(sandbox, 1)
    async with http.get(f"{sandbox.url}/sandbox/received") as answer:
        received = await answer.json()
    assert received["reports"] == [{"provider": "twilio", "sid": sid, "status": "delivered", "answer": 204}]
