"""Twilio's own words: what we send it, and what its answers mean."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from channels.contract import Accepted, Deferred, Halted, InDoubt, Outcome, Parcel, Rejected
from channels.provider import Wiring
from channels.sandbox import Behaviour, Fault, Sandbox
from channels.sms import SMS
from channels.twilio import ERRORS, PROVIDER, TwilioSettings, TwilioSms
from channels.wire import Wire
from messages.model import Kind, Rendition, Severity
from tests.fakes.surfaces import MemorySurfaces
from tests.support.answering import Asked, answering
from tests.support.documentation import documented, documented_errors

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
ACCOUNT = f"AC{'0' * 32}"
SERVICE = f"MG{'1' * 32}"


def settings(base_url: str = "https://api.twilio.com", **changes: object) -> TwilioSettings:
    values: dict[str, object] = {
        "provider": "twilio",
        "account_sid": ACCOUNT,
        "auth_token": SecretStr("secret"),
        "sender": "Borgholm",
        "base_url": base_url,
    }
    return TwilioSettings.model_validate(values | changes)


def parcel(lifetime: timedelta = timedelta(hours=1), key: str = "42") -> Parcel:
    return Parcel(
        key=key,
        target="+46701740605",
        rendition=Rendition("borgholm", "sms", "sv", "", "Våra datasystem är avstängda."),
        message="m1",
        kind=Kind.ALERT,
        severity=Severity.SEVERE,
        issued=NOW,
        expires=NOW + lifetime,
    )


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def asked(
    http: aiohttp.ClientSession, parcel: Parcel, *, public_url: str | None = None, **changes: object
) -> Asked:
    """Send the parcel and return what Twilio was asked."""
    async with answering(lambda _: web.json_response({"sid": "SM0"}, status=201)) as provider:
        channel = TwilioSms(
            settings(provider.url, **changes), Wire(http), public_url=public_url, now=lambda: NOW + timedelta(seconds=1)
        )
        assert await channel.send(parcel) == Accepted("SM0")
    (request,) = provider.asked
    return request


async def refused(http: aiohttp.ClientSession, code: int, status: int = 400, **headers: str) -> Outcome:
    """Let Twilio refuse a message and return what that means."""

    def refuse(_: Asked) -> web.Response:
        answer = {"code": code, "message": "The 'To' number +46701740605 is wrong.", "status": status}
        return web.json_response(answer, status=status, headers=headers)

    async with answering(refuse) as provider:
        return await TwilioSms(settings(provider.url), Wire(http)).send(parcel())


async def test_a_message_is_asked_for_as_twilio_documents_it(http: aiohttp.ClientSession) -> None:
    request = await asked(http, parcel())
    assert (request.method, request.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth(ACCOUNT, "secret")
    assert request.form == {
        "To": "+46701740605",
        "From": "Borgholm",
        "Body": "Våra datasystem är avstängda.",
        "ValidityPeriod": "3599",
    }


async def test_a_messaging_service_takes_the_place_of_the_sender(http: aiohttp.ClientSession) -> None:
    form = (await asked(http, parcel(), sender=None, messaging_service=SERVICE)).form
    assert form["MessagingServiceSid"] == SERVICE
    assert "From" not in form


@pytest.mark.parametrize(
    ("lifetime", "period"),
    [
        (timedelta(seconds=61, milliseconds=999), "60"),
        (timedelta(seconds=36_001), "36000"),
        (timedelta(days=3), "36000"),
        (timedelta(seconds=1, milliseconds=500), "1"),
        (timedelta(0), "1"),
    ],
)
async def test_twilio_keeps_a_message_no_longer_than_it_is_true_and_it_allows(
    http: aiohttp.ClientSession, lifetime: timedelta, period: str
) -> None:
    assert (await asked(http, parcel(lifetime))).form["ValidityPeriod"] == period


async def test_receipts_name_the_delivery(http: aiohttp.ClientSession) -> None:
    request = await asked(http, parcel(key="a/b&c=d é"), public_url="https://kris.example.se")
    assert request.form["StatusCallback"] == ("https://kris.example.se/webhooks/twilio/status?d=a%2Fb%26c%3Dd%20%C3%A9")


async def test_no_receipts_are_asked_for_where_twilio_cannot_reach_us(http: aiohttp.ClientSession) -> None:
    assert "StatusCallback" not in (await asked(http, parcel())).form


# Everything that the reference lists as an answer to a new message, and what it asks to be done.
SYNCHRONOUS = {
    20003: Halted,
    20005: Halted,
    20404: Halted,
    20429: Deferred,
    21211: Rejected,
    21212: Halted,
    21408: Halted,
    21602: Rejected,
    21604: Rejected,
    21606: Halted,
    21608: Halted,
    21610: Rejected,
    21611: Deferred,
    21612: Rejected,
    21614: Rejected,
    21617: Rejected,
    21619: Rejected,
    21620: Rejected,
    21703: Halted,
    21705: Halted,
    30037: Halted,
    30450: Deferred,
    90007: Halted,
}


@pytest.mark.parametrize("code", sorted(SYNCHRONOUS.keys() | ERRORS.keys()))
async def test_every_error_code_has_its_outcome_and_is_named(http: aiohttp.ClientSession, code: int) -> None:
    outcome = await refused(http, code)
    assert isinstance(outcome, SYNCHRONOUS.get(code, type(ERRORS[code])))
    assert not isinstance(outcome, Accepted)
    assert outcome.reason.endswith(f"(Twilio error {code})")


def test_the_documentation_has_the_same_table() -> None:
    assert documented_errors("twilio") == {str(code): documented(outcome) for code, outcome in ERRORS.items()}


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        (29_999, 400, Rejected("refused for a reason that is not known (HTTP 400) (Twilio error 29999)")),
        (29_999, 422, Rejected("refused for a reason that is not known (HTTP 422) (Twilio error 29999)")),
        (
            29_999,
            401,
            Halted("the account is refused: check its credentials and rights (HTTP 401) (Twilio error 29999)"),
        ),
        (
            29_999,
            403,
            Halted("the account is refused: check its credentials and rights (HTTP 403) (Twilio error 29999)"),
        ),
        (29_999, 429, Deferred("too much traffic (HTTP 429) (Twilio error 29999)")),
        (21_211, 500, InDoubt("the provider failed (HTTP 500)")),
        (21_211, 200, InDoubt("success, but in an answer that cannot be read (HTTP 200)")),
    ],
)
async def test_an_unknown_code_or_one_that_contradicts_its_status_goes_by_the_status(
    http: aiohttp.ClientSession, code: int, status: int, outcome: Outcome
) -> None:
    assert await refused(http, code, status) == outcome


@pytest.mark.parametrize(("code", "status"), [(20_429, 429), (21_611, 400), (29_999, 429)])
async def test_the_wait_that_twilio_asks_for_is_passed_on(http: aiohttp.ClientSession, code: int, status: int) -> None:
    outcome = await refused(http, code, status, **{"Retry-After": "30"})
    assert isinstance(outcome, Deferred)
    assert outcome.after == timedelta(seconds=30)


async def test_a_resident_who_has_opted_out_is_rejected_while_others_get_theirs(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        sandbox.behave("twilio", Behaviour(Fault.REFUSE, code=21_610, times=1))
        channel = TwilioSms(settings(sandbox.base_url("twilio")), Wire(http), now=lambda: NOW)
        assert isinstance(await channel.send(parcel()), Rejected)
        assert isinstance(await channel.send(parcel()), Accepted)
        (text,) = sandbox.texts
    assert (text.account, text.sender, text.to) == (ACCOUNT, "Borgholm", "+46701740605")


@pytest.mark.parametrize("sender", ["Borgholm", "Orust Info", "a", "+46701740605", "12345678 kn"])
def test_a_sender_may_be(sender: str) -> None:
    assert settings(sender=sender).sender == sender


@pytest.mark.parametrize("sender", ["", "Mörbylånga", "Borgholms kommun", "12345", "070-1740605", "+0701740605", "A\n"])
def test_a_sender_may_not_be(sender: str) -> None:
    with pytest.raises(ValidationError, match="a sender is a number such as"):
        settings(sender=sender)


@pytest.mark.parametrize("changes", [{"sender": None}, {"messaging_service": SERVICE}])
def test_there_is_exactly_one_sender(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="write either sender or messaging_service"):
        settings(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"account_sid": "AC0"},
        {"account_sid": ACCOUNT.replace("0", "g")},
        {"sender": None, "messaging_service": "MG0"},
        {"auth_token": "in the clear"},
        {"base_url": "http://api.twilio.com"},
        {"colour": "blue"},
    ],
)
def test_settings_that_cannot_be_are_errors(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


async def test_the_provider_builds_a_channel_for_sms(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        wiring = Wiring(http, MemorySurfaces(lambda: NOW), {}, "https://kris.example.se")
        channel = PROVIDER.build(settings(sandbox.base_url("twilio")), wiring)
        assert isinstance(await channel.send(parcel(key="42")), Accepted)
        (text,) = sandbox.texts
    assert text.callback == "https://kris.example.se/webhooks/twilio/status?d=42"
    assert (PROVIDER.name, PROVIDER.channel, PROVIDER.target) == ("twilio", SMS, None)
