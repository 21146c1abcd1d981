"""46elks' own words: what we send it, and what its answers mean."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from channels.contract import (
    Accepted,
    Arrival,
    Confirm,
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
    Unfounded,
)
from channels.elks import ERRORS, STATUSES, ElksSms, read_receipt, receipt_secret
from channels.finding import FEW, MOST_PAGES, TRIAL
from channels.providers.elks import PROVIDER, ElksSettings
from channels.sandbox import Behaviour, Fault, Receipts, Sandbox
from channels.sms import SMS
from channels.wire import Wire
from messages.model import Kind, Rendition, Severity
from tests.fakes.wiring import wired
from tests.support.answering import Asked, answering
from tests.support.documentation import documented, documented_errors

NOW = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)

PARCEL = Parcel(
    key="42",
    target="+46701740605",
    rendition=Rendition("borgholm", "sms", "sv", "", "Våra datasystem är avstängda."),
    message="m1",
    kind=Kind.ALERT,
    severity=Severity.SEVERE,
    issued=NOW,
    expires=NOW + timedelta(hours=1),
)


def settings(base_url: str = "https://api.46elks.com", **changes: object) -> ElksSettings:
    values: dict[str, object] = {
        "provider": "46elks",
        "username": "u0000",
        "password": SecretStr("secret"),
        "sender": "Borgholm",
        "base_url": base_url,
    }
    return ElksSettings.model_validate(values | changes)


TAKEN = {"id": "s0", "to": PARCEL.target, "message": PARCEL.rendition.text, "status": "created"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def answered(http: aiohttp.ClientSession, status: int, text: str, **headers: str) -> Outcome:
    """Let 46elks give an answer and return what that means."""
    async with answering(lambda _: web.Response(text=text, status=status, headers=headers)) as provider:
        return await ElksSms(settings(provider.url), Wire(http)).send(PARCEL)


async def test_a_message_is_asked_for_as_46elks_documents_it(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response(TAKEN)) as provider:
        assert await ElksSms(settings(provider.url), Wire(http)).send(PARCEL) == Accepted("s0")
    (request,) = provider.asked
    assert (request.method, request.path) == ("POST", "/a1/sms")
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth("u0000", "secret")
    assert request.form == {"from": "Borgholm", "to": "+46701740605", "message": "Våra datasystem är avstängda."}


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Invalid to number", Rejected("46elks does not accept the number (46elks: Invalid to number)", gone=True)),
        (
            "Invalid to number +46701740605\n",
            Rejected("46elks does not accept the number (46elks: Invalid to number)", gone=True),
        ),
        (
            "Invalid from number",
            Halted("46elks does not accept the sender: check sender (46elks: Invalid from number)"),
        ),
        (
            "Not enough credits to send to +46701740605",
            Halted("the 46elks account is out of money: fill it up (46elks: Not enough credits)"),
        ),
        ("Too long message", Rejected("the text is longer than 46elks takes (46elks: Too long)")),
        ("Missing key message", Rejected("46elks says that a part of the message is missing (46elks: Missing key)")),
        ("Key message missing", Rejected("46elks says that a part of the message is missing (46elks: Key)")),
    ],
)
async def test_errors_go_by_their_words_whatever_their_status(
    http: aiohttp.ClientSession, status: int, text: str, outcome: Outcome
) -> None:
    assert await answered(http, status, text) == outcome


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InDoubt),
        (401, InDoubt),
        (402, InDoubt),
        (403, InDoubt),
        (404, InDoubt),
        (405, InDoubt),
        (429, Deferred),
        (500, InDoubt),
        (502, InDoubt),
        (503, InDoubt),
    ],
)
async def test_words_that_are_new_to_us_refuse_nothing(http: aiohttp.ClientSession, status: int, kind: type) -> None:
    outcome = await answered(http, status, "Something about +46701740605")
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Accepted)
    assert f"HTTP {status}" in outcome.reason


def test_the_documentation_has_the_same_table() -> None:
    assert documented_errors("46elks") == {f"`{words}`": documented(outcome) for words, outcome in ERRORS}


async def test_known_words_in_a_server_error_leave_it_in_doubt(http: aiohttp.ClientSession) -> None:
    assert await answered(http, 500, "Invalid to number") == InDoubt("the provider failed (HTTP 500)")


async def test_the_wait_that_46elks_asks_for_is_passed_on(http: aiohttp.ClientSession) -> None:
    outcome = await answered(http, 429, "Too many requests", **{"Retry-After": "30"})
    assert outcome == Deferred("too much traffic (HTTP 429)", timedelta(seconds=30), throttled=True)


async def test_an_empty_account_halts_in_the_sandbox_too(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        sandbox.behave("46elks", Behaviour(Fault.REFUSE, text="Not enough credits", times=1))
        channel = ElksSms(settings(sandbox.base_url("46elks")), Wire(http))
        assert isinstance(await channel.send(PARCEL), Halted)
        assert isinstance(await channel.send(PARCEL), Accepted)
        (text,) = sandbox.texts
    assert (text.account, text.sender, text.to) == ("u0000", "Borgholm", "+46701740605")


@pytest.mark.parametrize("sender", ["Borgholm", "abc", "a1234567890", "+46701740605"])
def test_a_sender_may_be(sender: str) -> None:
    assert settings(sender=sender).sender == sender


@pytest.mark.parametrize(
    "sender", ["", "ab", "1abc", "Mörbylånga", "Orust Info", "a12345678901", "0701740605", "abc\n"]
)
def test_a_sender_may_not_be(sender: str) -> None:
    with pytest.raises(ValidationError, match="a sender is a number such as"):
        settings(sender=sender)


@pytest.mark.parametrize(
    "changes", [{"username": "borgholm"}, {"username": "u:0"}, {"password": "in the clear"}, {"colour": "blue"}]
)
def test_settings_that_cannot_be_are_errors(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


async def test_the_provider_builds_a_channel_for_sms(http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        wiring = wired(http, lambda: NOW, public_url="https://kris.example.se")
        channel = PROVIDER.build(settings(sandbox.base_url("46elks")), wiring)
        assert isinstance(await channel.send(PARCEL), Accepted)
        (text,) = sandbox.texts
    assert text.callback == f"https://kris.example.se/webhooks/46elks/status/{receipt_secret(settings())}?d=42"
    assert (PROVIDER.name, PROVIDER.channel, PROVIDER.target) == ("46elks", SMS, None)


def listed(remote_id: str = "s1", **changes: object) -> dict[str, object]:
    """Make a message as 46elks lists it."""
    message: dict[str, object] = {
        "id": remote_id,
        "created": "2022-12-13T08:00:01.307000",
        "direction": "outgoing",
        "from": "Borgholm",
        "to": "+46701740605",
        "message": "Våra datasystem är avstängda.",
        "status": "created",
        "cost": 3500,
    }
    return message | changes


async def looked_up(http: aiohttp.ClientSession, *pages: Mapping[str, object]) -> tuple[Finding, list[Asked]]:
    """Let 46elks list these pages; return what is found of the parcel, and what was asked."""

    def answer(_: Asked) -> web.Response:
        ours = {"Date": format_datetime(datetime.now(UTC))}
        return web.json_response(pages[len(provider.asked) - 1], headers=ours)

    async with answering(answer) as provider:
        findings = await ElksSms(settings(provider.url), Wire(http)).find([Doubt(PARCEL, NOW)])
    return findings["42"], provider.asked


async def test_what_it_took_is_asked_for_by_the_number(http: aiohttp.ClientSession) -> None:
    finding, asked = await looked_up(http, {"data": [listed()]})
    assert finding == Matches(("s1",))
    (request,) = asked
    assert (request.method, request.path, request.form) == ("GET", "/a1/sms?limit=100&to=%2B46701740605", {})
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth("u0000", "secret")


async def test_the_next_page_starts_where_46elks_says(http: aiohttp.ClientSession) -> None:
    first = {"data": [listed("s2")], "next": "2022-12-13T08:00:01.307000"}
    finding, asked = await looked_up(http, first, {"data": [listed("s1")]})
    assert finding == Matches(("s1", "s2"))
    assert asked[1].path == "/a1/sms?limit=100&to=%2B46701740605&start=2022-12-13T08:00:01.307000"


@pytest.mark.parametrize("status", STATUSES)
async def test_whatever_became_of_a_message_it_was_taken(http: aiohttp.ClientSession, status: str) -> None:
    finding, _ = await looked_up(http, {"data": [listed(status=status)]})
    assert finding == Matches(("s1",))


async def test_what_a_resident_wrote_is_not_ours(http: aiohttp.ClientSession) -> None:
    finding, _ = await looked_up(http, {"data": [listed(direction="incoming")]})
    assert finding == Matches(())


async def test_a_message_whose_text_46elks_does_not_keep_may_be_ours(http: aiohttp.ClientSession) -> None:
    hidden = listed()
    del hidden["message"]
    finding, _ = await looked_up(http, {"data": [hidden]})
    assert finding == Matches(("s1",))


async def test_a_refusal_to_list_is_told_in_the_words_of_a_refusal_to_send(http: aiohttp.ClientSession) -> None:
    async with answering(
        lambda _: web.Response(status=401, text="API access requires Basic HTTP authentication")
    ) as provider:
        findings = await ElksSms(settings(provider.url), Wire(http)).find([Doubt(PARCEL, NOW)])
    reason = "46elks does not accept the credentials: check username and password (46elks: API access requires)"
    assert findings == {"42": Unclear(reason)}


async def test_receipts_name_the_account_in_secret_and_the_delivery(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response(TAKEN)) as provider:
        channel = ElksSms(settings(provider.url), Wire(http), public_url="https://kris.example.se")
        assert await channel.send(replace(PARCEL, key="a/b&c=d é")) == Accepted("s0")
    secret = receipt_secret(settings())
    (request,) = provider.asked
    assert request.form["whendelivered"] == (
        f"https://kris.example.se/webhooks/46elks/status/{secret}?d=a%2Fb%26c%3Dd%20%C3%A9"
    )


async def test_no_receipts_are_asked_for_where_46elks_cannot_reach_us(http: aiohttp.ClientSession) -> None:
    async with answering(lambda _: web.json_response(TAKEN)) as provider:
        assert await ElksSms(settings(provider.url), Wire(http)).send(PARCEL) == Accepted("s0")
    assert "whendelivered" not in provider.asked[0].form


def test_a_receipts_secret_is_its_accounts_own() -> None:
    # HMAC-SHA256 of "46elks receipts u0000" under the key "secret", made with OpenSSL.
    assert receipt_secret(settings()) == "112be617b826cbe8df65f7914039b82a"
    assert receipt_secret(settings(username="u0001")) != receipt_secret(settings())
    assert receipt_secret(settings(password=SecretStr("other"))) != receipt_secret(settings())


RECEIPTS = {
    "created": Receipt("42", "s1", Arrival.ACCEPTED),
    "sent": Receipt("42", "s1", Arrival.ACCEPTED),
    "delivered": Receipt("42", "s1", Arrival.DELIVERED),
    "failed": Receipt("42", "s1", Arrival.UNDELIVERED, "46elks does not say why"),
}


@pytest.mark.parametrize(("status", "receipt"), RECEIPTS.items())
def test_a_status_says_how_far_a_message_came_as_a_hint(status: str, receipt: Receipt) -> None:
    form = {"id": "s1", "status": status, "delivered": "2022-12-13T08:00:01Z", "new": "parameter"}
    assert read_receipt(form, {"d": "42"}) == replace(receipt, hint=True)
    assert read_receipt(form, {}) == replace(receipt, key=None, hint=True)


@pytest.mark.parametrize("form", [{}, {"id": "s1"}, {"status": "sent"}, {"id": "s1", "status": "?"}])
def test_what_tells_nothing_is_no_receipt(form: dict[str, str]) -> None:
    assert read_receipt(form, {"d": "42"}) is None


# Asked whether a hint is true.


async def confirmed(http: aiohttp.ClientSession, remote_id: str, answer: web.Response) -> tuple[object, list[Asked]]:
    """Let 46elks answer so when it is asked about a message; return what that confirms, and what was asked."""
    answer.headers.setdefault("Date", format_datetime(datetime.now(UTC)))
    async with answering(lambda _: answer) as provider:
        channel = ElksSms(settings(provider.url), Wire(http))
        assert isinstance(channel, Confirm)
        return await channel.confirm(PARCEL, remote_id), provider.asked


@pytest.mark.parametrize(("status", "receipt"), RECEIPTS.items())
async def test_a_hint_is_confirmed_by_the_messages_own_status(
    http: aiohttp.ClientSession, status: str, receipt: Receipt
) -> None:
    confirmation, asked = await confirmed(http, "s1", web.json_response(listed(status=status)))
    assert confirmation == receipt
    (request,) = asked
    assert (request.method, request.path) == ("GET", "/a1/sms/s1")
    assert request.headers["Authorization"] == aiohttp.encode_basic_auth("u0000", "secret")


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "+46701740606"},
        {"message": "Något annat."},
        {"created": "2022-12-13T07:59:30.307000"},
        {"direction": "incoming"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_another_message_of_the_account_confirms_nothing(
    http: aiohttp.ClientSession, changes: dict[str, object]
) -> None:
    confirmation, _ = await confirmed(http, "s1", web.json_response(listed("s1", **changes)))
    assert confirmation == Unfounded()


async def test_a_message_that_46elks_does_not_have_was_made_up(http: aiohttp.ClientSession) -> None:
    confirmation, _ = await confirmed(http, "s1", web.Response(status=404, text="Not found"))
    assert confirmation == Unfounded()


@pytest.mark.parametrize("name", ["", "../me", "s1/../../me", "s1?to=", "s1#", "s 1", "å", "s" * 65, "%2e%2e"])
async def test_what_can_be_no_name_of_a_message_is_not_asked_for(http: aiohttp.ClientSession, name: str) -> None:
    confirmation, asked = await confirmed(http, name, web.json_response(listed()))
    assert (confirmation, asked) == (Unfounded(), [])


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=401, text="Wrong password"),
        web.Response(status=429, text="Too many requests"),
        web.Response(status=500),
        web.Response(text="<html>"),
        web.json_response(listed(status="new")),
        web.json_response(listed("s2")),
    ],
    ids=["401", "429", "500", "web page", "status", "another"],
)
async def test_an_answer_that_says_nothing_leaves_it_unclear(http: aiohttp.ClientSession, answer: web.Response) -> None:
    confirmation, _ = await confirmed(http, "s1", answer)
    assert isinstance(confirmation, Unclear)
    assert confirmation.reason


@pytest.mark.parametrize(
    ("statuses", "arrival"), [(("sent",), Arrival.ACCEPTED), (("sent", "undelivered"), Arrival.UNDELIVERED)]
)
async def test_the_sandbox_confirms_what_it_reported(
    http: aiohttp.ClientSession, statuses: tuple[str, ...], arrival: Arrival
) -> None:
    async with Sandbox(receipts=Receipts(statuses)) as sandbox:
        channel = ElksSms(settings(sandbox.base_url("46elks")), Wire(http), public_url="http://127.0.0.1:1")
        parcel = replace(PARCEL, issued=datetime.now(UTC))
        sent = await channel.send(parcel)
        assert isinstance(sent, Accepted)
        await sandbox.wait_for(lambda sandbox: len(sandbox.reports) == len(statuses))
        confirmation = await channel.confirm(parcel, sent.remote_id)
        assert isinstance(confirmation, Receipt)
        assert (confirmation.key, confirmation.arrival, confirmation.hint) == ("42", arrival, False)
        assert await channel.confirm(replace(parcel, target="+46701740606"), sent.remote_id) == Unfounded()
        assert await channel.confirm(parcel, f"s{'0' * 32}") == Unfounded()


async def test_a_crowd_is_settled_though_all_that_was_sent_since_is_too_much_to_read(
    http: aiohttp.ClientSession,
) -> None:
    """More doubts than are asked for one by one, and since then more messages than a look-up reads pages of one."""
    since = datetime.now(UTC)
    crowd = [replace(PARCEL, key=f"{n}", target=f"+46070174{n:04}") for n in range(2 * FEW)]
    async with Sandbox() as sandbox:
        channel = ElksSms(settings(sandbox.base_url("46elks")), Wire(http), page_size=1)
        for parcel in crowd[::2]:
            await channel.send(parcel)
        for n in range(2 * MOST_PAGES):
            await channel.send(replace(PARCEL, target=f"+46070175{n:04}"))
        taken = {text.to: text.sid for text in sandbox.texts}
        sandbox.requests.clear()
        findings = await channel.find([Doubt(parcel, since) for parcel in crowd])
        requests = len(sandbox.requests)
    assert findings == {p.key: Matches((taken[p.target],) if p.target in taken else ()) for p in crowd}
    assert requests == TRIAL + len(crowd)
