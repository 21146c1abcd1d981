"""Twilio's own words: what we send it, and what its answers mean."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from multidict import MultiDict
from pydantic import SecretStr, ValidationError
from twilio.rest.api.v2010.account.message import MessageInstance

from channels.contract import (
    Accepted,
    Arrival,
    Deferred,
    Doubt,
    Finding,
    Halted,
    InDoubt,
    Matches,
    Outcome,
    Parcel,
    Receipt,
    Rejected,
    Unclear,
)
from channels.providers.twilio import PROVIDER
from channels.sandbox import Behaviour, Fault, Sandbox
from channels.sms import SMS
from channels.twilio import (
    ERRORS,
    FAILURES,
    GONE,
    TwilioSettings,
    TwilioSms,
    is_signed,
    read_receipt,
)
from channels.wire import Wire
from messages.model import Kind, Rendition, Severity
from tests.fakes.wiring import wired
from tests.support.answering import Asked, answering
from tests.support.documentation import CHANNELS, documented, documented_errors

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
    taken = {"sid": "SM0", "to": parcel.target, "body": parcel.rendition.text}
    async with answering(lambda _: web.json_response(taken, status=201)) as provider:
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
    30450: Rejected,
    90007: Halted,
}


@pytest.mark.parametrize("code", sorted(SYNCHRONOUS.keys() | ERRORS.keys()))
async def test_every_error_code_has_its_outcome_and_is_named(http: aiohttp.ClientSession, code: int) -> None:
    outcome = await refused(http, code)
    assert isinstance(outcome, SYNCHRONOUS.get(code, type(ERRORS[code])))
    assert not isinstance(outcome, Accepted)
    assert outcome.reason.endswith(f"(Twilio error {code})")


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_number_is_gone_if_no_text_will_ever_reach_it(http: aiohttp.ClientSession, code: int) -> None:
    outcome = await refused(http, code)
    assert (isinstance(outcome, Rejected) and outcome.gone) == (code in {21211, 21610, 21614})


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_what_is_too_much_for_twilio_is_told_apart(http: aiohttp.ClientSession, code: int) -> None:
    outcome = await refused(http, code)
    assert (isinstance(outcome, Deferred) and outcome.throttled) == (code in {20429, 21611, 63017})


@pytest.mark.parametrize(("header", "said"), [("21", ", 21 requests in flight"), ("many", ""), ("", "")])
async def test_too_many_requests_at_once_are_counted_in_the_reason(
    http: aiohttp.ClientSession, header: str, said: str
) -> None:
    headers = {"Twilio-Concurrent-Requests": header}
    async with answering(lambda _: web.json_response({"code": 20429}, status=429, headers=headers)) as provider:
        outcome = await TwilioSms(settings(provider.url), Wire(http)).send(parcel())
    assert outcome == Deferred(f"{ERRORS[20429].reason} (Twilio error 20429{said})", throttled=True)


def test_the_documentation_has_the_same_table() -> None:
    assert documented_errors("twilio") == {str(code): documented(outcome) for code, outcome in ERRORS.items()}


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        (29_999, 400, Rejected("refused for an unknown reason (HTTP 400) (Twilio error 29999)")),
        (29_999, 422, Rejected("refused for an unknown reason (HTTP 422) (Twilio error 29999)")),
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
        (29_999, 429, Deferred("too much traffic (HTTP 429) (Twilio error 29999)", throttled=True)),
        (21_211, 500, InDoubt("the provider failed (HTTP 500)")),
        (21_211, 200, InDoubt("success, but in an answer that is not the provider's (HTTP 200)")),
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
        wiring = wired(http, lambda: NOW, public_url="https://kris.example.se")
        channel = PROVIDER.build(settings(sandbox.base_url("twilio")), wiring)
        assert isinstance(await channel.send(parcel(key="42")), Accepted)
        (text,) = sandbox.texts
    assert text.callback == "https://kris.example.se/webhooks/twilio/status?d=42"
    assert (PROVIDER.name, PROVIDER.channel, PROVIDER.target) == ("twilio", SMS, None)


def listed(sid: str = "SM1", **changes: object) -> dict[str, object]:
    """Make a message as Twilio lists it."""
    message: dict[str, object] = {
        "sid": sid,
        "to": "+46701740605",
        "body": "Våra datasystem är avstängda.",
        "date_created": "Tue, 13 Dec 2022 08:00:00 +0000",
        "date_sent": None,
        "direction": "outbound-api",
        "status": "queued",
    }
    return message | changes


async def looked_up(http: aiohttp.ClientSession, *pages: Mapping[str, object]) -> tuple[Finding, list[Asked]]:
    """Let Twilio list these pages; return what is found of the parcel, and what was asked."""

    def answer(_: Asked) -> web.Response:
        date = {"Date": "Tue, 13 Dec 2022 08:01:00 GMT"}
        return web.json_response(pages[len(provider.asked) - 1], headers=date)

    async with answering(answer) as provider:
        channel = TwilioSms(settings(provider.url), Wire(http), now=lambda: NOW + timedelta(minutes=1))
        findings = await channel.find([Doubt(parcel(), NOW)])
    return findings["42"], provider.asked


def page(*messages: object, following: str | None = None) -> dict[str, object]:
    return {"messages": messages, "next_page_uri": following}


async def test_what_it_took_is_asked_for_by_the_number_and_not_by_a_date(http: aiohttp.ClientSession) -> None:
    finding, asked = await looked_up(http, page(listed()))
    assert finding == Matches(("SM1",))
    (request,) = asked
    assert (request.method, request.form) == ("GET", {})
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=1000&To=%2B46701740605"
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth(ACCOUNT, "secret")


async def test_the_next_page_is_the_one_that_twilio_names_but_never_elsewhere(http: aiohttp.ClientSession) -> None:
    elsewhere = "//evil.example/2010?To=%2B46701740605&PageSize=1000&Page=1&PageToken=PASM1"
    finding, asked = await looked_up(http, page(listed("SM2"), following=elsewhere), page(listed("SM1")))
    assert finding == Matches(("SM1", "SM2"))
    assert asked[1].path == (
        f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B46701740605&PageSize=1000&Page=1&PageToken=PASM1"
    )


@pytest.mark.parametrize("status", ["accepted", "queued", "sent", "delivered", "undelivered", "failed", "canceled"])
async def test_whatever_became_of_a_message_it_was_taken(http: aiohttp.ClientSession, status: str) -> None:
    finding, _ = await looked_up(http, page(listed(status=status)))
    assert finding == Matches(("SM1",))


async def test_what_a_resident_wrote_is_not_ours(http: aiohttp.ClientSession) -> None:
    finding, _ = await looked_up(http, page(listed(direction="inbound"), listed("SM2", direction="outbound-reply")))
    assert finding == Matches(("SM2",))


@pytest.mark.parametrize("body", ["", None])
async def test_a_message_whose_text_twilio_does_not_keep_may_be_ours(
    http: aiohttp.ClientSession, body: str | None
) -> None:
    finding, _ = await looked_up(http, page(listed(body=body)))
    assert finding == Matches(("SM1",))


async def test_a_refusal_to_list_is_told_in_the_words_of_a_refusal_to_send(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response({"code": 20003, "status": 401}, status=401)) as provider:
        findings = await TwilioSms(settings(provider.url), Wire(http)).find([Doubt(parcel(), NOW)])
    reason = "Twilio does not accept the credentials: check account_sid and auth_token (Twilio error 20003)"
    assert findings == {"42": Unclear(reason)}


def report(status: str, **form: str) -> Receipt | None:
    """Read a receipt as Twilio sends it."""
    common = {"AccountSid": ACCOUNT, "MessageSid": "SM1", "SmsSid": "SM1", "To": "+46701740605", "New": "parameter"}
    return read_receipt(common | {"MessageStatus": status, "SmsStatus": status} | form, {"d": "42"})


# Every status that twilio-python knows, and what it says of a message that we sent.
EVERY_STATUS = {
    "queued": Arrival.ACCEPTED,
    "sending": Arrival.ACCEPTED,
    "sent": Arrival.ACCEPTED,
    "failed": Arrival.UNDELIVERED,
    "delivered": Arrival.DELIVERED,
    "undelivered": Arrival.UNDELIVERED,
    "receiving": None,
    "received": None,
    "accepted": Arrival.ACCEPTED,
    "scheduled": Arrival.ACCEPTED,
    "read": Arrival.DELIVERED,
    "partially_delivered": None,
    "canceled": Arrival.UNDELIVERED,
}


def test_every_status_of_twilios_is_known() -> None:
    known = {value for name, value in vars(MessageInstance.Status).items() if name.isupper()}
    assert known == set(EVERY_STATUS)


@pytest.mark.parametrize(("status", "arrival"), EVERY_STATUS.items())
def test_a_status_says_how_far_a_message_came(status: str, arrival: Arrival | None) -> None:
    receipt = report(status)
    assert (receipt and (receipt.arrival, receipt.key, receipt.remote_id)) == (arrival and (arrival, "42", "SM1"))


# The codes that the reference lists for messages that Twilio has taken, and whether the number is no good any more.
ASYNCHRONOUS = {
    21211: True,
    21610: True,
    21614: True,
    30001: False,
    30002: False,
    30003: False,
    30004: False,
    30005: True,
    30006: True,
    30007: False,
    30008: False,
    30010: False,
    30034: False,
    30036: False,
    30037: False,
    30450: False,
    63017: False,
    63018: False,
    63038: False,
}


@pytest.mark.parametrize(("code", "gone"), ASYNCHRONOUS.items())
def test_a_failure_says_why_and_whether_the_number_is_gone(code: int, gone: bool) -> None:
    receipt = report("undelivered", ErrorCode=str(code))
    assert receipt == Receipt("42", "SM1", Arrival.UNDELIVERED, f"{FAILURES[code]} (Twilio error {code})", gone=gone)


def test_no_other_code_makes_a_number_gone() -> None:
    assert {code for code, gone in ASYNCHRONOUS.items() if gone} == GONE


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"ErrorCode": "39999"}, "not delivered: failed (Twilio error 39999)"),
        ({"ErrorCode": "99999999999999999999"}, "not delivered: failed"),
        ({"ErrorCode": "²"}, "not delivered: failed"),
        ({"ErrorCode": ""}, "not delivered: failed"),
        ({}, "not delivered: failed"),
        (
            {"ErrorCode": "30003", "ErrorMessage": "+46701740605"},
            "the phone is off or out of reach (Twilio error 30003)",
        ),
    ],
)
def test_a_failure_that_says_little_is_one_all_the_same(form: dict[str, str], reason: str) -> None:
    assert report("failed", **form) == Receipt("42", "SM1", Arrival.UNDELIVERED, reason)


def test_an_error_code_of_a_message_that_arrived_means_nothing() -> None:
    assert report("delivered", ErrorCode="30005") == Receipt("42", "SM1", Arrival.DELIVERED)


@pytest.mark.parametrize("form", [{}, {"MessageSid": "SM1"}, {"MessageStatus": "sent"}, {"MessageStatus": "?"}])
def test_what_tells_nothing_is_no_receipt(form: dict[str, str]) -> None:
    assert read_receipt(form, {"d": "42"}) is None


def test_a_receipt_without_a_key_still_names_the_message() -> None:
    assert read_receipt({"MessageSid": "SM1", "MessageStatus": "sent"}, {}) == Receipt(None, "SM1", Arrival.ACCEPTED)


def test_the_documentation_has_the_same_table_of_failures() -> None:
    pattern = r"\| (\d+) \| ([^|]+) \| (yes|) ?\|"
    rows = re.findall(pattern, (CHANNELS / "twilio.md").read_text(encoding="utf-8"))
    assert {int(code): (words, gone == "yes") for code, words, gone in rows} == {
        code: (words, code in GONE) for code, words in FAILURES.items() if code not in ERRORS
    }


# Computed with twilio-python 9.13.0, and by hand as Twilio's documentation describes it.
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_signature_holds_for_its_token_address_and_form_only() -> None:
    assert is_signed("12345", URL, FORM, SIGNATURE)
    assert is_signed("12345", URL, MultiDict(FORM), SIGNATURE)
    assert not is_signed("12346", URL, FORM, SIGNATURE)
    assert not is_signed("12345", URL + "3", FORM, SIGNATURE)
    assert not is_signed("12345", URL, FORM | {"Digits": "1235"}, SIGNATURE)
    assert not is_signed("12345", URL, FORM | {"More": ""}, SIGNATURE)


@pytest.mark.parametrize("signature", ["", "=", "å", SIGNATURE.lower(), SIGNATURE[:-1], SIGNATURE * 100])
def test_another_signature_does_not_hold(signature: str) -> None:
    assert not is_signed("12345", URL, FORM, signature)


@pytest.mark.parametrize("url", ["", "https://[", "https://a:b:c", "http://a:99999999/"])
def test_nobody_signs_an_address_that_is_none(url: str) -> None:
    assert not is_signed("12345", url, FORM, SIGNATURE)
